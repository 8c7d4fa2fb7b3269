"""Direct hand-over of a connection from one read to the next.

Under load, each finished read returns its connection to the pool, and the read that has waited longest checks it out
again. Handing it over directly saves both steps. Reads hold at most all connections but one, so that units of work
get a connection however many reads are waiting.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Callable
from typing import Any, Final
from weakref import ref

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from accounts_core.errors import Unavailable
from accounts_core.forking import on_fork

from .checkouts import is_ready, keeps_connections, returns_at_once
from .event_loops import use_on_this_loop
from .shielding import shielded

_Turn = asyncio.Future[PoolProxiedConnection | None]
"""Future of a connection, or of None: permission to check one out of the pool."""

NO_BOUND: Final = sys.maxsize


class ReadQueue:
    """First-in, first-out queue of reads for an engine's connections. Begins anew on another event loop."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._most = _most_for_reads(engine.pool)
        self._begin()
        on_fork(self, in_child=ReadQueue._begin)

    def _begin(self) -> None:
        """Reset the state. After a fork, the checkouts and waiting reads belong to the parent process."""
        self._loop: Callable[[], asyncio.AbstractEventLoop | None] = _no_loop
        self._checked_out = 0
        self._waiting: deque[_Turn] = deque()

    async def check_out(self) -> PoolProxiedConnection:
        """Check a connection out; end with `check_in` or `lose`. Raises `Unavailable` if none is free in time."""
        loop = asyncio.get_running_loop()
        if self._loop() is not loop:
            await use_on_this_loop(self._engine)
            self._begin()
            self._loop = ref(loop)
        if self._checked_out < self._most:
            self._checked_out += 1
        else:
            handed_over = await self._turn()
            if handed_over is not None:
                return handed_over
        pool = self._engine.pool
        try:
            return pool.connect() if is_ready(pool) else await greenlet_spawn(pool.connect)
        except BaseException:
            self.lose()
            raise

    async def check_in(self, checkout: PoolProxiedConnection) -> None:
        """Hand a working connection to the next waiting read, or return it to the pool."""
        turn = self._next()
        if turn is not None:
            turn.set_result(checkout)
            return
        self._checked_out -= 1
        if returns_at_once(self._engine.pool):
            checkout.close()
        else:
            await shielded(greenlet_spawn(checkout.close))

    def lose(self) -> None:
        """Release the slot of a lost connection; the next waiting read checks another one out of the pool."""
        turn = self._next()
        if turn is not None:
            turn.set_result(None)
        else:
            self._checked_out -= 1

    def _next(self) -> _Turn | None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # it is done if the read was cancelled or timed out
                return turn
        return None

    async def _turn(self) -> PoolProxiedConnection | None:
        loop = asyncio.get_running_loop()
        turn: _Turn = loop.create_future()
        self._waiting.append(turn)
        pool: Any = self._engine.pool
        alarm = loop.call_later(pool.timeout(), _give_up, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                await self._pass_on(turn.result())  # cancelled after the connection was assigned
            raise
        finally:
            alarm.cancel()

    async def _pass_on(self, handed_over: PoolProxiedConnection | None) -> None:
        if handed_over is None:
            self.lose()
        else:
            await self.check_in(handed_over)


def _no_loop() -> None:
    return None


def _most_for_reads(pool: sa.Pool) -> int:
    """Return how many connections reads may hold at once; unbounded if every checkout has to go through the pool."""
    if not isinstance(pool, sa.AsyncAdaptedQueuePool) or pool.size() <= 0 or not keeps_connections(pool):
        return NO_BOUND
    return max(1, pool.size() - 1)


def _give_up(turn: _Turn) -> None:
    if not turn.done():
        turn.set_exception(Unavailable("Every connection to the database is in use."))
