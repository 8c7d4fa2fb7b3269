"""What stands between the service and its Redis, and breaks the line at a moment that a test picks."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import AF_UNIX, socket

import attrs

from accounts_redis import RedisUrl

Answer = Callable[[bytes], bytes | None]
"""From what came in to what goes back; None ends the connection."""


@contextmanager
def answering(path: Path, answer: Answer) -> Iterator[RedisUrl]:
    """Serve on a socket at `path` in a way that need not be Redis's."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(ConnectionError):  # the client has given up
                while (received := self.request.recv(100_000)) and (said := answer(received)) is not None:
                    self.request.sendall(said)

    with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield RedisUrl.parse(f"unix://{path}")
        finally:
            server.shutdown()
            thread.join()


@attrs.define
class Line:
    """A line to a real server."""

    server: Path
    breaks_on: bytes | None = None
    """The first request with this in it is the last thing that passes: its answer is lost."""
    instead: Callable[[], None] | None = None
    """What happens in place of that request."""
    is_mended: bool = False
    """Whether it broke, and is whole again."""

    def __call__(self, received: bytes) -> bytes | None:
        breaks = self.breaks_on is not None and self.breaks_on in received and not self.is_mended
        self.is_mended = self.is_mended or breaks
        if breaks and self.instead is not None:
            self.instead()
            return None
        with socket(AF_UNIX) as server:
            server.connect(str(self.server))
            server.sendall(received)
            said = server.recv(100_000)
        return None if breaks else said
