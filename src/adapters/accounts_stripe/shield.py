"""What stands between the SDK and the HTTP client, whichever that is."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import stripe

from accounts_stripe.transport import Response, no_answer

Answer: TypeAlias = tuple[Any, int, Mapping[str, str]]

_FIRST_ERROR: Final = 400
_SERVER_ERROR: Final = 500
_AT_THE_DOOR: Final = frozenset({401, 403, 429})


class Shield(stripe.HTTPClient):
    """Stands between the SDK and another client, and keeps from the SDK what it cannot take.

    - The key: a proxy's error page may repeat the request, and the SDK puts what it cannot read into errors and logs.
    - An error that is a text, such as a proxy's `{"error": "bad gateway"}`: the SDK fails on it with AttributeError.
    - What is not UTF-8: its log fails on that.
    - A last attempt's answer that hides what became of the first: see `_Attempts.settled`.
    """

    name = "accounts-core"

    def __init__(self, inner: stripe.HTTPClient) -> None:
        super().__init__()
        self._inner = inner

    def request_with_retries(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        post_data: Any = None,
        max_network_retries: int | None = None,
        **usage: Any,
    ) -> Any:
        attempts = _Attempts(self._inner)
        answer = attempts.request_with_retries(method, url, headers, post_data, max_network_retries, **usage)
        return _cleaned(attempts.settled(answer), headers)

    async def request_with_retries_async(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        post_data: Any = None,
        max_network_retries: int | None = None,
        **usage: Any,
    ) -> Response:
        attempts = _Attempts(self._inner)
        asked = attempts.request_with_retries_async(method, url, headers, post_data, max_network_retries, **usage)
        return _cleaned(attempts.settled(await asked), headers)


class _Attempts(stripe.HTTPClient):
    """One request and its repeats, and whether one of them may have been executed without an answer."""

    name = "accounts-core"

    def __init__(self, inner: stripe.HTTPClient) -> None:
        super().__init__()
        self._inner = inner
        self._unknown = False

    # the SDK adds a keyword for streams, which nothing here has
    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> Answer:
        with self._noting():
            return self._noted(self._inner.request(method, url, headers, post_data))

    async def request_async(self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None) -> Answer:
        with self._noting():
            return self._noted(await self._inner.request_async(method, url, headers, post_data))

    async def sleep_async(self, secs: float) -> None:
        await self._inner.sleep_async(secs)

    def _sleep_time_seconds(self, num_retries: int) -> float:
        return self._inner._sleep_time_seconds(num_retries)  # noqa: SLF001  a client may shorten the SDK's pauses

    def settled(self, answer: Answer) -> Answer:
        """Return the last answer. Raises `APIConnectionError` when it says nothing of an attempt that was lost.

        A request may be executed, its answer lost, and its repeat be turned away at the door: by a rate limit, or
        because the key was revoked. To take that for the answer would leave a hold behind.
        """
        if self._unknown and answer[1] in _AT_THE_DOOR:
            raise no_answer(f"an attempt was lost, and the next one was answered {answer[1]}")
        return answer

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except stripe.APIConnectionError:
            self._unknown = True
            raise

    def _noted(self, answer: Answer) -> Answer:
        self._unknown = self._unknown or answer[1] >= _SERVER_ERROR
        return answer


def _cleaned(response: Answer, headers: Mapping[str, str]) -> Response:
    body, status, answered = response
    text = body if isinstance(body, str) else bytes(body).decode(errors="replace")
    content = text.replace(headers["Authorization"].removeprefix("Bearer "), "[key]").encode()
    if status >= _FIRST_ERROR and not _is_an_error(content):
        content = b""
    return content, status, answered


def _is_an_error(content: bytes) -> bool:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(answer, dict) and isinstance(answer.get("error"), dict)
