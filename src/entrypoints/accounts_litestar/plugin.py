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
from litestar.plugins import InitPlugin

from accounts_core import Accounts
from accounts_http.card_verifications import CardVerifications
from accounts_http.mounting import Place
from accounts_http.options import HttpOptions
from accounts_http.problems import PROBLEM_TYPES
from accounts_http.proxies import TrustedProxies
from accounts_litestar.api.account import AccountApi
from accounts_litestar.api.auth import AuthApi
from accounts_litestar.api.endpoints import Endpoints, Service
from accounts_litestar.api.health import HealthApi
from accounts_litestar.api.invitations import InvitationsApi, SentInvitationsApi
from accounts_litestar.api.notifications import NotificationsApi
from accounts_litestar.api.recovery import RecoveryApi
from accounts_litestar.api.teams import TeamsApi
from accounts_litestar.api.user import UserApi
from accounts_litestar.api.webhooks import WebhookApi
from accounts_litestar.documentation.operations import COMPONENTS
from accounts_litestar.documentation.profile_schema import ProfileDocumentation, ProfileSchema
from accounts_litestar.edge.problems import Problems
from accounts_litestar.edge.proxies import behind

ENDPOINTS: Final[tuple[type[Endpoints], ...]] = (
    AccountApi,
    NotificationsApi,
    UserApi,
    TeamsApi,
    SentInvitationsApi,
    InvitationsApi,
    AuthApi,
    RecoveryApi,
)

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
        self._problems = Problems(retry_after_seconds=self._options.retry_after_seconds)
        self._verifications = CardVerifications(accounts, limit_seconds=self._options.verification_seconds)
        kind = accounts.profile_type
        self._profile = None if kind is None else ProfileSchema.of(kind.schema())
        self._service = Service(
            accounts=accounts,
            verifications=self._verifications,
            options=self._options,
            problems=self._problems,
            profile=self._profile,
            shows_profile=kind is not None and kind.stored,
        )
        # without a way to verify events, the path is the host's
        self._endpoints: tuple[type[Endpoints], ...] = (*ENDPOINTS, WebhookApi) if self._options.webhook else ENDPOINTS
        self._router = Router(
            self._options.path,
            route_handlers=[each(self._service).router() for each in self._endpoints],
            # each class by name, not only Exception: a host's handler for one of them is for its own routes
            exception_handlers={Exception: self._problems, **dict.fromkeys(PROBLEM_TYPES, self._problems)},
            request_max_body_size=self._options.body_limit_bytes,
            middleware=[behind(TrustedProxies(self._options.trusted_proxies))] if self._options.trusted_proxies else [],
            dto=None,
            return_dto=None,
        )

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add the routes to the application."""
        app_config.route_handlers.append(self._router)
        app_config.lifespan.append(self._lifespan)
        if app_config.openapi_config is not None:
            _add_components(app_config.openapi_config)
            if self._profile is not None:
                app_config.plugins.append(ProfileDocumentation(self._profile))
        unrouted = _Unrouted(self._problems, self._prefixes(), dict(app_config.exception_handlers))
        app_config.exception_handlers.update(unrouted.handlers())
        return app_config

    def health(self) -> Router:
        """Return the health checks of the same service, for an application that serves them too."""
        return HealthApi(self._service).router()

    def _prefixes(self) -> tuple[str, ...]:
        if self._options.path.strip("/"):
            return ("/" + self._options.path.strip("/"),)
        return tuple(endpoints.path for endpoints in self._endpoints)

    @asynccontextmanager
    async def _lifespan(self, _: Litestar) -> AsyncIterator[None]:
        """Wait for running verifications at the end, before the host's own lifespans close what they need."""
        yield
        await self._verifications.drain(limit_seconds=self._options.shutdown_seconds)


def _add_components(config: OpenAPIConfig) -> None:
    components = config.components if isinstance(config.components, list) else [config.components]
    if COMPONENTS not in components:
        config.components = [*components, COMPONENTS]


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
