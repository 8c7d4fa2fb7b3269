"""The outermost layer: an ambiguous request gets no further, and every answer has the protective headers.

Exceptions that nothing inside has caught are caught here, after the answer too: they are logged, answered if nothing
was sent yet, and end only their own request. The rules are in `accounts_http.hardening`.
"""

from collections.abc import Callable
from secrets import token_hex
from time import perf_counter
from typing import Any, Final, cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from accounts_http.access_log import RequestEntry, current_request, log_entry
from accounts_http.errors import Malformed, NoSuchPath
from accounts_http.hardening import ProtectiveHeaders, ambiguity_of, is_path_alias, refusal
from accounts_http.mounting import Place, require_single_prefix
from accounts_http.problems import logger, trim_frames
from accounts_http.proxies import TrustedProxies
from accounts_litestar.edge.answers import HEAD
from accounts_litestar.edge.problems import FRAMEWORK, problem_type_of

_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})

_OF_THE_OUTER: Final = ("route_handler", "path_template")
"""Where a Litestar application that mounts this one keeps its own handler; beside them is what it read, in `state`."""


class _Scope(dict[str, Any]):
    """A request's scope with a `repr` that shows nothing: its headers hold tokens, and its state the body."""

    def __repr__(self) -> str:
        return "<scope>"


class HardenedApp:
    """An ASGI application around another one.

    Args:
        app: The application.
        shared: Whether pages of other origins may read its answers (CORS).
        only_tls: Whether browsers are told to come back by HTTPS alone.
        proxies: The proxies whose forwarded client address and scheme are used.
        log: Called with the entry of every request when it is over.
        path: The prefix that the application itself adds to its paths.

    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        shared: bool = False,
        only_tls: bool = False,
        proxies: TrustedProxies | None = None,
        log: Callable[[RequestEntry], None] = log_entry,
        path: str = "/",
    ) -> None:
        self._app = app
        self._proxies = proxies
        self._log = log
        self._path = path
        self._headers = ProtectiveHeaders(shared=shared, only_tls=only_tls)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        scope = cast("Scope", _Scope(scope))
        is_head = scope.get("method") == "HEAD"
        if self._proxies is not None:
            self._proxies.apply(scope)
        entry = _entry(scope)
        if is_head:
            # every path that answers GET answers HEAD, pages and the OpenAPI document included (RFC 9110, 9.3.2)
            cast("dict[str, Any]", scope).update({"method": "GET", HEAD: True})
        token = current_request.set(entry)

        async def protect(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
                message["headers"] = self._headers.added_to(message.get("headers", ()), entry.id)
            elif is_head and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        try:
            reason = ambiguity_of(scope["headers"], scope.get("http_version", "1.1"))
            if reason is not None:
                await _answer(Malformed(reason), protect, entry)
            elif _is_alias(scope):
                await _answer(NoSuchPath(), protect, entry)
            else:
                await self._app(self._placed(scope), receive, protect)
        except Exception as error:  # noqa: BLE001  the last resort: the error is logged
            trim_frames(error, FRAMEWORK)
            logger.error("%s %s failed.", entry.method, _route(scope), exc_info=error)
            if entry.status is None:
                await _answer(error, protect, entry)
        finally:
            entry.route = _route(scope)
            entry.seconds = perf_counter() - began
            self._log(entry)
            entry.secrets.clear()  # a connection that was opened meanwhile may keep the entry alive
            current_request.reset(token)

    def _placed(self, scope: Scope) -> Scope:
        """Write where the application is mounted into the scope, and take out what a mount in Litestar left there."""
        place, written = Place.of(scope), cast("dict[str, Any]", scope)
        require_single_prefix(place.root, self._path)
        place.apply(written)
        for name in _OF_THE_OUTER:
            written.pop(name, None)
        written["state"] = {}
        return scope


def _is_alias(scope: Any) -> bool:
    return is_path_alias(scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape"))


def _entry(scope: Any) -> RequestEntry:
    method, client = scope["method"], scope.get("client")
    return RequestEntry(
        id=token_hex(12), method=method if method in _METHODS else "other", client=client[0] if client else None
    )


def _route(scope: Any) -> str | None:
    route: str | None = scope.get("path_template")  # Litestar's, once it has found one
    return route


async def _answer(error: Exception, send: Send, entry: RequestEntry) -> None:
    """Answer with a problem document outside the application, and close the connection."""
    kind = problem_type_of(error)
    entry.facts.update(problem=kind.name, error=type(error).__name__)
    status, headers, body = refusal(error, kind)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
