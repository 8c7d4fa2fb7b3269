"""The API inside another Litestar app.

The host's own routes stay as they are: limits, error documents and strict parsing belong to the routes here. Only an
unknown path or method has no route, so Litestar uses the application's exception handlers for it. The plugin wraps
these: below the API's paths they answer as the API does, and the host's handlers are used for everything else.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, cast

from litestar import Litestar, Request, Response, Router
from litestar.config.app import AppConfig
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.exceptions.responses import create_exception_response
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components
from litestar.plugins import InitPlugin

from accounts_core import Accounts
from accounts_http.api.http_api import HttpApi
from accounts_http.mounting import Place
from accounts_http.options import HttpOptions
from accounts_http.problems import PROBLEM_TYPES
from accounts_http.proxies import TrustedProxies
from accounts_litestar.documentation.operations import ApiDocumentation, security_components
from accounts_litestar.edge.problems import Problems
from accounts_litestar.edge.proxies import behind
from accounts_litestar.routes import handlers_of

AREAS: Final = frozenset({"sign_in", "account", "user", "teams", "webhooks"})
"""The calls that are in every application with the plugin."""

_NOT_ROUTED: Final[tuple[type[HTTPException], ...]] = (NotFoundException, MethodNotAllowedException)

Handler = Callable[[Request[Any, Any, Any], Any], Response[Any]]
Handlers = Mapping[int | type[Exception], Handler]


class AccountsPlugin(InitPlugin):
    """Litestar plugin with every call of the API: `Litestar([...], plugins=[AccountsPlugin(accounts)])`.

    The host's OpenAPI document lists them. Only `create_app` adds health checks and the documentation page.

    Args:
        accounts: The facade that every call uses.
        options: The options of the API; the defaults otherwise.

    """

    def __init__(self, accounts: Accounts[Any], options: HttpOptions | None = None) -> None:
        self._options = options or HttpOptions()
        self.api = HttpApi(accounts, self._options)
        """The calls, without Litestar."""
        self._problems = Problems(retry_after_seconds=self._options.retry_after_seconds)
        self._calls = [call for call in self.api.calls if call.area in AREAS]
        self._router = Router(
            self._options.path,
            route_handlers=handlers_of(self.api, self._calls),
            # each class by name, not only Exception: a host's handler for one of them is for its own routes
            exception_handlers={Exception: self._problems, **dict.fromkeys(PROBLEM_TYPES, self._problems)},
            middleware=[behind(TrustedProxies(self._options.trusted_proxies))] if self._options.trusted_proxies else [],
            dto=None,
            return_dto=None,
        )

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add the routes to the application."""
        app_config.route_handlers.append(self._router)
        app_config.lifespan.append(self._lifespan)
        if app_config.openapi_config is not None:
            _add_components(app_config.openapi_config, security_components(self.api))
            app_config.plugins.append(ApiDocumentation())
        unrouted = _Unrouted(self._problems, self._prefixes(), dict(app_config.exception_handlers))
        app_config.exception_handlers.update(unrouted.handlers())
        return app_config

    def health(self) -> Router:
        """Return the health checks of the same service, for an application that serves them too."""
        return self._router_of("health", "/")

    def pages(self) -> Router:
        """Return the pages that emails link to, for an application that serves them too."""
        return self._router_of("pages", self._options.path)

    def _router_of(self, area: str, path: str) -> Router:
        return Router(path, route_handlers=handlers_of(self.api, (c for c in self.api.calls if c.area == area)))

    def _prefixes(self) -> tuple[str, ...]:
        if self._options.path.strip("/"):
            return ("/" + self._options.path.strip("/"),)
        return tuple({call.prefix: None for call in self._calls})

    @asynccontextmanager
    async def _lifespan(self, _: Litestar) -> AsyncIterator[None]:
        """Wait for running verifications at the end, before the host's own lifespans close what they need."""
        yield
        await self.api.verifications.drain(limit_seconds=self._options.shutdown_seconds)


def _add_components(config: OpenAPIConfig, added: Components) -> None:
    components = config.components if isinstance(config.components, list) else [config.components]
    if added not in components:
        config.components = [*components, added]


class _Unrouted:
    """The answers to unknown paths and methods."""

    def __init__(self, problems: Problems, prefixes: tuple[str, ...], host: Handlers) -> None:
        self._problems = problems
        self._prefixes = prefixes
        self._host = host

    def handlers(self) -> dict[int | type[Exception], Handler]:
        """Return the handlers to register in the application, in place of the host's for the same errors."""
        # Litestar looks for the status first, so a host's handler for 404 has to be wrapped where it is
        statuses = [error.status_code for error in _NOT_ROUTED if error.status_code in self._host]
        return dict.fromkeys([*_NOT_ROUTED, *statuses], self._handle)

    def _handle(self, request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        # Litestar's type says that there always is a handler; one of another application has mounted this one
        handler = cast("Mapping[str, Any]", request.scope).get("route_handler")
        if handler is not None and handler.app is request.app:
            return self._as_before(request, error, handler.resolve_exception_handlers())
        if self._is_ours(request):
            return self._problems(request, error)
        return self._as_before(request, error, self._host)

    def _is_ours(self, request: Request[Any, Any, Any]) -> bool:
        parts = [part for part in Place.of(request.scope).path.split("/") if part]
        cleaned = "/" + "/".join(parts) + "/"
        return any(cleaned.startswith(prefix + "/") for prefix in self._prefixes)

    def _as_before(self, request: Request[Any, Any, Any], error: Exception, handlers: Handlers) -> Response[Any]:
        """Use the handler that Litestar would: by status, then by the nearest class, then its default."""
        chain: list[int | type[Exception]] = [error.status_code] if isinstance(error, HTTPException) else []
        chain += [ancestor for ancestor in type(error).__mro__ if issubclass(ancestor, Exception)]
        for key in chain:
            handler = handlers.get(key)
            if handler == self._handle:
                handler = self._host.get(key)
            if handler is not None:
                response: Response[Any] = handler(request, error)
                return response
        return create_exception_response(request, error)
