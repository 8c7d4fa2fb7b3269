"""Case 56, its neighbour: a request that never ends takes neither the memory nor a connection for good."""

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from typing import ClassVar

import pytest
import uvicorn
from tests.integration.http.service import memory_accounts
from tests.security.sockets import PATIENCE_SECONDS, Address, exchange, stream

from accounts_litestar import create_app
from accounts_service.http_guard import MAX_FRAME_BYTES, MAX_REQUEST_BYTES, GuardedProtocol

GET = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
BLOCK = b"x" * 16_384
WITHOUT_END = MAX_REQUEST_BYTES * 4 // len(BLOCK)
"""Blocks after which a test gives up: far more than any limit, and still an end."""


class Impatient(GuardedProtocol):
    """The protocol as it is served, with less time."""

    receive_seconds: ClassVar[float] = 0.3


@pytest.fixture(scope="module")
def impatient() -> Iterator[Address]:
    """A server that gives a request a moment to arrive."""
    config = uvicorn.Config(
        create_app(memory_accounts()), http=Impatient, ws="none", log_level="critical", timeout_keep_alive=60
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield listener.getsockname()
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize(
    "start",
    [
        b"GET /",
        b"GET /health/live?",
        GET + b"X: ",
        GET + b"X",
        CHUNKED + b"2;",
        CHUNKED + b"2\r\n{}\r\n0\r\nX: ",
        CHUNKED + b"0000",
    ],
    ids=["target", "query", "value", "name", "extension", "trailer", "size"],
)
def test_what_goes_on_and_on_is_cut_off_by_its_size(address: Address, start: bytes) -> None:
    block = b"0" * len(BLOCK) if start.endswith(b"000") else BLOCK
    sent = itertools.count()

    def blocks() -> Iterator[bytes]:
        yield start
        for _ in range(WITHOUT_END):
            next(sent)
            yield block

    found = stream(address, blocks())

    assert found.was_closed
    assert [answer.status for answer in found.answers] in ([400], [])  # what is still on its way may take it along
    assert next(sent) < WITHOUT_END
    assert exchange(address, GET + b"\r\n").answers[0].status == 200


def test_headers_without_number_and_chunks_without_content_are_cut_off(address: Address) -> None:
    headers = (b"X-%d: y\r\n" % n * 100 for n in range(WITHOUT_END))
    chunks = (b"1;%s\r\n0\r\n" % BLOCK for _ in range(WITHOUT_END))

    for start, rest in ((GET, headers), (CHUNKED, chunks)):
        found = stream(address, itertools.chain([start], rest))

        assert found.was_closed
        assert {answer.status for answer in found.answers} <= {400, 413}


def test_a_body_that_is_refused_is_not_listened_to_for_ever(address: Address) -> None:
    sent = itertools.count()

    def blocks() -> Iterator[bytes]:
        yield CHUNKED
        for _ in range(WITHOUT_END):
            next(sent)
            yield b"%x\r\n%s\r\n" % (len(BLOCK), BLOCK)

    found = stream(address, blocks(), answers=2)

    assert found.was_closed
    assert {answer.status for answer in found.answers} <= {413}
    assert next(sent) < WITHOUT_END


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"", b""),
        (b"", b"\r\n"),
        (b"GET /", b"x"),
        (GET, b"X: y\r\n"),
        (GET + b"X: ", b"y"),
        (CHUNKED, b"1\r\n{\r\n"),
        (POST + b"Content-Length: 16000\r\n\r\n", b"{"),
        (CHUNKED + b"2\r\n{}\r\n0\r\nX: ", b"y"),
    ],
    ids=["nothing", "empty lines", "target", "headers", "a header", "chunks", "body", "trailer"],
)
def test_what_drips_is_cut_off_by_its_time(impatient: Address, start: bytes, more: bytes) -> None:
    drops = itertools.repeat(more, PATIENCE_SECONDS * 100 if more else 0)

    found = stream(impatient, itertools.chain([start], drops), pause_seconds=0.01)

    assert found.was_closed
    assert [answer.status for answer in found.answers] in ([408], [])
    assert exchange(impatient, GET + b"\r\n").answers[0].status == 200


def test_a_connection_on_which_requests_come_now_and_then_stays(impatient: Address) -> None:
    pieces = [GET, b"\r\n"] * 100

    found = stream(impatient, pieces, answers=100, pause_seconds=0.005)

    assert [answer.status for answer in found.answers] == [200] * 100


def test_requests_sent_without_waiting_are_all_answered_however_many(address: Address) -> None:
    number = 2 * MAX_FRAME_BYTES // len(GET)
    requests = (GET + b"\r\n") * number
    pieces = [requests[at : at + 10_007] for at in range(0, len(requests), 10_007)]

    found = stream(address, pieces, answers=number)

    assert [answer.status for answer in found.answers] == [200] * number
    assert not found.was_closed
