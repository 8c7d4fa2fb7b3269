"""How requests reach Stripe: one pooled HTTP client for each gateway, with a limit on every wait.

Not the SDK's own httpx client: that one opens an asynchronous pool for synchronous use too, has no limit on the whole,
and reports a closed client, a bug of the host's, as a lost connection.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, NoReturn, TypeAlias

import httpx
import stripe

from accounts_core.errors import HostError

CONNECT_SECONDS: Final = 5.0
TOTAL_SECONDS: Final = 20.0
"""The longest that one attempt takes. Stripe itself answers within seconds; a bank may take longer."""

Response: TypeAlias = tuple[bytes, int, Mapping[str, str]]


class AsyncTransport(stripe.HTTPClient):
    """For hosts with an event loop. Bound to the first loop that uses it."""

    name = "httpx"

    def __init__(self, *, connect_seconds: float = CONNECT_SECONDS, total_seconds: float = TOTAL_SECONDS) -> None:
        super().__init__()
        self._total_seconds = total_seconds
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(total_seconds, connect=connect_seconds))

    async def request_async(self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None) -> Response:
        try:
            async with asyncio.timeout(self._total_seconds):
                response = await self._client.request(method, url, headers=headers, content=post_data)
        except (httpx.TransportError, httpx.DecodingError, TimeoutError) as error:
            _lost(error)
        except RuntimeError as error:
            _misused(error, closed=self._client.is_closed)
        return response.content, response.status_code, response.headers

    async def sleep_async(self, secs: float) -> None:
        await asyncio.sleep(secs)

    async def close_async(self) -> None:
        await self._client.aclose()


class BlockingTransport(stripe.HTTPClient):
    """For hosts without an event loop; safe to share between threads.

    A thread cannot be stopped from outside, so the limit is on each wait: to connect, to send, for the next bytes.
    """

    name = "httpx"

    def __init__(self, *, connect_seconds: float = CONNECT_SECONDS, total_seconds: float = TOTAL_SECONDS) -> None:
        super().__init__()
        waiting = max(total_seconds - connect_seconds, connect_seconds)
        self._client = httpx.Client(timeout=httpx.Timeout(waiting, connect=connect_seconds))

    # the SDK adds a keyword for streams, which this transport has none of
    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> Response:
        try:
            response = self._client.request(method, url, headers=headers, content=post_data)
        except (httpx.TransportError, httpx.DecodingError) as error:
            _lost(error)
        except RuntimeError as error:
            _misused(error, closed=self._client.is_closed)
        return response.content, response.status_code, response.headers

    def close(self) -> None:
        self._client.close()


def no_answer(reason: str) -> stripe.APIConnectionError:
    """Return the SDK's error for a request that may or may not have been executed."""
    message = f"No answer: {reason}"
    return stripe.APIConnectionError(message, should_retry=True)  # type: ignore[no-untyped-call]  # the SDK's


def _lost(error: Exception) -> NoReturn:
    raise no_answer(type(error).__name__) from error


def _misused(error: RuntimeError, *, closed: bool) -> NoReturn:
    if closed:
        raise HostError("The gateway was used after it was closed.") from error
    raise HostError(f"The gateway cannot be used here, perhaps from a second event loop: {error}") from error
