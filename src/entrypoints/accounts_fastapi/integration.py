"""The integration of the accounts in a FastAPI application: `FastAPIAccounts`."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Annotated, Any, Generic, Literal
from weakref import WeakKeyDictionary

import attrs
from fastapi import APIRouter, Depends, FastAPI

from accounts_core import Accounts, User
from accounts_core.errors import ConfigurationError
from accounts_core.model.profile_data import D
from accounts_core.results import Caller
from accounts_fastapi.dependencies import Dependencies, Dependency
from accounts_fastapi.documentation import Documentation
from accounts_fastapi.problems import Handlers, Problems
from accounts_fastapi.routing import Routers
from accounts_http.api.http_api import AREAS, HttpApi
from accounts_http.hosting import Hosting
from accounts_http.options import HttpOptions
from accounts_system.worker import Worker

_installed: WeakKeyDictionary[FastAPI, dict[str, "FastAPIAccounts[Any]"]] = WeakKeyDictionary()


class FastAPIAccounts(Generic[D]):
    """User accounts in a FastAPI application.

        auth = FastAPIAccounts(accounts, migrate=True, worker=True)
        app = FastAPI()
        auth.install(app)


        @app.get("/me")
        async def me(user: Annotated[User, Depends(auth.current_user)]) -> dict[str, str]:
            return {"name": user.name}

    Args:
        accounts: The facade that every call uses.
        options: The options of the HTTP API. The Authorize button of the application's documentation signs in with
            email and password, unless `password_form` is False.
        migrate: Whether to bring the database up to date at the start.
        worker: Whether to run a worker beside the requests, or a worker of your own.
        name: The name of these accounts, for an application that has several: it begins the names of their security
            schemes and operations in the OpenAPI document.

    """

    current_user: Dependency[User[D]]
    """The signed-in user; 401 without one."""
    optional_user: Dependency[User[D] | None]
    """The signed-in user; None if no token was sent. A token that is not valid is refused with 401."""
    recent_user: Dependency[User[D]]
    """The signed-in user; 403 if the sign-in is longer ago than `Policy.reauthentication`."""
    current_session: Dependency[Caller[D]]
    """As `current_user`, with the session."""
    optional_session: Dependency[Caller[D] | None]
    """As `optional_user`, with the session."""
    recent_session: Dependency[Caller[D]]
    """As `recent_user`, with the session."""

    def __init__(
        self,
        accounts: Accounts[D],
        *,
        options: HttpOptions | None = None,
        migrate: bool = False,
        worker: bool | Worker = False,
        name: str = "accounts",
    ) -> None:
        if not name.isidentifier():
            raise ConfigurationError(f"The name {name!r} is not an identifier: names of operations begin with it.")
        options = options or HttpOptions()
        if options.password_form is None:
            options = attrs.evolve(options, password_form=True)
        self._accounts = accounts
        self._name = name
        self._hosting = Hosting(
            accounts, migrate=migrate, worker=worker, drain=self._drain, shutdown_seconds=options.shutdown_seconds
        )
        self._api = HttpApi(accounts, attrs.evolve(options, wake_worker=options.wake_worker or self._hosting.wake))
        self._documentation = Documentation(self._api, name)
        self._problems = Problems(retry_after_seconds=options.retry_after_seconds)
        self._add_dependencies()
        self._routers = Routers(self._api, self._documentation, self._hosting.require_running)
        self._in_transaction: dict[object, Callable[..., Any]] = {}

    def _add_dependencies(self) -> None:
        made = Dependencies(self._accounts, self._problems, self._hosting.require_running)
        scheme = self._documentation.bearer
        self.current_user = Dependency(made.user, scheme)
        self.optional_user = Dependency(made.optional_user, scheme)
        self.recent_user = Dependency(made.recent_user, scheme)
        self.current_session = Dependency(made.session, scheme)
        self.optional_session = Dependency(made.optional_session, scheme)
        self.recent_session = Dependency(made.recent_session, scheme)

    async def _drain(self, seconds: float) -> None:
        await self._api.verifications.drain(limit_seconds=seconds)

    @cached_property
    def router(self) -> APIRouter:
        """All calls and the pages of mails; without the health checks."""
        return self._routers.of(*(area for area in AREAS if area != "health"))

    @cached_property
    def sign_in_router(self) -> APIRouter:
        """Sign-up, sign-in, sessions and password resets."""
        return self._routers.of("sign_in")

    @cached_property
    def account_router(self) -> APIRouter:
        """The account API: the user, cards, notifications; and the provider's events, if `options` verify them."""
        return self._routers.of("account", "webhooks")

    @cached_property
    def user_router(self) -> APIRouter:
        """The user API: the user, activity, export, deletion."""
        return self._routers.of("user")

    @cached_property
    def teams_router(self) -> APIRouter:
        """Teams, members and invitations."""
        return self._routers.of("teams")

    @cached_property
    def pages_router(self) -> APIRouter:
        """The pages that mails link to."""
        return self._routers.of("pages")

    @cached_property
    def health_router(self) -> APIRouter:
        """The health checks, which `router` leaves out."""
        return self._routers.of("health")

    def install(self, app: FastAPI) -> None:
        """Add everything to an application: routes, problem handlers, lifespan, components of its OpenAPI document.

        Handlers, lifespan and documents that the application has of its own stay as they are: an exception handler is
        registered only where it has none, and its lifespan runs within ours. A second time nothing is added.

        Raises:
            ConfigurationError: Other accounts of the same name are installed; the application has started, as within
                its lifespan; or a dependency of all its routes asks for a user, so that nobody could sign in.

        """
        installed = _installed.setdefault(app, {})
        if installed.get(self._name) is self:
            return
        if app.middleware_stack is not None:
            raise ConfigurationError(
                "The application has started, so its exception handlers and its lifespan are fixed. Call install(app)"
                " where you make the application, not in a lifespan or a request."
            )
        needed = (self.current_user, self.current_session, self.recent_user, self.recent_session)
        if any(each.dependency in needed for each in app.router.dependencies):
            raise ConfigurationError(
                "A dependency of the application asks for a signed-in user, on sign-in as well: nobody could sign in."
                " Give it to routers of your own, APIRouter(dependencies=[...]), not FastAPI(dependencies=[...])."
            )
        if installed.setdefault(self._name, self) is not self:
            raise ConfigurationError(
                f"Other accounts named {self._name!r} are installed in this application. Give one of them a name:"
                " FastAPIAccounts(..., name='staff')."
            )
        app.include_router(self.router)
        for cls, handler in self.exception_handlers.items():
            app.exception_handlers.setdefault(cls, handler)
        own: Any = app.router.lifespan_context

        @asynccontextmanager
        async def lifespan(started: FastAPI) -> AsyncIterator[Any]:
            self._document(app)  # the host may have replaced its document meanwhile
            async with self.lifespan(started), own(started) as state:
                yield state

        app.router.lifespan_context = lifespan
        self._document(app)

    @asynccontextmanager
    async def lifespan(self, app: FastAPI | None = None) -> AsyncIterator[None]:
        """Start and stop with an application: migrate, run the worker, and close at the end.

        `install` does so. For an application that is mounted in another one, whose lifespan has to enter this.
        """
        del app
        async with self._hosting.running():
            yield

    @property
    def exception_handlers(self) -> Handlers:
        """The handlers that answer errors of the accounts with problem documents, by class. `install` adds them."""
        return self._problems.handlers

    @property
    def openapi_components(self) -> dict[str, Any]:
        """The components of the OpenAPI document that `complete_openapi` adds."""
        return self._api.components

    def complete_openapi(self, document: dict[str, Any]) -> dict[str, Any]:
        """Add the components to an OpenAPI document of the application and return it. `install` does so.

        For an application that makes its own document, and whose lifespan does not run.
        """
        return self._documentation.complete(document)

    def in_transaction(
        self, get_session: Callable[..., Any], *, scope: Literal["function", "request"] | None = None
    ) -> Callable[..., Any]:
        """Return a dependency: the accounts inside the transaction of the host's session.

        The host commits or rolls back. Declare `scope` as you do for the session itself: two different ones are two
        sessions. With `"function"` the session's transaction ends before the answer is sent.

        Args:
            get_session: The host's dependency, which returns or yields an `AsyncSession` or an `AsyncConnection`.
            scope: The scope of `get_session`.

        """
        key = (get_session, scope)
        if key not in self._in_transaction:
            session = Depends(get_session) if scope is None else Depends(get_session, scope=scope)

            async def accounts_in_transaction(session: Annotated[Any, session]) -> Accounts[D]:
                return self._accounts.in_transaction(session)

            self._in_transaction[key] = accounts_in_transaction
        return self._in_transaction[key]

    def _document(self, app: FastAPI) -> None:
        """Complete what the application returns as its OpenAPI document, if that is not done yet."""
        own = app.openapi
        if self in getattr(own, _COMPLETED_BY, ()):
            return

        def openapi() -> dict[str, Any]:
            return self._documentation.complete(own())

        setattr(openapi, _COMPLETED_BY, (self, *getattr(own, _COMPLETED_BY, ())))
        app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation does


_COMPLETED_BY = "accounts_fastapi_completed_by"
