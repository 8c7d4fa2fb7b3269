"""The signed-in user of a request of a host's own routes: one read of the store, however often it is asked for."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Generic

import attrs
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from accounts_core import Accounts
from accounts_core.model.profile_data import D
from accounts_core.results import Caller
from accounts_http.callers import authenticate, credentials_of, require_recent, touch
from accounts_http.errors import MissingToken
from accounts_http.headers import Headers, QueryString
from accounts_litestar.host.refusals import Refusals

Connection = ASGIConnection[Any, Any, Any, Any]

_KEY: Final = "accounts_litestar.callers"


@attrs.define(eq=False)
class _Kept(Generic[D]):
    """The caller of one request, as far as it is known. Dependencies of one request run at the same time."""

    lock: asyncio.Lock = attrs.field(factory=asyncio.Lock)
    caller: Caller[D] | None = None
    error: Exception | None = None


class RequestCallers(Generic[D]):
    """Finds the caller of a request, once."""

    def __init__(self, accounts: Accounts[D], refusals: Refusals, require_running: Callable[[], None]) -> None:
        self._accounts = accounts
        self._refusals = refusals
        self._require_running = require_running

    async def require(self, connection: Connection) -> Caller[D]:
        """Return the caller. Raises the refusal of a request without a valid token."""
        try:
            return await self._resolve(connection)
        except Exception as error:
            raise self._refusals.of(connection, error) from error

    async def require_recent(self, connection: Connection) -> Caller[D]:
        """Return the caller. Raises the refusal of a request without a valid token, or of one with an old sign-in."""
        try:
            return require_recent(await self._resolve(connection))
        except Exception as error:
            raise self._refusals.of(connection, error) from error

    async def find(self, connection: Connection) -> Caller[D] | None:
        """Return the caller; None if no token was sent. Raises the refusal of a token that is not valid."""
        try:
            return await self._resolve(connection)
        except MissingToken:
            return None
        except Exception as error:
            raise self._refusals.of(connection, error) from error

    def touching(self, app: ASGIApp) -> ASGIApp:
        """Return a middleware that records after the answer that the caller's session was used, if that is due."""

        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope, receive, send)
            kept = _all_kept(scope).get(self._key(scope)) if scope["type"] == ScopeType.HTTP else None
            if kept is not None and kept.caller is not None and kept.caller.touch_due:
                await touch(self._accounts, kept.caller)

        return call

    async def _resolve(self, connection: Connection) -> Caller[D]:
        scope = connection.scope
        kept: _Kept[D] = _all_kept(scope).setdefault(self._key(scope), _Kept())
        async with kept.lock:
            if kept.error is not None:
                raise kept.error
            if kept.caller is None:
                try:
                    self._require_running()
                    kept.caller = await authenticate(
                        self._accounts, Headers(scope["headers"]), QueryString(scope["query_string"])
                    )
                except Exception as error:
                    kept.error = error
                    raise
                if kept.caller.touch_due and scope["type"] == ScopeType.WEBSOCKET:
                    await touch(self._accounts, kept.caller)  # it may stay open for hours
            return kept.caller

    def _key(self, scope: Any) -> object:
        return self, credentials_of(Headers(scope["headers"]))


def _all_kept(scope: Any) -> dict[Any, Any]:
    kept: dict[Any, Any] = scope.setdefault(_KEY, {})
    return kept
