"""A wrapper of an HTTP client that protects the SDK from responses that it cannot handle."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import stripe

from accounts_stripe.transport import Response, no_answer_error

Answer: TypeAlias = tuple[Any, int, Mapping[str, str]]

_FIRST_ERROR: Final = 400
_SERVER_ERROR: Final = 500
_REJECTED: Final = frozenset({401, 403, 429})


class Shield(stripe.HTTPClient):
    """An HTTP client that forwards requests to another one and changes responses that the SDK cannot handle.

    - The API key is removed: a proxy's error page may repeat the request, and the SDK copies such a page to errors and
      logs.
    - An error that is a text, such as a proxy's `{"error": "bad gateway"}`, is removed: the SDK raises AttributeError.
    - Bytes that are not UTF-8 are replaced: the SDK's log raises an error.
    - A last response that hides the loss of an earlier one is an error: see `_Attempts.check_lost_attempts`.
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
        return _clean(attempts.check_lost_attempts(answer), headers)

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
        pending = attempts.request_with_retries_async(method, url, headers, post_data, max_network_retries, **usage)
        return _clean(attempts.check_lost_attempts(await pending), headers)


class _Attempts(stripe.HTTPClient):
    """One request and its retries, and whether one of them may have been executed without a response."""

    name = "accounts-core"

    def __init__(self, inner: stripe.HTTPClient) -> None:
        super().__init__()
        self._inner = inner
        self._has_lost_answer = False

    # the SDK adds a keyword for streams, which this adapter does not use
    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> Answer:
        with self._watch_connection():
            return self._watch_status(self._inner.request(method, url, headers, post_data))

    async def request_async(self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None) -> Answer:
        with self._watch_connection():
            return self._watch_status(await self._inner.request_async(method, url, headers, post_data))

    async def sleep_async(self, secs: float) -> None:
        await self._inner.sleep_async(secs)

    def _sleep_time_seconds(self, num_retries: int) -> float:
        return self._inner._sleep_time_seconds(num_retries)  # noqa: SLF001  a client may shorten the SDK's pauses

    def check_lost_attempts(self, answer: Answer) -> Answer:
        """Return the last response if it tells the outcome of the request.

        A request may be executed and its response lost, and a retry then be rejected by a rate limit or because the
        API key was revoked. If that rejection counted as the outcome, a hold would stay open.

        Raises:
            stripe.APIConnectionError: The response of an attempt was lost, and the last attempt was rejected.

        """
        if self._has_lost_answer and answer[1] in _REJECTED:
            raise no_answer_error(f"the response of an attempt was lost, and the last attempt got status {answer[1]}")
        return answer

    @contextmanager
    def _watch_connection(self) -> Iterator[None]:
        try:
            yield
        except stripe.APIConnectionError:
            self._has_lost_answer = True
            raise

    def _watch_status(self, answer: Answer) -> Answer:
        self._has_lost_answer = self._has_lost_answer or answer[1] >= _SERVER_ERROR
        return answer


def _clean(response: Answer, headers: Mapping[str, str]) -> Response:
    body, status, response_headers = response
    text = body if isinstance(body, str) else bytes(body).decode(errors="replace")
    content = text.replace(headers["Authorization"].removeprefix("Bearer "), "[key]").encode()
    if status >= _FIRST_ERROR and not _is_error(content):
        content = b""
    return content, status, response_headers


def _is_error(content: bytes) -> bool:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(answer, dict) and isinstance(answer.get("error"), dict)
