"""Redis for the tests: servers of our own, in a folder of their own, or the one that a setting names."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final, Self

import attrs
import pytest
import redis

from accounts_redis import RedisUrl

URL_SETTING: Final = "ACCOUNTS_TEST_REDIS_URL"
PATIENCE_SECONDS: Final = 30

WITHOUT: Final = f"there is no redis-server here, and {URL_SETTING} names none"
_PROGRAM: Final = shutil.which("redis-server") or shutil.which("valkey-server")

needs_a_server_of_its_own: Final = pytest.mark.skipif(
    _PROGRAM is None, reason="there is no redis-server here that a test could start, break or kill"
)


@attrs.define
class RedisServer:
    """A server that was started here."""

    folder: Path
    options: tuple[str, ...]
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def socket(self) -> Path:
        return self.folder / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> Self:
        """Start it, and wait until it answers."""
        assert _PROGRAM is not None
        said = (self.folder / "log").open("ab")
        usual = ("--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder), "--save", "")
        self.process = subprocess.Popen([_PROGRAM, *usual, *self.options], stdout=said, stderr=subprocess.STDOUT)
        said.close()
        deadline = monotonic() + PATIENCE_SECONDS
        while self.process.poll() is None and monotonic() < deadline:
            if self._answers():
                return self
            sleep(0.01)
        raise AssertionError(f"redis-server did not start: {(self.folder / 'log').read_text()}")

    @staticmethod
    def wait_until(holds: Callable[[], bool]) -> None:
        """Wait until something holds, which it will soon."""
        deadline = monotonic() + PATIENCE_SECONDS
        while not holds():
            assert monotonic() < deadline, "it does not come to hold"
            sleep(0.01)

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(PATIENCE_SECONDS)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(100).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False

    def send(self, sig: int) -> None:
        """Send it a signal: `SIGSTOP` leaves every call without an answer until `SIGCONT`."""
        assert self.process is not None
        self.process.send_signal(sig)

    def kill(self) -> None:
        """End it as a power cut does, and wait for that."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(PATIENCE_SECONDS)
            self.process = None


@contextmanager
def serving_redis(*options: str) -> Iterator[RedisServer]:
    """Start a server on a socket in a folder of its own; keep the path short, as the system wants it."""
    folder = Path(tempfile.mkdtemp(prefix="accounts-redis-"))
    server = RedisServer(folder, options)
    try:
        yield server.start()
    finally:
        server.kill()
        shutil.rmtree(folder)


@contextmanager
def serving_redis_on_a_port(*options: str) -> Iterator[tuple[RedisServer, int]]:
    """Start a server that also listens on a free port, for what does not work over a socket. `{port}` stands for it."""
    for _ in range(10):
        with socket.socket() as taken, socket.socket() as bus:
            taken.bind(("127.0.0.1", 0))
            bus.bind(("127.0.0.1", 0))
            port, other = taken.getsockname()[1], bus.getsockname()[1]
        filled = [option.format(port=port, other=other) for option in options]
        try:
            with serving_redis("--bind", "127.0.0.1", *filled) as server:
                yield server, port
                return
        except AssertionError as error:  # somebody took the port in between
            if "Address already in use" not in str(error):
                raise
    raise AssertionError("no port stayed free")


@contextmanager
def shared_redis() -> Iterator[RedisUrl]:
    """Give the server that `ACCOUNTS_TEST_REDIS_URL` names, else one of our own; where there is neither, skip."""
    if text := os.environ.get(URL_SETTING):
        yield RedisUrl.parse(text)
    elif _PROGRAM is None:
        pytest.skip(WITHOUT)
    else:
        with serving_redis() as server:
            yield RedisUrl.parse(server.url)


def remove(client: redis.Redis, prefix: str) -> None:
    """Remove what was kept under this prefix, and nothing of anybody else's."""
    for key in client.scan_iter(match=f"{{{prefix}:*"):
        client.delete(key)
