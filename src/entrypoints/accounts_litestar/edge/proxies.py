"""Trusted proxies as a Litestar middleware."""

from collections.abc import Callable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from accounts_http.proxies import TrustedProxies


def behind(proxies: TrustedProxies) -> Callable[[ASGIApp], ASGIApp]:
    """Return a middleware that sets client and scheme to those that these proxies forward."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == ScopeType.HTTP:
                proxies.apply(scope)
            await app(scope, receive, send)

        return call

    return wrap
