"""Bytes to a server and back, as a client sends them that keeps no rule."""

import json
import socket
import time
from collections.abc import Iterable
from contextlib import closing
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

PATIENCE_SECONDS: Final = 30
NO_CHUNKS: Final = b"0\r\n\r\n"
"""What the server sends for the body of an answer that has none."""
Address = tuple[str, int]


@attrs.frozen
class Answer:
    """One answer on a connection."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@attrs.frozen
class Exchange:
    """All that came back on a connection, and whether the server ended it."""

    answers: list[Answer]
    was_closed: bool


def address_of(url: str) -> Address:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


def exchange(address: Address, *chunks: bytes, answers: int = 1) -> Exchange:
    """Send these bytes, and read until so many answers are there or the server has closed."""
    return stream(address, chunks, answers=answers)


def stream(address: Address, chunks: Iterable[bytes], *, answers: int = 1, pause_seconds: float = 0.0) -> Exchange:
    """Send chunk after chunk, no longer than the server listens, and read what it says."""
    found: list[Answer] = []
    received = b""
    was_closed = False
    with closing(socket.create_connection(address, timeout=PATIENCE_SECONDS)) as connection:
        try:
            for chunk in chunks:
                connection.sendall(chunk)
                time.sleep(pause_seconds)
        except OSError:
            was_closed = True  # there may be an answer all the same
        try:
            while len(found) < answers and (more := connection.recv(65_536)):
                received = _take(received + more, found)
            if len(found) < answers or found[-1].headers.get("connection") == "close":
                was_closed = True
                assert connection.recv(65_536) == b"", "something came after the last answer"
        except ConnectionError:
            was_closed = True
    assert received == b"" or was_closed
    return Exchange(found, was_closed)


def _take(received: bytes, found: list[Answer]) -> bytes:
    """Add the answers that are there as a whole, and return the rest."""
    while True:
        head, end, rest = received.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        is_chunked = headers.get("transfer-encoding") == "chunked"
        length = len(NO_CHUNKS) if is_chunked else int(headers.get("content-length", 0))
        if not end or len(rest) < length:
            return received
        assert not is_chunked or rest.startswith(NO_CHUNKS)
        found.append(Answer(int(status.split()[1]), headers, b"" if is_chunked else rest[:length]))
        received = rest[length:]
