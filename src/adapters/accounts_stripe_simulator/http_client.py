"""An HTTP client for Stripe's SDK that calls a simulator in the same process."""

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
    """Send the SDK's requests to a simulator. Pass it to `stripe.StripeClient(key, http_client=...)`.

    The SDK's methods work with and without `_async`. An `_async` method suspends only when a fault makes it wait, so
    without delays it can be driven without an event loop. The SDK does not pause between retries.
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
        """Make a client.

        Args:
            simulator: The simulator that receives the requests.
            timeout_seconds: The time limit of a request. A request that is delayed for longer is executed, and its
                response is lost.
            sleep: Called to wait in blocking methods.
            sleep_async: Called and awaited to wait in `_async` methods.

        """
        super().__init__()
        self._simulator = simulator
        self._timeout_seconds = timeout_seconds
        self._sleep = sleep
        self._pause = sleep_async

    def request(  # type: ignore[override]  # `_usage` is in the base's signature and never passed
        self, method: str, url: str, headers: Headers | None, post_data: Any = None
    ) -> tuple[bytes, int, Headers]:
        response = self._wait(self._simulator.exchange(_parse_request(method, url, headers, post_data)))
        return response.body, response.status, response.headers

    async def request_async(
        self, method: str, url: str, headers: Headers, post_data: Any = None
    ) -> tuple[bytes, int, Headers]:
        response = await self._wait_async(self._simulator.exchange(_parse_request(method, url, headers, post_data)))
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
        """Do nothing, because there is no connection."""

    async def close_async(self) -> None:
        """Do nothing, because there is no connection."""

    async def sleep_async(self, secs: float) -> None:
        """Wait for `secs` seconds between retries."""
        if secs:
            await self._pause(secs)

    def _sleep_time_seconds(self, num_retries: int) -> float:  # noqa: ARG002  as the SDK calls it
        return 0.0

    def _wait(self, exchange: Exchange) -> Response:
        remaining_seconds = self._timeout_seconds
        try:
            while True:
                seconds = next(exchange).seconds
                self._sleep(remaining_seconds if seconds is None else min(seconds, remaining_seconds))
                remaining_seconds = self._subtract_pause(exchange, seconds, remaining_seconds)
        except StopIteration as end:
            response: Response = end.value
            return response
        except ConnectionLost as lost:
            _raise_connection_error(lost)

    async def _wait_async(self, exchange: Exchange) -> Response:
        remaining_seconds = self._timeout_seconds
        try:
            while True:
                seconds = next(exchange).seconds
                try:
                    await self._pause(remaining_seconds if seconds is None else min(seconds, remaining_seconds))
                except BaseException:
                    # a cancelled client does not stop the request at Stripe
                    _finish_exchange(exchange, seconds)
                    raise
                remaining_seconds = self._subtract_pause(exchange, seconds, remaining_seconds)
        except StopIteration as end:
            response: Response = end.value
            return response
        except ConnectionLost as lost:
            _raise_connection_error(lost)

    def _subtract_pause(self, exchange: Exchange, seconds: float | None, remaining_seconds: float) -> float:
        """Return the remaining time after a pause.

        Raises:
            ConnectionLost: No time remains.

        """
        if seconds is not None and seconds < remaining_seconds:
            return remaining_seconds - seconds
        _finish_exchange(exchange, seconds)
        raise ConnectionLost(f"Request timed out after {self._timeout_seconds} s.")


def _finish_exchange(exchange: Exchange, seconds: float | None) -> None:
    """Execute a delayed request although its client gave up. Do not execute a request that hangs."""
    if seconds is not None:
        try:
            next(exchange)
        except (StopIteration, ConnectionLost):
            return
    exchange.close()


def _parse_request(method: str, url: str, headers: Headers | None, post_data: Any) -> Request:
    address = urlsplit(url)
    path = f"{address.path}?{address.query}" if address.query else address.path
    return Request.parse(method, path, headers or {}, post_data or "")


def _raise_connection_error(lost: ConnectionLost) -> NoReturn:
    message = f"Unexpected error communicating with Stripe. {lost}"
    raise stripe.APIConnectionError(message, should_retry=True) from lost  # type: ignore[no-untyped-call]  # the SDK's
