"""Starting and stopping the accounts with the application that serves them, in its lifespan.

    hosting = Hosting(accounts, migrate=True, worker=True)

    async with hosting.running():
        ...  # serve

For integrations on asyncio. Each integration enters `running()` in the lifespan of its framework.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from accounts_core import Accounts
from accounts_core.errors import ConfigurationError
from accounts_http.errors import NotRunning
from accounts_system.worker import Worker, working

logger: Final = logging.getLogger("accounts_http")

SHUTDOWN_SECONDS: Final = 20.0
"""Time that verifications and jobs have to finish when the application stops."""

_FIX: Final = (
    "An application that is mounted in another one has its lifespan run by nobody; the outer application has to do"
    " it. FastAPI and Starlette: pass lifespan=... to the outer application, an @asynccontextmanager that takes the"
    " application and yields within `async with LIFESPAN:`. Litestar: lifespan=[lambda _: LIFESPAN]. In a test,"
    " use the framework's TestClient as a context manager. LIFESPAN is `auth.lifespan(app)` with accounts_fastapi,"
    " `app.lifespan()` with a Litestar application, and otherwise `hosting.running()`."
)
_NOT_RUN: Final = (
    "The lifespan of the accounts is not running, so %s. Every request is answered with 503 until it runs. %s"
)
_NOT_CLOSED: Final = (
    "The lifespan of the accounts is not running, so nothing is closed when the application stops, and card"
    " verifications are interrupted. %s"
)
_WAITING_MAILS: Final = (
    "A worker runs beside requests, and each call sends its mails itself before it returns. Give the accounts"
    " mail_dispatch=MailDispatch.WORKER, so that no request waits for the mail server."
)

Drain = Callable[[float], Awaitable[None]]


class Hosting:
    """Migration, worker and end of accounts in an application.

    Args:
        accounts: The accounts.
        migrate: Whether to bring the database up to date at the start. Processes that start together may each do so.
        worker: Whether to run a worker beside the requests, or a worker of your own, such as one with other limits.
        drain: Waits for work that requests have left, for at most the given seconds.
        closes: Whether to close at the end what the accounts keep open. Not for a host that goes on using it, as with a
            worker in a lifespan of its own.
        shutdown_seconds: The time that this work and the worker's jobs have to finish at the end.

    """

    def __init__(
        self,
        accounts: Accounts[Any],
        *,
        migrate: bool = False,
        worker: bool | Worker = False,
        drain: Drain | None = None,
        closes: bool = True,
        shutdown_seconds: float = SHUTDOWN_SECONDS,
    ) -> None:
        self._accounts = accounts
        self._migrates = migrate
        self._worker = worker if isinstance(worker, Worker) else Worker(accounts) if worker else None
        self._drain = drain
        self._closes = closes
        self._shutdown_seconds = shutdown_seconds
        self._deadline = 0.0
        self._has_told = False
        self._begin()

    def _begin(self) -> None:
        self._lifespans = 0
        self._changing = asyncio.Lock()
        self._parts: AsyncExitStack | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_running(self) -> bool:
        """Whether a lifespan is running."""
        return self._parts is not None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start at the beginning of the block, and stop at its end; then the accounts can be started again.

        At the end the worker claims no more jobs, requests' verifications and the worker's jobs finish, and the
        adapters are closed. Where several blocks are open at once, as when a host enters the lifespan twice, the first
        one starts and the last one to end stops.

        Raises:
            ConfigurationError: The database cannot be migrated, or a block is open on another event loop.
            Unavailable: The database is away.

        """
        await self._enter()
        try:
            yield
        finally:
            await self._leave()

    def wake(self) -> None:
        """Have the worker look for due jobs now, if there is one."""
        if self._worker is not None:
            self._worker.wake()

    def require_running(self) -> None:
        """Check that a lifespan is running. To be called for each request.

        Where none is, the log says so once, with the cause and what to do.

        Raises:
            NotRunning: None is running, and a migration or a worker was asked for.

        """
        if self._parts is not None:
            return
        missing = [
            text
            for text, is_missing in (
                ("the database is not migrated", self._migrates),
                ("no worker runs", self._worker is not None),
            )
            if is_missing
        ]
        if not self._has_told:
            self._has_told = True
            if missing:
                logger.error(_NOT_RUN, " and ".join(missing), _FIX)
            else:
                logger.warning(_NOT_CLOSED, _FIX)
        if missing:
            raise NotRunning

    async def _enter(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is not None and self._loop is not loop:
            if not self._loop.is_closed():
                raise ConfigurationError(
                    "These accounts are running on another event loop. Give each loop accounts of its own."
                )
            self._begin()  # that loop ended in the middle
        self._loop = loop
        self._lifespans += 1
        try:
            async with self._changing:
                if self._parts is None:
                    self._parts = await self._start()
        except BaseException:
            self._lifespans -= 1
            if not self._lifespans:
                self._begin()
            raise

    async def _leave(self) -> None:
        self._lifespans -= 1
        async with self._changing:
            if self._lifespans or self._parts is None:
                return
            try:
                await self._parts.aclose()
            finally:
                self._parts = None
        if not self._lifespans:
            self._begin()

    async def _start(self) -> AsyncExitStack:
        async with AsyncExitStack() as stack:
            if self._closes:
                stack.push_async_callback(self._accounts.close)
            if self._migrates:
                await self._accounts.migrate()
            if self._worker is not None:
                if self._accounts.sends_mails_itself:
                    logger.warning(_WAITING_MAILS)
                await stack.enter_async_context(working(self._worker, limit_seconds=self._seconds_left))
            stack.push_async_callback(self._finish_requests)
            return stack.pop_all()

    async def _finish_requests(self) -> None:
        self._deadline = asyncio.get_running_loop().time() + self._shutdown_seconds
        if self._worker is not None:
            self._worker.stop()  # its jobs finish meanwhile
        if self._drain is not None:
            await self._drain(self._shutdown_seconds)

    def _seconds_left(self) -> float:
        return max(0.0, self._deadline - asyncio.get_running_loop().time())
