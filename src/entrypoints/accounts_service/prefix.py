"""The service below the path of `ACCOUNTS_PUBLIC_URL`, behind a proxy that removes this prefix or one that does not."""

from typing import Any, Final
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from accounts_http.mounting import Place, in_url, is_below, prefix

PATHS: Final = frozenset(
    {"", "api", "health", "pages", "reset-password", "schema", "simulator", "verify-email", "webhooks"}
)
"""The first segment of every path of the service. Below the prefix `/api`, it tells `/api/api/users` from `/api/users`
of a proxy that has removed the prefix."""


def prefix_of(public_url: str | None) -> str:
    """Return the prefix in a URL, decoded; empty without one."""
    return prefix(unquote(urlsplit(public_url or "").path))


class Prefixed:
    """An ASGI application whose requests are all below a prefix, whether their paths have it or not.

    What mounts the application may name another prefix; clients use this one.

    Args:
        app: The application.
        root: The prefix, decoded; empty for none.

    """

    def __init__(self, app: ASGIApp, root: str) -> None:
        self._app = app
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._root and scope["type"] == ScopeType.HTTP:
            scope = self._placed(scope)
        await self._app(scope, receive, send)

    def _placed(self, scope: Any) -> Any:
        before = Place.of(scope)
        root, path = before.root, before.path
        if is_below(path, self._root) and _first(path[len(self._root) :]) in PATHS:
            root, path = root + self._root, path[len(self._root) :] or "/"
        scope = dict(scope)
        Place(self._root, path).apply(scope)
        raw = scope.get("raw_path")
        if raw is not None:
            # the path as it was sent is kept, because other spellings of a path are refused by it
            scope["raw_path"] = in_url(self._root).encode() + _without(raw, root, path)
        return scope


def _first(path: str) -> str:
    return path.removeprefix("/").partition("/")[0]


def _without(raw: bytes, root: str, path: str) -> bytes:
    """Return a raw path without the prefix that it begins with, if any."""
    below = b"/" + raw.split(b"/", root.count("/") + 1)[-1]
    return below if unquote_to_bytes(below).decode(errors="replace") == path else raw
