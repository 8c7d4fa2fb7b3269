"""Connections whose client does not take its answer: each is ended after a time, so that what it holds is free again.

A server's `write` never refuses, and uvicorn waits without an end for a client to read. How much waits is bounded for
each connection by its flow control; this bounds for how long.
"""

import asyncio
import socket
import struct
import sys
from asyncio.events import TimerHandle
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

MIN_BYTES: Final = 4 * 1024
"""At least so many bytes have to go through in each interval in which some are waiting.

With an interval of 30 seconds that is 137 bytes a second: a tenth of what the slowest mobile network carries.
"""

_RESET: Final = struct.pack("ii", 1, 0)
"""`struct linger`: close at once with RST, so that the kernel too lets go of what nobody reads."""


class CountedTransport(asyncio.Transport):
    """A connection's transport that counts what is written to it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self.written = 0
        # as they are, without a step in between
        self.close = transport.close  # type: ignore[method-assign]
        self.abort = transport.abort  # type: ignore[method-assign]
        self.is_closing = transport.is_closing  # type: ignore[method-assign]
        self.pause_reading = transport.pause_reading  # type: ignore[method-assign]
        self.resume_reading = transport.resume_reading  # type: ignore[method-assign]
        self.get_extra_info = transport.get_extra_info  # type: ignore[method-assign]
        self.get_write_buffer_size = transport.get_write_buffer_size  # type: ignore[method-assign]

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Count, and hand on."""
        self.written += len(data)
        self._transport.write(data)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Write one after another."""
        for data in list_of_data:
            self.write(data)

    @property
    def received(self) -> int:
        """How much of what was written has reached the client: where the system tells, what the client acknowledged."""
        return self.written - self.get_write_buffer_size() - _unacknowledged(self.get_extra_info("socket"))

    def reset(self) -> None:
        """End the connection and drop what is still to be sent, in the kernel too."""
        connection = self.get_extra_info("socket")
        if connection is not None and connection.family != getattr(socket, "AF_UNIX", None):
            with suppress(OSError):  # it ends without RST, too
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.abort()


class ReaderWatch:
    """Looks at a connection once in an interval, and ends it when its client has stopped reading.

    Stopped means: of what was waiting at the last look, in this process, some is still not received, and less than
    `MIN_BYTES` were received in between. What a client reads slowly counts, and so does every byte of an answer.
    """

    def __init__(
        self,
        transport: CountedTransport,
        interval_seconds: float,
        on_stalled: Callable[[], None],
        *,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._transport = transport
        self._interval_seconds = interval_seconds
        self._on_stalled = on_stalled
        self._loop = loop
        self._timer: TimerHandle | None = None
        self._waiting_since: tuple[int, int] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._timer = self._loop.call_later(self._interval_seconds, self._look)

    def stop(self) -> None:
        """Look no more: the connection is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        transport = self._transport
        before, self._waiting_since = self._waiting_since, None
        if transport.get_write_buffer_size():
            received = transport.received
            if before is not None:
                written_then, received_then = before
                if received < written_then and received - received_then < MIN_BYTES:
                    self._timer = None
                    self._on_stalled()
                    return
            self._waiting_since = transport.written, received
        self.start()


def _unacknowledged(connection: Any) -> int:
    """Return how many bytes the kernel holds that the client has not acknowledged; 0 where it does not tell."""
    if sys.platform != "linux" or connection is None:
        return 0
    import fcntl
    import termios

    size = bytearray(4)
    try:
        fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, size)  # on a socket this is SIOCOUTQ
    except OSError:
        return 0
    return int(struct.unpack("i", size)[0])
