"""Record that a session is in use, so that it does not end for inactivity (ASVS 5.0, 7.3.1)."""

import attrs

from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork


@attrs.frozen
class TouchSession:
    """Record the last use of a session."""

    _store: Store[UnitOfWork]
    _clock: Clock

    async def __call__(self, session_id: str) -> None:
        """Record that a session is in use now; nothing happens when it has ended.

        `authenticate` does so itself, unless it is called with `touch=False`. A session without use for longer than
        `SessionPolicy.idle` ends.

        Args:
            session_id: The id of the session.

        Raises:
            Unavailable: The database is away.

        """
        async with self._store.begin() as work:
            await work.sessions.touch(session_id, at=self._clock.now())
