from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final, TypeVar, cast

import msgspec
from litestar import Controller, HttpMethod, Request, route
from litestar.background_tasks import BackgroundTask
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from accounts_core import Accounts
from accounts_core.errors import EmailTaken, InfrastructureError, Invalid, InvalidToken, WrongPassword
from accounts_core.model.ids import UserId
from accounts_core.results import Caller
from accounts_litestar.answers import Answer
from accounts_litestar.bearer import token_of
from accounts_litestar.edge import MissingToken
from accounts_litestar.options import HttpOptions
from accounts_litestar.problems import Problems, logger
from accounts_litestar.requests import asked_by
from accounts_litestar.streaming import Streamed
from accounts_litestar.verifying import Verifying

T = TypeVar("T")

HttpRequest = Request[Any, Any, Any]

NO_CONTENT: Final = 204
ACCEPTED: Final = 202


class Endpoints(Controller):
    """Handlers that share one `Accounts`. They take the request and nothing else: each injected argument costs time."""

    accounts: ClassVar[Accounts[Any]]
    verifying: ClassVar[Verifying]
    options: ClassVar[HttpOptions]
    problems: ClassVar[Problems]
    idempotency_key: ClassVar[str | None] = None
    """Names the request, while one that came with an idempotency key is performed."""

    def get_route_handlers(self) -> list[BaseRouteHandler]:
        """Return the handlers, one for HEAD beside each GET, and before them one for OPTIONS on each path.

        Litestar's own OPTIONS names the methods of one handler alone (litestar#4169); it makes none where there is one
        already.
        """
        handlers = super().get_route_handlers()
        handlers += list(self._head_handlers(handlers))
        return [*self._options_handlers(handlers), *handlers]

    def _head_handlers(self, handlers: Sequence[BaseRouteHandler]) -> Iterator[BaseRouteHandler]:
        """Make a handler for HEAD of each for GET: it does the same, and the answer leaves its body out."""
        for handler in handlers:
            if isinstance(handler, HTTPRouteHandler) and HttpMethod.GET in handler.http_methods:
                head = route(
                    sorted(handler.paths),
                    http_method=[HttpMethod.HEAD],
                    status_code=handler.status_code,
                    include_in_schema=False,
                )(handler.fn)
                head.owner = self
                yield head

    def _options_handlers(self, handlers: Sequence[BaseRouteHandler]) -> Iterator[BaseRouteHandler]:
        methods: dict[str, set[str]] = defaultdict(lambda: {HttpMethod.OPTIONS.value})
        for handler in handlers:
            if isinstance(handler, HTTPRouteHandler):
                for path in handler.paths:
                    methods[path] |= handler.http_methods
        for path, allowed in methods.items():
            handler = _options_handler(path, ", ".join(sorted(allowed)))
            handler.owner = self
            yield handler

    async def caller(self, request: HttpRequest) -> Caller:
        """Return who is asking. Raises `MissingToken`, `Malformed` and `InvalidToken`."""
        caller = await self.accounts.authenticate(token_of(request.scope))
        asked_by(caller.user.id)
        return caller

    async def caller_if_any(self, request: HttpRequest) -> UserId | None:
        """Return the id of who is asking, where a call may be made without a token; None for a token that is not valid.

        Raises `Malformed`.
        """
        try:
            return (await self.accounts.authenticate(token_of(request.scope))).user.id
        except (MissingToken, InvalidToken):
            return None

    def answer(self, caller: Caller, content: T, *, headers: dict[str, str] | None = None) -> Answer[T]:
        """Answer somebody who is signed in, and afterwards note the use of their session, if that is due."""
        if caller.touch_due:
            return Answer(content, headers=headers, background=BackgroundTask(self._touch, caller.session.id))
        return Answer(content, headers=headers)

    def stream(self, caller: Caller, chunks: AsyncGenerator[bytes, None]) -> Streamed:
        """Answer as `answer` does, with a JSON document that is made while it is sent."""
        if caller.touch_due:
            return Streamed(chunks, background=BackgroundTask(self._touch, caller.session.id))
        return Streamed(chunks)

    async def _touch(self, session_id: str) -> None:
        try:
            await self.accounts.touch_session(session_id)
        except InfrastructureError as error:
            logger.warning("The use of a session could not be noted: %s", error)


def serving(
    endpoints: type[Endpoints],
    accounts: Accounts[Any],
    *,
    verifying: Verifying,
    options: HttpOptions,
    problems: Problems,
) -> type[Endpoints]:
    """Return the endpoints over these accounts: a class of their own, so that one process can have several."""
    shared = {"accounts": accounts, "verifying": verifying, "options": options, "problems": problems}
    return cast("type[Endpoints]", type(endpoints.__name__, (endpoints,), shared))


def _options_handler(path: str, allowed: str) -> BaseRouteHandler:
    @route(path, http_method=[HttpMethod.OPTIONS], status_code=NO_CONTENT, include_in_schema=False)
    async def options() -> Answer[None]:
        return Answer(None, headers={"allow": allowed})

    return options


def client_of(request: HttpRequest) -> str | None:
    """Return the address that the request came from, where the server knows it."""
    client = request.scope.get("client")
    return client[0] if client else None


@contextmanager
def spelled(names: Mapping[str, str]) -> Iterator[None]:
    """Name the fields of errors as the client spells them: `names` has its word for a use case's argument."""
    try:
        yield
    except Invalid as error:
        if error.field not in names:
            raise
        kind = WrongPassword if isinstance(error, WrongPassword) else Invalid  # the log tells them apart
        raise kind(names[error.field], error.reason) from error


@contextmanager
def taken_is_invalid() -> Iterator[None]:
    """Say of an address that is taken that the field `email` is not valid, as the user API does."""
    try:
        yield
    except EmailTaken as error:
        raise Invalid("email", str(error)) from error


def given(value: T | msgspec.UnsetType) -> T | None:
    """Return a field's value, or None for one that was not sent."""
    return None if value is msgspec.UNSET else value
