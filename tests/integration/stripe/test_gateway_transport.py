"""The gateways over real sockets: what is slow, away, closed or cancelled."""

import asyncio
import gc
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeAlias

import pytest
from tests.integration.stripe.loopback import Handler, Loopback, answering

from accounts_core.errors import NotFound, ProviderAmbiguous
from accounts_core.model.customer import Customer
from accounts_core.sync import run_sync
from accounts_core.testing.contracts import ClosesContract
from accounts_core.testing.harness import Drive
from accounts_stripe import AsyncTransport, BlockingStripeGateway, BlockingTransport, StripeGateway

KEY = "sk_test_CANARYcanaryCANARY"
SHORT = 0.3
PATIENCE = 5.0
"""Longer than any of these should take, even on a busy machine."""

Gateway: TypeAlias = StripeGateway | BlockingStripeGateway


def over_async(url: str, use: Callable[[Gateway], Awaitable[Customer]], *, seconds: float = PATIENCE) -> Customer:
    async def main() -> Customer:
        transport = AsyncTransport(connect_seconds=seconds, total_seconds=seconds)
        gateway = StripeGateway.connect(KEY, api_base=url, http_client=transport, retries=0)
        try:
            return await use(gateway)
        finally:
            await transport.close_async()

    return asyncio.run(main())


def over_blocking(url: str, use: Callable[[Gateway], Awaitable[Customer]], *, seconds: float = PATIENCE) -> Customer:
    transport = BlockingTransport(connect_seconds=seconds, total_seconds=seconds)
    gateway = BlockingStripeGateway.connect(KEY, api_base=url, http_client=transport, retries=0)

    async def main() -> Customer:
        return await use(gateway)

    try:
        return run_sync(main())
    finally:
        transport.close()


both = pytest.mark.parametrize("over", [over_async, over_blocking])


async def ask(gateway: Gateway) -> Customer:
    return await gateway.retrieve_customer("cus_1")


def answer(handler: Handler) -> None:
    handler.say({"id": "cus_1", "object": "customer", "created": 1_700_000_000, "name": "Zoë"})


def hang(handler: Handler) -> None:
    handler.server.stopping.wait(PATIENCE)
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """Send a byte now and then, so that no single wait is ever long."""
    handler.send_response(200)
    handler.send_header("Content-Length", "10000")
    handler.end_headers()
    while not handler.server.stopping.wait(SHORT / 10):
        handler.wfile.write(b" ")


@both
def test_requests_share_a_connection(over: Callable[..., Customer]) -> None:
    async def twice(gateway: Gateway) -> Customer:
        await ask(gateway)
        return await ask(gateway)

    with answering(answer) as server:
        assert over(server.url, twice).name == "Zoë"

    assert [path for path, _ in server.asked] == ["/v1/customers/cus_1"] * 2
    assert server.connections == 1


@both
def test_a_server_that_hangs_is_given_up(over: Callable[..., Customer]) -> None:
    with answering(hang) as server:
        started = time.monotonic()
        with pytest.raises(ProviderAmbiguous):
            over(server.url, ask, seconds=SHORT)

        assert SHORT <= time.monotonic() - started < PATIENCE


def test_a_server_that_drips_is_given_up_too() -> None:
    with answering(drip) as server:
        started = time.monotonic()
        with pytest.raises(ProviderAmbiguous):
            over_async(server.url, ask, seconds=SHORT)

        assert SHORT <= time.monotonic() - started < PATIENCE


@both
def test_a_server_that_is_away_is_ambiguous(over: Callable[..., Customer]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

    with pytest.raises(ProviderAmbiguous):
        over(url, ask)


@both
def test_a_server_that_hangs_up_is_ambiguous(over: Callable[..., Customer]) -> None:
    def hang_up(handler: Handler) -> None:
        handler.close_connection = True

    with answering(hang_up) as server, pytest.raises(ProviderAmbiguous):
        over(server.url, ask)


@both
def test_the_key_is_never_carried_to_another_address(over: Callable[..., Customer]) -> None:
    with answering(answer) as other:

        def redirect(handler: Handler) -> None:
            handler.say({}, 307, Location=f"{other.url}/v1/customers/cus_1")

        with answering(redirect) as server, pytest.raises(ProviderAmbiguous):
            over(server.url, ask)

    assert len(server.asked) == 1
    assert other.asked == []


@both
def test_no_library_on_the_way_logs_the_key(over: Callable[..., Customer], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    with answering(answer) as server:
        over(server.url, ask)

    assert KEY in server.asked[0][1]["Authorization"]
    assert {"httpx", "stripe"} <= {record.name.partition(".")[0] for record in caplog.records}
    assert KEY not in caplog.text


def test_a_cancelled_call_is_cancelled_and_the_next_one_works() -> None:
    async def use(server: Loopback) -> Customer:
        async with StripeGateway.connect(KEY, api_base=server.url, retries=2) as gateway:
            task = asyncio.create_task(gateway.retrieve_customer("cus_1"))
            assert await asyncio.to_thread(server.reached.wait, PATIENCE)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            server.answer = answer
            return await gateway.retrieve_customer("cus_1")

    with answering(hang) as server:
        assert asyncio.run(use(server)).id == "cus_1"
    assert len(server.asked) == 2


class TestClosing(ClosesContract):
    @pytest.fixture(params=[StripeGateway, BlockingStripeGateway])
    def part(self, request: pytest.FixtureRequest) -> Iterator[Gateway]:
        with answering(answer) as server:
            yield request.param.connect(KEY, api_base=server.url)

    @pytest.fixture
    def drive(self, part: Gateway) -> Iterator[Drive]:
        with asyncio.Runner() as runner:
            yield runner.run if part.suspends else run_sync

    @pytest.fixture
    def use(self, part: Gateway) -> Callable[[], Awaitable[object]]:
        return lambda: part.retrieve_customer("cus_1")


def test_e18_a_gateway_that_was_closed_is_used_again_on_another_event_loop() -> None:
    async def lifespan(gateway: StripeGateway) -> str:
        async with gateway:
            return (await gateway.retrieve_customer("cus_1")).id

    with answering(answer) as server:
        gateway = StripeGateway.connect(KEY, api_base=server.url)
        assert [asyncio.run(lifespan(gateway)) for _ in range(3)] == ["cus_1"] * 3
        blocking = BlockingStripeGateway.connect(KEY, api_base=server.url)
        for _ in range(3):
            with blocking:
                assert run_sync(blocking.retrieve_customer("cus_1")).id == "cus_1"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_e18_a_gateway_that_nobody_closed_is_used_again_once_its_event_loop_is_closed() -> None:
    with answering(answer) as server:
        gateway = StripeGateway.connect(KEY, api_base=server.url)
        assert [asyncio.run(gateway.retrieve_customer("cus_1")).id for _ in range(3)] == ["cus_1"] * 3
        asyncio.run(gateway.close())
        gc.collect()  # warns here of what was left open


def test_a_gateway_closes_only_what_it_made() -> None:
    transport = BlockingTransport()

    with answering(answer) as server:
        for _ in range(2):
            with BlockingStripeGateway.connect(KEY, api_base=server.url, http_client=transport) as gateway:
                assert run_sync(gateway.retrieve_customer("cus_1")).id == "cus_1"
    transport.close()


@both
def test_an_address_with_a_path_of_its_own_is_kept(over: Callable[..., Customer]) -> None:
    def missing(handler: Handler) -> None:
        handler.say({"error": {"type": "invalid_request_error", "code": "resource_missing", "param": "id"}}, 404)

    with answering(missing) as server, pytest.raises(NotFound):
        over(f"{server.url}/stripe/", ask)

    assert server.asked[0][0] == "/stripe/v1/customers/cus_1"
