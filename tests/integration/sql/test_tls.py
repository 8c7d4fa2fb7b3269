"""`sslmode=verify-full`: nothing is said to a server that nobody vouches for, or that does without TLS."""

import asyncio
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from queue import Queue
from typing import Final

import attrs
import pytest
import sqlalchemy as sa

from accounts_sql import create_async_engine, create_engine

SSL_REQUEST: Final = bytes.fromhex("0000000804d2162f")
PATIENCE_SECONDS: Final = 10


@attrs.define
class Server:
    """As much of PostgreSQL as is there before anybody signs in."""

    port: int
    said: "Queue[bytes]" = attrs.field(factory=Queue)
    """What came on each connection after the request for TLS."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `localhost`, with its key beside it."""
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    return folder / "certificate.pem"


Serve = Callable[[bool], Server]


@pytest.fixture
def serve(certificate: Path) -> Iterator[Serve]:
    """Start a server, with TLS or without."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.parent / "key.pem")
    listening: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(has_tls: bool) -> Server:
        listener = socket.create_server(("127.0.0.1", 0))
        server = Server(listener.getsockname()[1])
        listening.append(listener)

        def answer() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    connection.settimeout(PATIENCE_SECONDS)
                    with closing(connection):
                        server.said.put(_heard(connection, context if has_tls else None))

        threads.append(threading.Thread(target=answer, daemon=True))
        threads[-1].start()
        return server

    yield start
    for listener in listening:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)


def _heard(connection: socket.socket, context: ssl.SSLContext | None) -> bytes:
    try:
        first = connection.recv(1024)
        if first != SSL_REQUEST:
            return first
        connection.sendall(b"N" if context is None else b"S")
        if context is None:
            return connection.recv(1024)
        with context.wrap_socket(connection, server_side=True) as secured:
            return secured.recv(1024)
    except OSError:
        return b""


def connect(driver: str, host: str, port: int) -> BaseException:
    """Connect as the service does, and return what went wrong: there is nobody to sign in at."""
    url = sa.URL.create(driver, "jane", "secret", host, port, "accounts", {"sslmode": "verify-full"})

    async def asynchronously() -> None:
        engine = create_async_engine(url)
        try:
            async with engine.connect():
                pass
        finally:
            await engine.dispose()

    try:
        if driver == "postgresql+asyncpg":
            asyncio.run(asynchronously())
        else:
            with create_engine(url).connect():
                pass
    except Exception as error:  # noqa: BLE001  each driver has errors of its own
        return error
    raise AssertionError("Nobody was there to let anybody in.")


DRIVERS = pytest.mark.parametrize("driver", ["postgresql+psycopg", "postgresql+asyncpg"])


@DRIVERS
def test_one_that_is_vouched_for_is_spoken_to(
    serve: Serve, certificate: Path, monkeypatch: pytest.MonkeyPatch, driver: str
) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", str(certificate))
    server = serve(True)

    connect(driver, "localhost", server.port)

    assert b"jane" in server.said.get(timeout=PATIENCE_SECONDS)


@DRIVERS
@pytest.mark.parametrize("why", ["nobody vouches for it", "another name", "no TLS"])
def test_any_other_is_told_nothing(
    serve: Serve, certificate: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, driver: str, why: str
) -> None:
    """ASVS 5.0, 12.3.2: neither the user nor the password."""
    others = tmp_path / "others.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout /dev/null -out"
    subprocess.run([*command.split(), str(others)], check=True, capture_output=True)
    monkeypatch.setenv("PGSSLROOTCERT", str(others if why == "nobody vouches for it" else certificate))
    server = serve(why != "no TLS")

    error = connect(driver, "127.0.0.1" if why == "another name" else "localhost", server.port)

    assert server.said.get(timeout=PATIENCE_SECONDS) == b""
    assert server.said.empty()
    assert "secret" not in str(error)
