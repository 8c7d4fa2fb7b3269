"""Losing a race is nobody's fault: read again, decide again, a bounded number of times."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from accounts_core.errors import Conflict
from accounts_core.ports.store import Store, UnitOfWork

R = TypeVar("R")

ATTEMPTS: Final = 10


async def settle(store: Store[UnitOfWork], attempt: Callable[[], Awaitable[R]]) -> R:
    """Run `attempt`, a whole unit of work with the reads that it decides on, again while it raises `Conflict`.

    Inside a host's transaction there is one attempt: what was read there would only be read again the same.
    Raises `Conflict` when the last attempt does.
    """
    for _ in range(ATTEMPTS - 1 if store.commits else 0):
        try:
            return await attempt()
        except Conflict:
            continue
    return await attempt()
