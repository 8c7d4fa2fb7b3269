"""Connections borrowed from SQLAlchemy's pool by hand, for the reads that do not go through its execution.

`is_ready` and `discard` look at what SQLAlchemy keeps to itself, which is why its version is bounded and why a test
watches both. Nothing breaks when a name is gone: a pool that cannot be looked into is never ready.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import PoolProxiedConnection

from accounts_core.errors import Unavailable


class BrokenCheckout(Unavailable):
    """The borrowed connection was lost; the pool knows. A read may try once more."""

    def __init__(self) -> None:
        super().__init__("The connection to the database was lost.")


def is_ready(pool: sa.Pool) -> bool:
    """Say whether an asynchronous pool can lend without any I/O, and so without a greenlet.

    It can when the connection next in line is open and not to be replaced, nothing pings it first, and nobody
    listens: a listener might await something.
    """
    if not isinstance(pool, sa.AsyncAdaptedQueuePool) or pool.checkedin() == 0:
        return False
    inside: Any = pool
    try:
        waiting = inside._pool._queue._queue  # noqa: SLF001  no public name says what is next in line
        record = waiting[-1 if inside._pool.use_lifo else 0]  # noqa: SLF001
        return not (
            inside._pre_ping  # noqa: SLF001
            or inside._recycle > -1  # noqa: SLF001
            or inside.dispatch.checkout
            or record._is_hard_or_soft_invalidated()  # noqa: SLF001
        )
    except AttributeError:
        return False


def keeps_connections(pool: sa.Pool) -> bool:
    """Say whether a connection may go from one borrower to the next without the pool looking at it.

    Not where the pool is to ping or to replace connections, nor where somebody listens to their coming and going.
    """
    inside: Any = pool
    try:
        heard = inside.dispatch.checkout or inside.dispatch.checkin or inside.dispatch.reset
        return not (inside._pre_ping or inside._recycle > -1 or heard)  # noqa: SLF001  see above
    except AttributeError:
        return False


def returns_at_once(pool: sa.Pool) -> bool:
    """Say whether a connection on which nothing was begun goes back to an asynchronous pool without any I/O.

    One beyond the pool's size is closed instead, and that has to be awaited.
    """
    if not isinstance(pool, sa.AsyncAdaptedQueuePool) or pool.overflow() > 0:
        return False
    return not (pool.dispatch.reset or pool.dispatch.checkin)


def discard(pool: sa.Pool, lease: PoolProxiedConnection, error: BaseException) -> None:
    """Throw a broken connection away, and have every one that is as old replaced before it is lent again.

    This is what SQLAlchemy's own execution does: a server that went away took them all along.
    """
    pool._invalidate(lease, error)  # noqa: SLF001  see above
