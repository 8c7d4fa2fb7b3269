"""How requests reach Stripe: one pooled HTTP client for each gateway, with a limit on every wait.

Not the SDK's own httpx client: that one opens an asynchronous pool for synchronous use too, has no limit on the whole,
and reports a closed client, a bug of the host's, as a lost connection. A forked process gets a pool of its own.
"""

import asyncio
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final, NoReturn, TypeAlias

import httpx
import stripe

from accounts_core.errors import ConfigurationError
from accounts_core.forking import keep_forever, on_fork

CONNECT_SECONDS: Final = 5.0
MOST_CONNECTIONS: Final = 100
"""More requests at once wait for a free one, and are given up with the rest of what takes too long."""
TOTAL_SECONDS: Final = 20.0
"""The longest that one attempt takes. Stripe itself answers within seconds; a bank may take longer."""

_LIMITS: Final = httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=20)

Response: TypeAlias = tuple[bytes, int, Mapping[str, str]]


class AsyncTransport(stripe.HTTPClient):
    """For hosts with an event loop. Bound to the first loop that uses it."""

    name = "httpx"

    def __init__(self, *, connect_seconds: float = CONNECT_SECONDS, total_seconds: float = TOTAL_SECONDS) -> None:
        super().__init__()
        self._total_seconds = total_seconds
        self._timeout = httpx.Timeout(total_seconds, connect=connect_seconds)
        self._client: httpx.AsyncClient | None = httpx.AsyncClient(timeout=self._timeout, limits=_LIMITS)
        self._is_closed = False
        on_fork(self, in_child=AsyncTransport._drop)

    def _drop(self) -> None:
        """Leave the client to the parent process. Another one takes a while to make: the first request makes it."""
        keep_forever(self._client)
        self._client = None

    def _own_client(self) -> httpx.AsyncClient:
        if self._client is None:
            _refuse_when(self._is_closed)
            self._client = httpx.AsyncClient(timeout=self._timeout, limits=_LIMITS)
        return self._client

    async def request_async(self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None) -> Response:
        try:
            async with asyncio.timeout(self._total_seconds):
                response = await self._own_client().request(method, url, headers=headers, content=post_data)
        except (httpx.TransportError, httpx.DecodingError, TimeoutError) as error:
            _lost(error)
        except RuntimeError as error:
            _misused(error, closed=self._is_closed)
        return response.content, response.status_code, response.headers

    async def sleep_async(self, secs: float) -> None:
        await asyncio.sleep(secs)

    async def close_async(self) -> None:
        self._is_closed = True
        if self._client is not None:
            await self._client.aclose()


class BlockingTransport(stripe.HTTPClient):
    """For hosts without an event loop; safe to share between threads.

    A thread cannot be stopped from outside, so the limit is on each wait: to connect, to send, for the next bytes.
    """

    name = "httpx"

    def __init__(self, *, connect_seconds: float = CONNECT_SECONDS, total_seconds: float = TOTAL_SECONDS) -> None:
        super().__init__()
        waiting = max(total_seconds - connect_seconds, connect_seconds)
        self._timeout = httpx.Timeout(waiting, connect=connect_seconds)
        self._client: httpx.Client | None = httpx.Client(timeout=self._timeout, limits=_LIMITS)
        self._is_closed = False
        self._lock = Lock()
        on_fork(self, in_child=BlockingTransport._drop)

    def _drop(self) -> None:
        """Do as that of `AsyncTransport` does."""
        keep_forever(self._client)
        self._client = None
        self._lock = Lock()

    def _own_client(self) -> httpx.Client:
        client = self._client
        if client is None:
            with self._lock:
                _refuse_when(self._is_closed)
                client = self._client = self._client or httpx.Client(timeout=self._timeout, limits=_LIMITS)
        return client

    # the SDK adds a keyword for streams, which this transport has none of
    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> Response:
        try:
            response = self._own_client().request(method, url, headers=headers, content=post_data)
        except (httpx.TransportError, httpx.DecodingError) as error:
            _lost(error)
        except RuntimeError as error:
            _misused(error, closed=self._is_closed)
        return response.content, response.status_code, response.headers

    def close(self) -> None:
        self._is_closed = True
        if self._client is not None:
            self._client.close()


def no_answer(reason: str) -> stripe.APIConnectionError:
    """Return the SDK's error for a request that may or may not have been executed."""
    message = f"No answer: {reason}"
    return stripe.APIConnectionError(message, should_retry=True)  # type: ignore[no-untyped-call]  # the SDK's


def _lost(error: Exception) -> NoReturn:
    raise no_answer(type(error).__name__) from error


def _refuse_when(closed: bool) -> None:
    if closed:
        raise RuntimeError("The client is closed.")


def _misused(error: RuntimeError, *, closed: bool) -> NoReturn:
    if closed:
        raise ConfigurationError("The gateway was used after it was closed.") from error
    raise ConfigurationError(f"The gateway cannot be used here, perhaps from a second event loop: {error}") from error
