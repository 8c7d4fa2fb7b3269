"""The SDK's way in: no socket, no event loop unless something has to wait."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from io import BytesIO
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import stripe

from accounts_stripe_simulator.answers import ConnectionLost, Response
from accounts_stripe_simulator.requests import Request
from accounts_stripe_simulator.simulator import Exchange, Simulator

TIMEOUT_SECONDS: Final = 20.0

Headers = Mapping[str, str]


class SimulatorHTTPClient(stripe.HTTPClient):
    """Give it to `stripe.StripeClient(key, http_client=...)`; its methods, plain and `_async`, reach the simulator.

    An `_async` method suspends only when a fault makes it wait, so without delays it can be driven without an event
    loop. After `timeout_seconds` the client gives up: a delayed request is executed all the same, its answer lost.
    `sleep` and `sleep_async` are how it waits. The SDK's own pauses between retries are left out.
    """

    name = "simulator"

    def __init__(
        self,
        simulator: Simulator,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        sleep: Callable[[float], object] = time.sleep,
        sleep_async: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        super().__init__()
        self._simulator = simulator
        self._timeout_seconds = timeout_seconds
        self._sleep = sleep
        self._pause = sleep_async

    def request(  # type: ignore[override]  # `_usage` is in the base's signature and never passed
        self, method: str, url: str, headers: Headers | None, post_data: Any = None
    ) -> tuple[bytes, int, Headers]:
        response = self._wait(self._simulator.exchange(_request(method, url, headers, post_data)))
        return response.body, response.status, response.headers

    async def request_async(
        self, method: str, url: str, headers: Headers, post_data: Any = None
    ) -> tuple[bytes, int, Headers]:
        response = await self._wait_async(self._simulator.exchange(_request(method, url, headers, post_data)))
        return response.body, response.status, response.headers

    def request_stream(  # type: ignore[override]  # as `request`
        self, method: str, url: str, headers: Headers | None, post_data: Any = None
    ) -> tuple[BytesIO, int, Headers]:
        body, status, answer_headers = self.request(method, url, headers, post_data)
        return BytesIO(body), status, answer_headers

    async def request_stream_async(
        self, method: str, url: str, headers: Headers, post_data: Any = None
    ) -> tuple[AsyncIterator[bytes], int, Headers]:
        body, status, answer_headers = await self.request_async(method, url, headers, post_data)

        async def chunks() -> AsyncIterator[bytes]:
            yield body

        return chunks(), status, answer_headers

    def close(self) -> None:
        """Do nothing: there is no connection."""

    async def close_async(self) -> None:
        """Do nothing: there is no connection."""

    async def sleep_async(self, secs: float) -> None:
        """Wait between retries, as the SDK asks."""
        if secs:
            await self._pause(secs)

    def _sleep_time_seconds(self, num_retries: int) -> float:  # noqa: ARG002  as the SDK calls it
        return 0.0

    def _wait(self, exchange: Exchange) -> Response:
        left = self._timeout_seconds
        try:
            while True:
                seconds = next(exchange).seconds
                self._sleep(left if seconds is None else min(seconds, left))
                left = self._left(exchange, seconds, left)
        except StopIteration as end:
            response: Response = end.value
            return response
        except ConnectionLost as lost:
            _fail(lost)

    async def _wait_async(self, exchange: Exchange) -> Response:
        left = self._timeout_seconds
        try:
            while True:
                seconds = next(exchange).seconds
                try:
                    await self._pause(left if seconds is None else min(seconds, left))
                except BaseException:
                    # the client is gone, the request is not
                    _run_out(exchange, seconds)
                    raise
                left = self._left(exchange, seconds, left)
        except StopIteration as end:
            response: Response = end.value
            return response
        except ConnectionLost as lost:
            _fail(lost)

    def _left(self, exchange: Exchange, seconds: float | None, left: float) -> float:
        """Return how much of the time limit is left after a pause. Raises `ConnectionLost` when none is."""
        if seconds is not None and seconds < left:
            return left - seconds
        _run_out(exchange, seconds)
        raise ConnectionLost(f"Request timed out after {self._timeout_seconds} s.")


def _run_out(exchange: Exchange, seconds: float | None) -> None:
    """Let Stripe finish what the client no longer waits for; what hangs is left."""
    if seconds is not None:
        try:
            next(exchange)
        except (StopIteration, ConnectionLost):
            return
    exchange.close()


def _request(method: str, url: str, headers: Headers | None, post_data: Any) -> Request:
    address = urlsplit(url)
    path = f"{address.path}?{address.query}" if address.query else address.path
    return Request.of(method, path, headers or {}, post_data or "")


def _fail(lost: ConnectionLost) -> NoReturn:
    message = f"Unexpected error communicating with Stripe. {lost}"
    raise stripe.APIConnectionError(message, should_retry=True) from lost  # type: ignore[no-untyped-call]  # the SDK's
