"""Run one process of the service: the HTTP server and a worker."""

import asyncio
import signal
import socket
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Final

import uvicorn
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from accounts_core.errors import Unavailable
from accounts_http.hardening import refusal
from accounts_litestar import RequestEntry
from accounts_service.application import build_app, delivering
from accounts_service.composition import open_service
from accounts_service.http_guard import GuardedProtocol
from accounts_service.listening import format_url
from accounts_service.logs import log_to_stderr
from accounts_service.settings import Settings
from accounts_system.worker import Worker, working

CANCEL_SECONDS: Final = 5
"""Time that cancelled requests have to end."""
SHUTDOWN_SECONDS: Final = 30
"""Time that running requests and jobs have to finish after the signal to stop."""


def run_server(settings: Settings, sockets: Sequence[socket.socket], announce: Callable[[], None]) -> None:
    """Serve on these sockets until SIGTERM or SIGINT.

    Args:
        settings: The settings of the service.
        sockets: Listening sockets.
        announce: Called once requests are accepted.

    Raises:
        ServiceError: A part of the service cannot be opened.

    """
    log_request = log_to_stderr(settings.secrets())
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, sockets, announce, log_request))


async def _serve(
    settings: Settings,
    sockets: Sequence[socket.socket],
    announce: Callable[[], None],
    log_request: Callable[[RequestEntry], None],
) -> None:
    address = settings.public_url or format_url(sockets[0])
    async with open_service(settings, public_url=address) as service:
        worker = Worker(service.accounts)
        app, _ = build_app(service, worker, address, log_request)
        config = uvicorn.Config(
            _answering_cancelled(app),
            http=GuardedProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # accounts_litestar reads them
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        server = _Server(config, announce, worker)
        async with delivering(service, worker), working(worker, limit_seconds=lambda: server.patience_seconds):
            await server.serve(list(sockets))


def _answering_cancelled(app: ASGIApp) -> ASGIApp:
    """Answer a request that is cancelled at shutdown with 503, unless its answer has begun."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def record_and_send(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            task = asyncio.current_task()
            if str(message["type"]) == "lifespan.shutdown.failed" and task is not None and task.cancelling():
                return  # it was cancelled, which is no failure
            await send(message)

        try:
            await app(scope, receive, record_and_send)
        except asyncio.CancelledError:
            # the lifespan is cancelled, too, when the loop ends before it was shut down
            if scope["type"] == ScopeType.HTTP and not has_begun:
                status, headers, body = refusal(Unavailable("The service is being stopped."))
                await send({"type": "http.response.start", "status": status, "headers": headers})
                await send({"type": "http.response.body", "body": body, "more_body": False})

    return answering


class _Server(uvicorn.Server):
    """A uvicorn server that announces when it listens, stops the worker, and treats a signal as a normal end."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None], worker: Worker) -> None:
        super().__init__(config)
        self._announce = announce
        self._worker = worker

    @property
    def patience_seconds(self) -> float:
        return 0 if self.force_exit else SHUTDOWN_SECONDS

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._worker.stop()  # its last jobs finish while the last requests do
        await super().shutdown(sockets)
        # requests that are still running must not use parts that are being closed
        if tasks := {task for task in self.server_state.tasks if not task.done()}:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=CANCEL_SECONDS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  as uvicorn calls it
        """Stop; at the second SIGINT, at once. uvicorn itself would end the process as if the signal had killed it."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ModuleNotFoundError:  # uvloop does not support Windows
        return None
    return uvloop.new_event_loop
