"""Asynchronous engines on several event loops.

A connection of asyncpg belongs to the loop that opened it, and so does everything that waits for a pool. If an engine
is used on another loop because the first has ended, as after `asyncio.run` or with a loop for each test, it gets a new
pool. While the first loop is running, in another thread, both cannot share a pool, and the second is refused.
"""

import asyncio
from contextlib import suppress
from typing import Any, Final
from weakref import WeakKeyDictionary, ref

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import greenlet_spawn

from accounts_core.errors import ConfigurationError

_loops: Final[WeakKeyDictionary[sa.Pool, ref[asyncio.AbstractEventLoop]]] = WeakKeyDictionary()
"""The loop of each pool."""
_BOTH_WAYS: Final = 2
"""`socket.SHUT_RDWR`: the server and this process stop sending and receiving."""


async def use_on_this_loop(engine: AsyncEngine) -> None:
    """Make the engine work on the running loop.

    Raises:
        ConfigurationError: The engine is in use on another running loop.

    """
    loop, pool = asyncio.get_running_loop(), engine.pool
    noted = _loops.get(pool)
    if noted is None:
        _loops[pool] = ref(loop)
        return
    before = noted()
    if before is loop or not isinstance(pool, sa.AsyncAdaptedQueuePool):
        return  # the other pools keep no connection that was not in use on its loop
    if before is not None and before.is_running():
        raise ConfigurationError(
            f"{engine.sync_engine!r} is in use on the event loop {before!r}, and cannot be used on {loop!r} at the same"
            " time. Make an engine for each loop, or one with poolclass=sqlalchemy.NullPool."
        )
    engine.sync_engine.dispose(close=False)
    _loops[engine.pool] = ref(loop)
    if engine.dialect.driver == "asyncpg":
        _abandon(pool)
    else:
        await greenlet_spawn(pool.dispose)


def _abandon(pool: Any) -> None:
    """Shut the sockets of idle connections down. To close a connection, asyncpg needs its loop."""
    with suppress(Exception):  # private attributes; without them the sockets are closed by the garbage collector
        for record in list(pool._pool._queue._queue):  # noqa: SLF001  idle connections have no public name
            record.driver_connection._transport.get_extra_info("socket").shutdown(_BOTH_WAYS)  # noqa: SLF001
