"""HTTP clients for requests to Stripe: one connection pool for each gateway, with time limits.

The SDK's own httpx client is not used: it opens an asynchronous pool for synchronous use too, has no limit on the total
time, and reports a closed client, which is an error of the application, as a lost connection. A forked process gets a
pool of its own.
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
"""The size of the pool. Further requests wait for a free connection, within the time limits."""
TOTAL_SECONDS: Final = 20.0
"""The time limit of one attempt. Stripe responds within seconds; a bank may take longer."""

_LIMITS: Final = httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=20)

Response: TypeAlias = tuple[bytes, int, Mapping[str, str]]


class AsyncTransport(stripe.HTTPClient):
    """An HTTP client for applications with an event loop.

    It is bound to the loop that uses it. After `close_async`, or once that loop is closed, it begins anew on the next.
    """

    name = "httpx"

    def __init__(self, *, connect_seconds: float = CONNECT_SECONDS, total_seconds: float = TOTAL_SECONDS) -> None:
        super().__init__()
        self._total_seconds = total_seconds
        self._timeout = httpx.Timeout(total_seconds, connect=connect_seconds)
        # made here, because that takes time
        self._client: httpx.AsyncClient | None = httpx.AsyncClient(timeout=self._timeout, limits=_LIMITS)
        self._loop: asyncio.AbstractEventLoop | None = None
        on_fork(self, in_child=AsyncTransport._drop)

    def _drop(self) -> None:
        """Leave the client to the parent process. The first request makes a new one, because that takes time."""
        keep_forever(self._client)
        self._client = None

    def _own_client(self) -> httpx.AsyncClient:
        self._follow_loop()
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=self._timeout, limits=_LIMITS)
        return self._client

    def _follow_loop(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is not None and self._loop is not loop and self._loop.is_closed():
            self._client = None  # its connections ended with the loop
        self._loop = loop

    async def request_async(self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None) -> Response:
        try:
            async with asyncio.timeout(self._total_seconds):
                response = await self._own_client().request(method, url, headers=headers, content=post_data)
        except (httpx.TransportError, httpx.DecodingError, TimeoutError) as error:
            _raise_lost(error)
        except RuntimeError as error:
            _raise_misused(error)
        return response.content, response.status_code, response.headers

    async def sleep_async(self, secs: float) -> None:
        await asyncio.sleep(secs)

    async def close_async(self) -> None:
        self._follow_loop()
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


class BlockingTransport(stripe.HTTPClient):
    """An HTTP client for applications without an event loop. Safe to share between threads.

    A thread cannot be interrupted, so the limit applies to each wait: to connect, to send, and for the next bytes.
    """

    name = "httpx"

    def __init__(self, *, connect_seconds: float = CONNECT_SECONDS, total_seconds: float = TOTAL_SECONDS) -> None:
        super().__init__()
        waiting = max(total_seconds - connect_seconds, connect_seconds)
        self._timeout = httpx.Timeout(waiting, connect=connect_seconds)
        self._client: httpx.Client | None = httpx.Client(timeout=self._timeout, limits=_LIMITS)
        self._lock = Lock()
        on_fork(self, in_child=BlockingTransport._drop)

    def _drop(self) -> None:
        """Leave the client to the parent process, as in `AsyncTransport`."""
        keep_forever(self._client)
        self._client = None
        self._lock = Lock()

    def _own_client(self) -> httpx.Client:
        client = self._client
        if client is None:
            with self._lock:
                client = self._client = self._client or httpx.Client(timeout=self._timeout, limits=_LIMITS)
        return client

    # the SDK adds a keyword for streams, which this adapter does not use
    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> Response:
        try:
            response = self._own_client().request(method, url, headers=headers, content=post_data)
        except (httpx.TransportError, httpx.DecodingError) as error:
            _raise_lost(error)
        except RuntimeError as error:
            _raise_misused(error)
        return response.content, response.status_code, response.headers

    def close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()


def no_answer_error(reason: str) -> stripe.APIConnectionError:
    """Return the SDK's error for a request with an unknown outcome."""
    message = f"No answer: {reason}"
    return stripe.APIConnectionError(message, should_retry=True)  # type: ignore[no-untyped-call]  # the SDK's


def _raise_lost(error: Exception) -> NoReturn:
    raise no_answer_error(type(error).__name__) from error


def _raise_misused(error: RuntimeError) -> NoReturn:
    raise ConfigurationError(f"The gateway cannot be used here, perhaps from a second event loop: {error}") from error
