"""The API inside another Litestar app.

The host's own routes stay as they are: limits, error documents and strict parsing belong to the routes here. What they
may use of the plugin is in `host`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import copy
from typing import Any, Final, Generic

import attrs
from litestar import Litestar, Router
from litestar.config.app import AppConfig
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components
from litestar.plugins import InitPlugin, ReceiveRoutePlugin
from litestar.routes import BaseRoute
from litestar.types import Empty

from accounts_core import Accounts
from accounts_core.model.profile_data import D
from accounts_http.api.http_api import HttpApi
from accounts_http.hosting import Hosting
from accounts_http.options import HttpOptions
from accounts_http.problems import PROBLEM_TYPES
from accounts_http.proxies import TrustedProxies
from accounts_litestar.documentation.operations import ApiDocumentation, security_components
from accounts_litestar.edge.problems import Problems
from accounts_litestar.edge.proxies import behind
from accounts_litestar.host.callers import RequestCallers
from accounts_litestar.host.dependencies import OPT_OUT, Dependencies, Guard, running_check
from accounts_litestar.host.refusals import Refusals, Refused, answer
from accounts_litestar.host.routes import HostRoutes
from accounts_litestar.host.transactions import accounts_in
from accounts_litestar.host.unrouted import Unrouted
from accounts_litestar.routes import handlers_of
from accounts_system import Worker

AREAS: Final = frozenset({"sign_in", "account", "user", "teams", "webhooks", "pages"})
"""The calls that are in every application with the plugin."""


class AccountsPlugin(InitPlugin, ReceiveRoutePlugin, Generic[D]):
    """Litestar plugin with every call of the API, and what a host's own routes need.

        auth = AccountsPlugin(accounts, migrate=True, worker=True)


        @get("/me")
        async def me(current_user: NamedDependency[User]) -> dict[str, str]:
            return {"name": current_user.name}


        app = Litestar([me], plugins=[auth])

    The host's OpenAPI document lists the calls. Only `create_app` adds health checks and the documentation page.

    The dependencies `current_user`, `optional_user`, `recent_user`, `current_session`, `optional_session` and
    `recent_session` are known to every handler by these names, unless the host has one of the name. All dependencies
    and guards of one request share one read of the store.

    Args:
        accounts: The facade that every call uses.
        options: The options of the API; the defaults otherwise. The document's Authorize button signs in with email and
            password, unless `password_form` is False.
        migrate: Whether to bring the database up to date when the application starts.
        worker: Whether to run a worker beside the requests, or a worker of your own.

    """

    api: HttpApi
    """The calls, without Litestar."""
    signed_in: Guard
    """A guard, `guards=[auth.signed_in]`: 401 without a valid access token. A handler with
    `opt={"exclude_from_auth": True}` is left out."""
    signed_in_recently: Guard
    """As `signed_in`, and 403 if the sign-in is longer ago than `Policy.reauthentication`."""

    def __init__(
        self,
        accounts: Accounts[D],
        options: HttpOptions | None = None,
        *,
        migrate: bool = False,
        worker: bool | Worker = False,
    ) -> None:
        options = options or HttpOptions()
        if options.password_form is None:
            options = attrs.evolve(options, password_form=True)
        self._accounts = accounts
        self.hosting = Hosting(
            accounts,
            migrate=migrate,
            worker=worker,
            drain=lambda seconds: self.api.verifications.drain(limit_seconds=seconds),
            closes=migrate or bool(worker),  # otherwise the host starts and stops what its accounts need
            shutdown_seconds=options.shutdown_seconds,
        )
        """The migration, the worker and the end of the accounts, in the application's lifespan."""
        self._options = attrs.evolve(options, wake_worker=options.wake_worker or self.hosting.wake)
        self.api = HttpApi(accounts, self._options)
        self._refusals = Refusals(retry_after_seconds=options.retry_after_seconds)
        self._callers = RequestCallers(accounts, self._refusals, self.hosting.require_running)
        self._dependencies = Dependencies(self._callers)
        self._host_routes = HostRoutes(
            self._dependencies, list(self.api.security_schemes), after=self._callers.touching
        )
        self.signed_in = self._dependencies.signed_in()
        self.signed_in_recently = self._dependencies.signed_in_recently()
        self._problems = Problems(retry_after_seconds=self._options.retry_after_seconds)
        self._calls = [call for call in self.api.calls if call.area in AREAS]

    @property
    def current_user(self) -> Provide:
        """The signed-in user; 401 without one: `dependencies={"me": auth.current_user}`."""
        return self._dependencies.current_user()

    @property
    def optional_user(self) -> Provide:
        """The signed-in user; None if no token was sent. A token that is not valid is refused with 401."""
        return self._dependencies.optional_user()

    @property
    def recent_user(self) -> Provide:
        """The signed-in user; 403 if the sign-in is longer ago than `Policy.reauthentication`."""
        return self._dependencies.recent_user()

    @property
    def current_session(self) -> Provide:
        """As `current_user`, with the session."""
        return self._dependencies.current_session()

    @property
    def optional_session(self) -> Provide:
        """As `optional_user`, with the session."""
        return self._dependencies.optional_session()

    @property
    def recent_session(self) -> Provide:
        """As `recent_user`, with the session."""
        return self._dependencies.recent_session()

    @property
    def exception_handlers(self) -> dict[int | type[Exception], Any]:
        """Handlers for routes of the host that call the accounts: `exception_handlers=auth.exception_handlers`.

        They answer errors such as `EmailTaken` with problem documents. Without them such errors are the host's.
        """
        return self._refusals.handlers()

    def in_transaction(self, session: str = "db_session") -> Provide:
        """Return a dependency: the accounts inside the transaction of the host's session, which commits or rolls back.

            @post("/shops", dependencies={"inside": auth.in_transaction("db_session")})
            async def open_shop(inside: AccountsInTransaction, db_session: NamedDependency[AsyncSession]) -> None: ...

        Args:
            session: The name of the host's dependency that gives an `AsyncSession` or an `AsyncConnection`.

        """
        return accounts_in(session, self._accounts.in_transaction)

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add the routes to the application."""
        first = next(each for each in app_config.plugins if isinstance(each, AccountsPlugin))
        # each operation of a document has an id of its own
        app_config.route_handlers.append(self._router(in_document=first is self))
        app_config.lifespan.append(self._lifespan)
        app_config.dependencies = {**self._dependencies.by_name(), **app_config.dependencies}
        # a new dictionary: the host may give its own to other applications as well
        handlers = {Refused: answer, **app_config.exception_handlers}
        if first is self and app_config.openapi_config is not None:
            app_config.openapi_config = _with_components(
                app_config.openapi_config, security_components(self.api, app_config.path)
            )
            app_config.plugins.append(ApiDocumentation())
        prefixes = tuple({call.prefix: None for call in self._calls})
        unrouted = Unrouted(self._problems, self._options.path, prefixes, handlers, app_path=app_config.path)
        app_config.exception_handlers = {**handlers, **unrouted.handlers()}
        return app_config

    def receive_route(self, route: BaseRoute) -> None:
        """Complete a route of the host, by the dependencies and guards that it uses."""
        self._host_routes.complete(route)

    def health(self) -> Router:
        """Return the health checks of the same service, for an application that serves them too."""
        return self._router_of("health", "/")

    def _router(self, *, in_document: bool) -> Router:
        """Return a router with the calls for one application."""
        proxies = self._options.trusted_proxies
        return Router(
            self._options.path,
            route_handlers=handlers_of(
                self.api, self._calls, check=running_check(self.hosting.require_running, self._options.path)
            ),
            # each class by name, not only Exception: a host's handler for one of them is for its own routes
            exception_handlers={Exception: self._problems, **dict.fromkeys(PROBLEM_TYPES, self._problems)},
            middleware=[behind(TrustedProxies(proxies))] if proxies else [],
            dto=None,
            return_dto=None,
            include_in_schema=Empty if in_document else False,
            # a host's own authentication leaves sign-in alone; tokens are in no cookie, so there is nothing to forge
            opt={OPT_OUT: True, "exclude_from_csrf": True},
        )

    def _router_of(self, area: str, path: str) -> Router:
        return Router(path, route_handlers=handlers_of(self.api, (c for c in self.api.calls if c.area == area)))

    @asynccontextmanager
    async def _lifespan(self, _: Litestar) -> AsyncIterator[None]:
        """Start at the beginning, and stop at the end, before the host's own lifespans close what is needed for it."""
        async with self.hosting.running():
            yield


def _with_components(config: OpenAPIConfig, added: Components) -> OpenAPIConfig:
    """Return a copy with these components. Applications may share one configuration, as Litestar's default is."""
    components = config.components if isinstance(config.components, list) else [config.components]
    changed = copy(config)
    changed.components = [*components, added]
    return changed
