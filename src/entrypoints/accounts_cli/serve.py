"""`accounts serve`: one process that listens, until it is told to stop."""

import asyncio
import ipaddress
import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Final

import uvicorn

from accounts_cli.composition import Service, open_service
from accounts_cli.database import migrate_database
from accounts_cli.failures import CommandFailed
from accounts_cli.settings import Settings
from accounts_cli.terminal import say
from accounts_litestar import HttpOptions, create_app

SHUTDOWN_SECONDS: Final = 30
"""How long requests that are under way may take once the service was told to stop."""

_OURS: Final = ("accounts_cli", "accounts_core", "accounts_litestar", "accounts_smtp", "accounts_sql")


def serve(settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Create and migrate the database, listen, and return when SIGTERM or SIGINT says so.

    Raises `CommandFailed` when it cannot start.
    """
    if workers > 1:
        raise CommandFailed(
            f"--workers {workers}: pretended payments live in the memory of one process, so it has to be 1."
        )
    _log_to_stderr()
    sockets = _bind(host, port)
    try:
        _refuse_to_pretend_in_public(settings, sockets)
        migrate_database(settings)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(settings, sockets))
    finally:
        for listener in sockets:
            listener.close()


async def _serve(settings: Settings, sockets: Sequence[socket.socket]) -> None:
    address = _url(sockets[0])
    async with open_service(settings, public_url=settings.public_url or address) as service:
        app = create_app(service.accounts, options=HttpOptions(cors_origins=settings.cors_origins))
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        await _Server(config, lambda: _announce(service, address)).serve(list(sockets))
    say("Stopped.")


class _Server(uvicorn.Server):
    """uvicorn, which says when it listens, and for which being told to stop is no failure."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  as uvicorn calls it
        """Stop; at the second SIGINT, at once. uvicorn's own way ends the process as if the signal had killed it."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def _announce(service: Service, address: str) -> None:
    say(f"Listening on {address} (reference and try-out: {address}/schema)")
    for line in service.describe():
        say(line)


def _bind(host: str, port: int) -> list[socket.socket]:
    """Take the port on every address of `host`, before anything else is done."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise CommandFailed(f"--host {host}: there is no such address on this machine.") from error
    # any free port is another one on every address
    addresses = list(dict.fromkeys((family, address) for family, _, _, _, address in found))[: 1 if port == 0 else None]
    sockets: list[socket.socket] = []
    try:
        for family, address in addresses:
            listener = socket.socket(family, socket.SOCK_STREAM)
            sockets.append(listener)
            if os.name == "posix":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind(address)
            # without this a second service could take the port as well, until the first one listens
            listener.listen()
    except OSError as error:
        for listener in sockets:
            listener.close()
        raise CommandFailed(f"Cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}.") from error
    return sockets


def _refuse_to_pretend_in_public(settings: Settings, sockets: Sequence[socket.socket]) -> None:
    names = [listener.getsockname()[0].partition("%")[0] for listener in sockets]
    if settings.stripe_simulator is None and not all(ipaddress.ip_address(name).is_loopback for name in names):
        raise CommandFailed(
            "Payments are pretended, and other machines could reach this address: if that is meant, set"
            " ACCOUNTS_STRIPE_SIMULATOR=true."
        )


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host.partition("%")[0]).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ModuleNotFoundError:  # there is none for Windows
        return None
    return uvloop.new_event_loop


def _log_to_stderr() -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.INFO)
