"""A4: a client that does not take its answers takes neither the memory nor a connection for good."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any, ClassVar

import attrs
import pytest
import uvicorn
from tests.integration.http.service import START, Clock, accounts_over
from tests.security.sockets import PATIENCE_SECONDS, Address, exchange

from accounts_core.model.ids import UserId
from accounts_core.services.owned_data import PAGE_OF_LONG_TEXTS
from accounts_core.testing.builders import a_team, an_interaction
from accounts_core.testing.harness import keep
from accounts_litestar import create_app
from accounts_memory import MemoryGateway, MemoryStore
from accounts_service.http_guard import SLICE_BYTES, GuardedProtocol
from accounts_service.stalled_readers import MIN_BYTES
from accounts_system import SystemSecrets

PASSWORD = "a long and quiet river"
BODY = "x" * 10_000
WRITTEN = 2_000
"""20 MB of them: more than the kernel takes for both ends of a connection."""
EXPORT_BYTES = WRITTEN * len(BODY)
PAGE_BYTES = PAGE_OF_LONG_TEXTS * (len(BODY) + 200)
HIGH_WATER = 64 * 1024
"""uvicorn stops writing above this."""
MOST_BUFFERED = HIGH_WATER + PAGE_BYTES + 33 * 1024
GET = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"
SHORT = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"
LONG = b"GET /schema/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n"


class Impatient(GuardedProtocol):
    """The protocol as it is served, with less time."""

    send_seconds: ClassVar[float] = 0.4


@attrs.frozen
class Running:
    """A server in a thread of this process, so that its connections can be looked at."""

    address: Address
    server: uvicorn.Server
    store: MemoryStore
    export: bytes
    """A request for 20 MB."""

    @property
    def connections(self) -> list[Any]:
        return list(self.server.server_state.connections)

    def buffered(self) -> list[int]:
        return [each.transport.get_write_buffer_size() for each in self.connections]

    def look(self, protocol: Any) -> None:
        """Have a connection's watch look at it now."""
        looked = threading.Event()

        def look() -> None:
            protocol._watch.stop()
            protocol._watch._check()
            looked.set()

        protocol.loop.call_soon_threadsafe(look)
        assert looked.wait(PATIENCE_SECONDS)

    def until(self, condition: Callable[[], bool], meanwhile: Callable[[], object] = lambda: None) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, "it does not come to pass"
            meanwhile()
            time.sleep(0.02)


def _populated(store: MemoryStore) -> str:
    """Let Jane have written 20 MB, and return a token of hers."""

    async def populate() -> str:
        clock = Clock(START)
        accounts = accounts_over(store, clock, MemoryGateway(clock, SystemSecrets()))
        jane = await accounts.register(email="jane@example.org", password=PASSWORD, name="Jane")
        written = [an_interaction(f"int_{n:05}", 900, jane.id, body=BODY) for n in range(WRITTEN)]
        await keep(store, a_team(900, UserId(jane.id)), *written)
        return (await accounts.sign_in(email="jane@example.org", password=PASSWORD)).token

    return asyncio.run(populate())


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    store, clock = MemoryStore(), Clock(START)
    token = _populated(store)
    app = create_app(accounts_over(store, clock, MemoryGateway(clock, SystemSecrets())))
    config = uvicorn.Config(
        app, http=Impatient, ws="none", loop=request.param, log_level="critical", timeout_keep_alive=60
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        export = f"GET /api/users/current/export HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
        yield Running(listener.getsockname(), server, store, export.encode())
        server.should_exit = True
        thread.join()


def connected(running: Running, *, receive_bytes: int = 4096) -> socket.socket:
    """Connect as a client that takes little at a time."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connection.settimeout(PATIENCE_SECONDS)
    connection.connect(running.address)
    return connection


def was_reset(connection: socket.socket) -> bool:
    """Say whether the server has reset the connection, without reading from it. It says so once."""
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0


def test_a4_unread_exports_hold_a_few_pages_and_are_cut_off(running: Running) -> None:
    most, reset = [0], set[socket.socket]()
    with ExitStack() as stack:
        opened = [stack.enter_context(closing(connected(running))) for _ in range(4)]
        for connection in opened:
            connection.sendall(running.export)

        def look() -> None:
            most.extend(running.buffered())
            reset.update(each for each in opened if was_reset(each))
            assert exchange(running.address, GET + b"Connection: close\r\n\r\n").answers[0].status == 200

        running.until(lambda: len(reset) == len(opened), look)
        running.until(lambda: running.connections == [])

    assert max(most) <= MOST_BUFFERED


def test_a4_a_client_that_takes_a_byte_now_and_then_is_cut_off(running: Running) -> None:
    with closing(connected(running)) as connection:
        connection.sendall(running.export)

        running.until(lambda: was_reset(connection), lambda: connection.recv(1))
        running.until(lambda: running.connections == [])


def test_a_client_that_takes_its_time_gets_all_of_it(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked at after every few kilobytes, where the service looks twice a minute."""
    monkeypatch.setattr(Impatient, "send_seconds", 600.0)
    received = bytearray()
    with closing(connected(running)) as connection:
        connection.sendall(running.export.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        running.until(lambda: running.buffered() != [] and min(running.buffered()) > 0)
        (protocol,) = running.connections
        looks = 0
        while looks < 5:
            before = protocol._counted.received
            while protocol._counted.received < before + MIN_BYTES:
                received += connection.recv(4096)
            running.look(protocol)
            looks += 1
        while chunk := connection.recv(1 << 20):
            received += chunk

    assert len(received) > EXPORT_BYTES
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert len(json.loads(_unchunked(body))["interactions"]) == WRITTEN


def _unchunked(body: bytes) -> bytes:
    found: list[bytes] = []
    rest = body
    while True:
        size, _, rest = rest.partition(b"\r\n")
        if not (length := int(size, 16)):
            return b"".join(found)
        found.append(rest[:length])
        rest = rest[length + 2 :]


@pytest.mark.parametrize("request_bytes", [SHORT, LONG], ids=["short answers", "long answers"])
def test_a4_requests_sent_without_end_and_unread_answers_hold_little_and_are_cut_off(
    running: Running, request_bytes: bytes
) -> None:
    most_waiting, is_over = [0], threading.Event()
    requests = request_bytes * 20_000
    with closing(connected(running)) as connection:
        connection.setblocking(False)

        def go_on() -> None:
            try:
                connection.send(requests)
            except BlockingIOError:
                pass
            except OSError:
                is_over.set()
            for each in running.connections:
                most_waiting.append(len(each.pipeline))
                assert each.transport.get_write_buffer_size() <= HIGH_WATER + 512 * 1024

        running.until(is_over.is_set, go_on)
        running.until(lambda: running.connections == [])

    assert max(most_waiting) <= SLICE_BYTES / len(request_bytes) + 2


def test_a4_nothing_more_is_read_once_a_client_has_gone_whatever_it_had_asked_for_besides(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Impatient, "send_seconds", 600.0)
    reads = 0
    read = running.store.reader

    def counted() -> Any:
        nonlocal reads
        reads += 1
        return read()

    running.store.reader = counted  # type: ignore[method-assign]  # the store's own reader, counted
    try:
        with closing(connected(running)) as connection:
            connection.sendall(running.export + SHORT)
            running.until(lambda: running.buffered() != [] and min(running.buffered()) > 0)
        running.until(lambda: running.connections == [])
        running.until(lambda: not running.server.server_state.tasks)
    finally:
        running.store.reader = read  # type: ignore[method-assign]  # put back

    assert reads < WRITTEN / PAGE_OF_LONG_TEXTS / 2
