"""A load generator that stays out of the way: raw protocols on uvloop, every request built beforehand.

Each connection sends one request, waits for its answer and sends the next. Only 200 counts: anything else
ends the run, since a fast error is not a fast answer.
"""

import argparse
import asyncio
import gc
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import uvloop

HOST = "127.0.0.1"
CONNECTIONS = 32


@dataclass(frozen=True)
class Measured:
    """What one round saw."""

    answers: int
    seconds: float
    latencies: Sequence[float] = field(repr=False)

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds

    def percentile_ms(self, percent: float) -> float:
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


class Connection(asyncio.Protocol):
    """One keep-alive connection, one request under way at a time."""

    def __init__(self, next_request: Callable[[], bytes | None], done: asyncio.Future[None]) -> None:
        self._next, self.done = next_request, done
        self._buffer, self._missing, self._sent = b"", -1, 0.0
        self.latencies: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def _send(self) -> None:
        request = self._next()
        if request is None:
            self._transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            data = self._buffer + data
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = data
                return
            if data[9:12] != b"200":
                self._fail(f"not a 200: {data[:600]!r}")
                return
            head = data[:end].lower()
            at = head.find(b"\r\ncontent-length:")
            if at < 0:
                self._fail(f"no content-length: {head!r}")
                return
            length = int(head[at + 17 :].partition(b"\r\n")[0])
            self._buffer = b""
            self._missing = end + 4 + length - len(data)
        else:
            self._missing -= len(data)
        if self._missing == 0:
            self._missing = -1
            self.latencies.append(time.perf_counter() - self._sent)
            self._send()
        elif self._missing < 0:
            self._fail("more bytes than announced")

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the server closed the connection: {exc}")

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(why))
        self._transport.close()


def get(path: str, token: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _measure(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Measured:
    loop = asyncio.get_running_loop()
    endless = itertools.cycle(requests)
    start = time.perf_counter()
    until = start + seconds

    def next_request() -> bytes | None:
        return next(endless) if time.perf_counter() < until else None

    opened = [
        await loop.create_connection(lambda: Connection(next_request, loop.create_future()), HOST, port)
        for _ in range(connections)
    ]
    protocols = [protocol for _, protocol in opened]
    await asyncio.wait_for(asyncio.gather(*(p.done for p in protocols)), seconds + 30)
    took = time.perf_counter() - start
    latencies = [one for protocol in protocols for one in protocol.latencies]
    return Measured(answers=len(latencies), seconds=took, latencies=latencies)


def measure(port: int, requests: Sequence[bytes], *, seconds: float, connections: int = CONNECTIONS) -> Measured:
    """Load one server for so long; requests are dealt round-robin to whichever connection is free."""
    gc.collect()
    gc.disable()
    try:
        return uvloop.run(_measure(port, requests, connections, seconds))
    finally:
        gc.enable()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Load GET /api/users/current of a server that is running.")
    parser.add_argument("port", type=int)
    parser.add_argument("tokens", type=Path, help="a file with one token a line")
    parser.add_argument("--seconds", type=float, default=5)
    given = parser.parse_args()
    prepared = [get("/api/users/current", token) for token in given.tokens.read_text().split()]
    seen = measure(given.port, prepared, seconds=given.seconds)
    print(f"{seen.per_second:.0f}/s p50 {seen.percentile_ms(50):.2f} ms p99 {seen.percentile_ms(99):.2f} ms")
