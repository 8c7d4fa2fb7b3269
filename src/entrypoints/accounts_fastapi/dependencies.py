"""The dependencies of a host's own routes: who is signed in.

Each dependency is a security scheme of FastAPI as well, so that the host's OpenAPI document shows that a route needs an
access token. All dependencies of one request share one read of the store.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar, cast

from fastapi import BackgroundTasks
from fastapi.openapi.models import HTTPBearer
from fastapi.requests import HTTPConnection
from fastapi.security.base import SecurityBase

from accounts_core import Accounts, User
from accounts_core.model.profile_data import D
from accounts_core.results import Caller
from accounts_fastapi.problems import Problems
from accounts_http.callers import authenticate, credentials_of, require_recent, touch
from accounts_http.errors import MissingToken
from accounts_http.headers import Headers, QueryString

T = TypeVar("T")


class Dependency(SecurityBase, Generic[T]):
    """A dependency that returns a `T`: `Annotated[User, Depends(auth.current_user)]`."""

    def __init__(self, resolve: Callable[[HTTPConnection, BackgroundTasks], Awaitable[T]], scheme_name: str) -> None:
        self.model = HTTPBearer(description="An access token, from `POST /api/auth/login`.")
        self.scheme_name = scheme_name
        self._resolve = resolve

    async def __call__(self, connection: HTTPConnection, tasks: BackgroundTasks) -> T:
        """Return the value for a request, or raise the error that answers it."""
        return await self._resolve(connection, tasks)


class Dependencies(Generic[D]):
    """The six dependencies over one facade."""

    def __init__(self, accounts: Accounts[D], problems: Problems, require_running: Callable[[], None]) -> None:
        self._accounts = accounts
        self._problems = problems
        self._require_running = require_running

    async def session(self, connection: HTTPConnection, tasks: BackgroundTasks) -> Caller[D]:
        """Return the user and the session."""
        try:
            return await self._caller(connection, tasks)
        except Exception as error:
            self._problems.refuse(connection, error)
            raise

    async def optional_session(self, connection: HTTPConnection, tasks: BackgroundTasks) -> Caller[D] | None:
        """Return the user and the session; None if no token was sent."""
        try:
            return await self._caller(connection, tasks)
        except MissingToken:
            return None
        except Exception as error:
            self._problems.refuse(connection, error)
            raise

    async def recent_session(self, connection: HTTPConnection, tasks: BackgroundTasks) -> Caller[D]:
        """Return the user and the session of a recent sign-in."""
        try:
            return require_recent(await self._caller(connection, tasks))
        except Exception as error:
            self._problems.refuse(connection, error)
            raise

    async def user(self, connection: HTTPConnection, tasks: BackgroundTasks) -> User[D]:
        """Return the user."""
        return (await self.session(connection, tasks)).user

    async def optional_user(self, connection: HTTPConnection, tasks: BackgroundTasks) -> User[D] | None:
        """Return the user; None if no token was sent."""
        caller = await self.optional_session(connection, tasks)
        return None if caller is None else caller.user

    async def recent_user(self, connection: HTTPConnection, tasks: BackgroundTasks) -> User[D]:
        """Return the user of a recent sign-in."""
        return (await self.recent_session(connection, tasks)).user

    async def _caller(self, connection: HTTPConnection, tasks: BackgroundTasks) -> Caller[D]:
        """Return the caller, resolved at most once in a request."""
        scope = connection.scope
        headers = Headers(scope["headers"])
        kept: dict[object, Any] = scope.setdefault("accounts_fastapi", {})
        key = (self, credentials_of(headers))
        if key in kept:
            return cast("Caller[D]", kept[key])
        self._require_running()
        caller = await authenticate(self._accounts, headers, QueryString(scope["query_string"]))
        kept[key] = caller
        if caller.touch_due:
            if scope["type"] == "http":
                tasks.add_task(touch, self._accounts, caller)
            else:  # FastAPI runs no background tasks for a WebSocket
                await touch(self._accounts, caller)
        return caller
