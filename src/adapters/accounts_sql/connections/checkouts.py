"""Direct checkouts from SQLAlchemy's pool, for the reads that bypass its execution.

`is_ready` and `discard` use private attributes of SQLAlchemy, so its version is bounded and a test covers both. If such
an attribute is missing, the pool counts as not ready and the slower public path is taken.
"""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.pool import PoolProxiedConnection

from accounts_core.errors import Unavailable
from accounts_sql.versions import release

_VERSION: Final = release(sa.__version__)
_AWAITS_IDLE: Final = _VERSION < (2, 0, 55) or (2, 1) <= _VERSION < (2, 1, 5)
"""Whether a pool that may open no more connections awaits the next one even if it is idle."""


class BrokenCheckout(Unavailable):
    """The checked-out connection was lost and has been invalidated. A read may be retried once."""

    def __init__(self) -> None:
        super().__init__("The connection to the database was lost.")


def is_ready(pool: sa.Pool) -> bool:
    """Return whether a checkout from an asynchronous pool needs no I/O, and therefore no greenlet.

    This requires that the next connection is open and not due for replacement, that there is no pre-ping, and that
    there is no checkout listener, because a listener might await.
    """
    if not isinstance(pool, sa.AsyncAdaptedQueuePool) or pool.checkedin() == 0:
        return False
    inside: Any = pool
    try:
        waiting = inside._pool._queue._queue  # noqa: SLF001  the next connection has no public name
        record = waiting[-1 if inside._pool.use_lifo else 0]  # noqa: SLF001
        if _AWAITS_IDLE and inside._overflow >= inside._max_overflow > -1:  # noqa: SLF001
            return False
        return not (
            inside._pre_ping  # noqa: SLF001
            or inside._recycle > -1  # noqa: SLF001
            or inside.dispatch.checkout
            or record._is_hard_or_soft_invalidated()  # noqa: SLF001
        )
    except AttributeError:
        return False


def keeps_connections(pool: sa.Pool) -> bool:
    """Return whether a connection may pass from one checkout to the next without going through the pool.

    It may not if the pool pings or recycles connections, or has listeners for checkout, checkin or reset.
    """
    inside: Any = pool
    try:
        listeners = inside.dispatch.checkout or inside.dispatch.checkin or inside.dispatch.reset
        return not (inside._pre_ping or inside._recycle > -1 or listeners)  # noqa: SLF001  see above
    except AttributeError:
        return False


def returns_at_once(pool: sa.Pool) -> bool:
    """Return whether a connection outside a transaction can be checked in to an asynchronous pool without I/O.

    A connection beyond the pool's size is closed instead, which has to be awaited.
    """
    if not isinstance(pool, sa.AsyncAdaptedQueuePool) or pool.overflow() > 0:
        return False
    return not (pool.dispatch.reset or pool.dispatch.checkin)


def discard(pool: sa.Pool, checkout: PoolProxiedConnection, error: BaseException) -> None:
    """Invalidate a broken connection, and every pooled connection that is as old.

    SQLAlchemy's own execution does the same: a server that stopped has broken all of them.
    """
    pool._invalidate(checkout, error)  # noqa: SLF001  see above


def refresh(pool: sa.Pool, checkout: PoolProxiedConnection) -> None:
    """Replace every pooled connection that is as old as this one before it is used again, and this one afterwards."""
    pool._invalidate(checkout, None, _checkin=False)  # noqa: SLF001  see above
