"""Retry after an optimistic-lock conflict."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from accounts_core.errors import ConfigurationError, Conflict, StillReferenced
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.idempotency import Attempts, SingleUnitStore

R = TypeVar("R")

ATTEMPTS: Final = 10
"""Maximum number of attempts of a unit of work."""


async def retry_on_conflict(store: Store[UnitOfWork], attempt: Callable[[], Awaitable[R]]) -> R:
    """Run `attempt` again while it raises `Conflict`, 10 times at most.

    Args:
        store: Where `attempt` works. Inside the application's transaction there is one attempt: a second one would read
            the same again.
        attempt: A whole unit of work, with the reads that it decides on.

    Returns:
        What `attempt` returns.

    Raises:
        Conflict: The last attempt raised it.
        ConfigurationError: Two attempts in a row raised `StillReferenced`, so that no concurrent transaction is the
            reason. In the application's transaction it is raised at once.

    """
    attempts = Attempts()
    for _ in range(ATTEMPTS - 1 if store.commits else 0):
        try:
            return await attempt()
        except Conflict as error:
            attempts.failed(error)
    try:
        return await attempt()
    except StillReferenced as error:
        if isinstance(store, SingleUnitStore):
            raise  # the unit of work is retried as a whole
        raise ConfigurationError(str(error)) from error
