"""The dependencies and guards of a host's own routes.

Litestar copies each dependency with all that it refers to, and refuses one that has two names. So each is a function,
which is not copied, and each name gets one of its own.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic

from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from accounts_core import User
from accounts_core.model.profile_data import D
from accounts_core.results import Caller
from accounts_http.mounting import Place, prefix, require_single_prefix
from accounts_litestar.host.callers import RequestCallers

OPT_OUT: Final = "exclude_from_auth"
"""The key of `opt` with which a handler is left out of guards, as of Litestar's own authentication."""

Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]


class Dependencies(Generic[D]):
    """Makes the dependencies and the guards over one facade, and recognizes them."""

    def __init__(self, callers: RequestCallers[D]) -> None:
        self._callers = callers
        self._made: dict[Any, bool] = {}

    def current_user(self) -> Provide:
        async def current_user(scope: Scope) -> User[D]:
            return (await self._callers.require(ASGIConnection(scope))).user

        return self._provide(current_user)

    def optional_user(self) -> Provide:
        async def optional_user(scope: Scope) -> User[D] | None:
            caller = await self._callers.find(ASGIConnection(scope))
            return None if caller is None else caller.user

        return self._provide(optional_user, is_optional=True)

    def recent_user(self) -> Provide:
        async def recent_user(scope: Scope) -> User[D]:
            return (await self._callers.require_recent(ASGIConnection(scope))).user

        return self._provide(recent_user)

    def current_session(self) -> Provide:
        async def current_session(scope: Scope) -> Caller[D]:
            return await self._callers.require(ASGIConnection(scope))

        return self._provide(current_session)

    def optional_session(self) -> Provide:
        async def optional_session(scope: Scope) -> Caller[D] | None:
            return await self._callers.find(ASGIConnection(scope))

        return self._provide(optional_session, is_optional=True)

    def recent_session(self) -> Provide:
        async def recent_session(scope: Scope) -> Caller[D]:
            return await self._callers.require_recent(ASGIConnection(scope))

        return self._provide(recent_session)

    def by_name(self) -> dict[str, Provide]:
        """Return a new one of each, by its name."""
        made = (
            self.current_user,
            self.optional_user,
            self.recent_user,
            self.current_session,
            self.optional_session,
            self.recent_session,
        )
        return {each.__name__: each() for each in made}

    def signed_in(self) -> Guard:
        async def signed_in(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
            """Refuse a request without a valid access token."""
            if not handler.opt.get(OPT_OUT):
                await self._callers.require(connection)

        return self._guard(signed_in)

    def signed_in_recently(self) -> Guard:
        async def signed_in_recently(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
            """Refuse a request without a valid access token of a recent sign-in."""
            if not handler.opt.get(OPT_OUT):
                await self._callers.require_recent(connection)

        return self._guard(signed_in_recently)

    def needs_token(self, function: Any) -> bool | None:
        """Return whether a dependency or a guard needs a token; None if it is not one of these."""
        return self._made.get(function)

    def _provide(self, dependency: Callable[..., Any], *, is_optional: bool = False) -> Provide:
        self._made[dependency] = not is_optional
        return Provide(dependency)

    def _guard(self, guard: Guard) -> Guard:
        self._made[guard] = True
        return guard


def running_check(require_running: Callable[[], None], path: str) -> Callable[[Any], None]:
    """Return a check of the scope of a request to one of the API's own routes.

    It refuses requests while the lifespan of the application does not run, and where a mount doubles the API's prefix.
    """

    def check(scope: Any) -> None:
        require_running()
        if has_path:
            require_single_prefix(Place.of(scope).root, path)

    has_path = bool(prefix(path))
    return check
