"""Optional ports: what an adapter does when an application starts, and when it stops.

An adapter without these methods has nothing to do then.
"""

from collections.abc import Awaitable
from typing import Protocol, runtime_checkable


@runtime_checkable
class Migrates(Protocol):
    """A store with a schema."""

    async def migrate(self) -> None:
        """Bring the schema up to date. Processes may call this at the same time.

        A store that takes part in the application's transaction migrates within it, and commits nothing.

        Raises:
            ConfigurationError: The schema cannot be brought up to date; the message says why.
            Unavailable: The database is away, or another process was migrating for too long.

        """
        ...


@runtime_checkable
class Closes(Protocol):
    """An adapter that keeps something open, such as connections or threads."""

    def close(self) -> Awaitable[None] | None:
        """Close what is open, and return an awaitable if that needs an event loop.

        The adapter opens it again when it is next used. Closing it twice changes nothing. Data that exists only while
        something is open, as in a database in memory, is kept.
        """
        ...
