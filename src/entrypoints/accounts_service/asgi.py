"""The whole service as an ASGI application, from its settings: for any ASGI server, or to be mounted.

    uvicorn --factory accounts_service.asgi:create_app

    service = create_app()
    app = FastAPI(lifespan=lambda _: service.lifespan())
    app.mount("/accounts", service)

`accounts serve` does more: it guards connections, masks secrets in its log, and replaces processes that die.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

from litestar.types import ASGIApp

from accounts_http.access_log import log_entry
from accounts_http.errors import NotRunning
from accounts_http.hardening import refusal
from accounts_http.mounting import Place
from accounts_service.application import build_app, delivering
from accounts_service.composition import open_service
from accounts_service.database import migrate_database
from accounts_service.defaults import LOCAL_URL
from accounts_service.errors import ServiceError
from accounts_service.payments import require_provider
from accounts_service.prefix import prefix_of
from accounts_service.settings import Settings
from accounts_system.worker import Worker, working

logger: Final = logging.getLogger("accounts_service")

SHUTDOWN_SECONDS: Final = 30
"""Time that the worker's jobs have to finish at the end."""

_NOT_RUN: Final = (
    "The lifespan of the accounts service is not running, so it has no database and no worker: every request is"
    " answered with 503. An application that is mounted in another one has its lifespan run by nobody. Let the outer"
    " application do it: FastAPI(lifespan=lambda _: service.lifespan()), the same for Starlette; with Litestar"
    " lifespan=[lambda _: service.lifespan()]."
)
_OTHER_PREFIX: Final = (
    "The accounts service is mounted at %s, and ACCOUNTS_PUBLIC_URL is %s: links in mails lead there. If clients reach"
    " it below %s, set ACCOUNTS_PUBLIC_URL to a URL that ends in it."
)


def create_app(settings: Settings | None = None, *, migrate: bool = True, worker: bool = True) -> "ServiceApp":
    """Return the service as an ASGI application.

    Args:
        settings: The settings; by default those of the environment and of `.env` in the working folder.
        migrate: Whether to bring the database up to date at the start. Processes that start together may each do so.
        worker: Whether to run a worker beside the requests. Without it, run `accounts worker`.

    Raises:
        ServiceError: The settings are wrong, choose no payment provider, or simulate payments without saying so.

    """
    settings = Settings.load(os.environ, Path()) if settings is None else settings
    require_provider(settings)
    if settings.is_simulated and settings.stripe_simulator is None:
        raise ServiceError(
            "Payments are simulated, and other machines may reach this application: if that is meant, set"
            " ACCOUNTS_STRIPE_SIMULATOR=true."
        )
    return ServiceApp(settings, migrate=migrate, worker=worker)


class ServiceApp:
    """The service as an ASGI application: see `create_app`."""

    def __init__(self, settings: Settings, *, migrate: bool, worker: bool) -> None:
        self._settings = settings
        self._migrates = migrate
        self._works = worker
        self._lifespans = 0
        self._app: ASGIApp | None = None
        self._has_told = self._has_compared = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._run_lifespan(receive, send)
        elif self._app is not None:
            self._compare(scope)
            await self._app(scope, receive, send)
        else:
            await self._refuse(scope, send)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Run the service during the block. To be entered by the lifespan of an application that mounts this one.

        It can be entered again afterwards; while one block is open, another one changes nothing.

        Raises:
            ServiceError: A part of the service cannot be opened.

        """
        if self._lifespans:
            yield
            return
        self._lifespans += 1
        try:
            async with self._running() as app:
                self._app = app
                yield
        finally:
            self._lifespans -= 1
            self._app = None

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[ASGIApp]:
        settings = self._settings
        if self._migrates:
            outcome = await asyncio.to_thread(migrate_database, settings)
            logger.info("%s", outcome)
        address = settings.public_url or LOCAL_URL
        async with open_service(settings, public_url=address) as service, AsyncExitStack() as stack:
            worker = Worker(service.accounts)
            app, inner = build_app(service, worker, address, log_entry)
            await stack.enter_async_context(inner.lifespan())
            await stack.enter_async_context(delivering(service, worker))
            if self._works:
                await stack.enter_async_context(working(worker, limit_seconds=lambda: SHUTDOWN_SECONDS))
            yield app

    async def _run_lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        is_started = False
        try:
            async with self.lifespan():
                await send({"type": "lifespan.startup.complete"})
                is_started = True
                await receive()
        except Exception as error:
            failed = "lifespan.shutdown.failed" if is_started else "lifespan.startup.failed"
            await send({"type": failed, "message": str(error)})
            raise
        await send({"type": "lifespan.shutdown.complete"})

    async def _refuse(self, scope: Any, send: Any) -> None:
        if not self._has_told:
            self._has_told = True
            logger.error(_NOT_RUN)
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1013})
            return
        status, headers, body = refusal(NotRunning())
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _compare(self, scope: Any) -> None:
        """Warn once if the application is mounted elsewhere than its public URL says."""
        if self._has_compared or scope["type"] != "http":
            return
        self._has_compared = True
        root, public = Place.of(scope).root, self._settings.public_url
        if root and not prefix_of(public).endswith(root):
            logger.warning(_OTHER_PREFIX, root, public or "not set", root)
