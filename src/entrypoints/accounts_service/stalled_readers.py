"""Disconnect clients that do not read their answers, so that the memory and connections they hold are released.

`Transport.write` never refuses, and uvicorn waits for a client without a time limit. Flow control bounds how many bytes
wait for each connection; this module bounds how long they wait.
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
"""Bytes that a client has to receive in each interval in which some are waiting.

With an interval of 30 seconds that is 137 bytes a second: a tenth of what the slowest mobile network carries.
"""

_RESET: Final = struct.pack("ii", 1, 0)
"""`struct linger`: close at once with RST, so that the kernel drops its send buffer, too."""


class CountedTransport(asyncio.Transport):
    """A transport that counts the bytes that are written to it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self.written = 0
        # bound directly, without the cost of another call
        self.close = transport.close  # type: ignore[method-assign]
        self.abort = transport.abort  # type: ignore[method-assign]
        self.is_closing = transport.is_closing  # type: ignore[method-assign]
        self.pause_reading = transport.pause_reading  # type: ignore[method-assign]
        self.resume_reading = transport.resume_reading  # type: ignore[method-assign]
        self.get_extra_info = transport.get_extra_info  # type: ignore[method-assign]
        self.get_write_buffer_size = transport.get_write_buffer_size  # type: ignore[method-assign]

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write `data` and count it."""
        self.written += len(data)
        self._transport.write(data)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Write each item and count it."""
        for data in list_of_data:
            self.write(data)

    @property
    def received(self) -> int:
        """Bytes that the client has acknowledged; on systems other than Linux, that have left this process."""
        return self.written - self.get_write_buffer_size() - _unacknowledged(self.get_extra_info("socket"))

    def reset(self) -> None:
        """Close the connection and drop the bytes that are still to be sent, also those in the kernel."""
        connection = self.get_extra_info("socket")
        if connection is not None and connection.family != getattr(socket, "AF_UNIX", None):
            with suppress(OSError):  # without RST it is closed as well
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.abort()


class ReaderWatch:
    """Checks a connection at an interval, and reports when its client has stopped reading.

    A client has stopped when some of the bytes that waited in this process at the last check are still not received,
    and fewer than `MIN_BYTES` were received since then.
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
        """Start checking."""
        self._timer = self._loop.call_later(self._interval_seconds, self._check)

    def stop(self) -> None:
        """Stop checking."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check(self) -> None:
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
    """Return how many sent bytes the client has not acknowledged; 0 on systems other than Linux."""
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
