"""Base of the classes that have the calls of one area, and how a request becomes a call of a handler."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import or_
from types import UnionType
from typing import Any, ClassVar, Final, TypeVar, cast, get_args, get_origin

import attrs
import msgspec
from litestar import HttpMethod, Router, route
from litestar.handlers import HTTPRouteHandler
from litestar.types import Empty

from accounts_core import Accounts
from accounts_core.errors import EmailTaken, Invalid, WrongPassword
from accounts_core.results import Caller
from accounts_http.access_log import note_user
from accounts_http.card_verifications import CardVerifications
from accounts_http.errors import TooLarge
from accounts_http.idempotency import (
    Idempotency,
    IdempotentResponse,
    RequestOutcome,
    StoredAnswer,
    fingerprint_of_body,
    idempotency_key,
    run_idempotent,
)
from accounts_http.options import HttpOptions
from accounts_http.parameters import page_query
from accounts_http.schemas.profile import ProfileBody
from accounts_http.schemas.profile_data import answers_with_profile, body_with_profile, with_profile
from accounts_litestar.api.calls import Call, ListCall, SignedInCall
from accounts_litestar.api.routes import NO_CONTENT, Declared
from accounts_litestar.documentation.declarations import Route
from accounts_litestar.documentation.operations import handler_options
from accounts_litestar.documentation.profile_schema import ProfileSchema
from accounts_litestar.edge.answers import Answer
from accounts_litestar.edge.problems import Problems
from accounts_litestar.edge.reading import HttpRequest, access_token, headers_of, query_of, read, read_raw

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Service:
    """Everything that the handlers of one application share."""

    accounts: Accounts[Any]
    verifications: CardVerifications
    options: HttpOptions
    problems: Problems
    profile: ProfileSchema | None = None
    """The schema of the profile data, where a type is declared."""
    shows_profile: bool = False
    """Whether answers have the profile data: where it is stored with users."""


class Endpoints:
    """The calls of one area, as methods that are declared with `accounts_litestar.api.routes`."""

    path: ClassVar[str]
    tags: ClassVar[tuple[str, ...]]

    def __init__(self, service: Service) -> None:
        self.service = service

    def router(self) -> Router:
        """Return the calls as Litestar handlers, with HEAD beside each GET and OPTIONS on each path."""
        calls = [self._with_profile(each) for each in vars(type(self)).values() if isinstance(each, Declared)]
        handlers = [self._handler(each) for each in calls]
        heads = [self._head_handler(each) for each in calls if each.route.method is HttpMethod.GET]
        options = list(_options_handlers([each.route for each in calls]))
        return Router(self.path, route_handlers=[*options, *handlers, *heads], tags=list(self.tags))

    def _with_profile(self, declared: Declared) -> Declared:
        """Return a call with the profile data in its body and its example, if they are about a user."""
        called, profile = declared.route, self.service.profile
        if profile is None:
            return declared
        if called.body is not None and issubclass(called.body, ProfileBody):
            called = attrs.evolve(called, body=body_with_profile(called.body))
        if self.service.shows_profile and type(called.docs.example) in _WITH_PROFILE:
            example = with_profile(called.docs.example, profile.example)
            called = attrs.evolve(called, docs=attrs.evolve(called.docs, example=example))
        return attrs.evolve(declared, route=called)

    def _handler(self, declared: Declared) -> HTTPRouteHandler:
        called = declared.route
        return route(
            called.path,
            http_method=[called.method],
            status_code=called.status,
            request_max_body_size=Empty if called.body_limit_bytes is None else called.body_limit_bytes,
            **handler_options(called, self.service.profile),
        )(self._function(declared))

    def _head_handler(self, declared: Declared) -> HTTPRouteHandler:
        """Return a handler for HEAD that does the same as GET; the answer leaves its body out."""
        return route(
            declared.route.path,
            http_method=[HttpMethod.HEAD],
            status_code=declared.route.status,
            include_in_schema=False,
        )(self._function(declared))

    def _function(self, declared: Declared) -> Callable[[HttpRequest], Any]:
        """Return the function that Litestar calls, with the answer's type and the docstring that it documents."""

        async def handle(request: HttpRequest) -> Answer[Any]:
            return await self._run(declared, request)

        returned = declared.handler.__annotations__["return"]
        handle.__annotations__["return"] = _shown_type(returned) if self.service.shows_profile else returned
        handle.__doc__ = declared.handler.__doc__
        return handle

    async def _run(self, declared: Declared, request: HttpRequest) -> Answer[Any]:
        called, accounts = declared.route, self.service.accounts
        key = idempotency_key(headers_of(request)) if called.accepts_key else None
        if key is None or called.idempotency is None:
            return await self._call(declared, request, accounts, key)
        return await self._call_once(declared, called.idempotency, request, key)

    async def _call_once(
        self, declared: Declared, idempotency: Idempotency, request: HttpRequest, key: str
    ) -> Answer[Any]:
        caller = await authenticate(request, self.service.accounts)

        async def perform(accounts: Accounts[Any], work_key: str) -> RequestOutcome:
            answer = await self._call(declared, request, accounts, work_key)
            return RequestOutcome(stored(answer, declared.route.status), idempotency.is_final(answer.content))

        return answer_of(
            await run_idempotent(
                self.service.accounts,
                caller.user.id,
                key,
                method=request.method,
                path=request.url.path,
                fingerprint=await _fingerprint(request, declared.route),
                in_single_unit=idempotency.in_single_unit,
                perform=perform,
            )
        )

    async def _call(
        self, declared: Declared, request: HttpRequest, accounts: Accounts[Any], key: str | None
    ) -> Answer[Any]:
        """Authenticate, read the body and run the handler, on these accounts."""
        called = declared.route
        if not called.authenticates:
            body = await _body(request, called)
            call = Call(request=request, accounts=accounts, body=body, idempotency_key=key)
            return await declared.handler(self, call)
        caller = await authenticate(request, accounts)
        if called.page_size is not None:
            page = page_query(query_of(request), default=called.page_size)
            listing = ListCall(request=request, accounts=accounts, body=None, caller=caller, page=page)
            return await declared.handler(self, listing)
        body = await _body(request, called)
        signed_in = SignedInCall(request=request, accounts=accounts, body=body, caller=caller, idempotency_key=key)
        return await declared.handler(self, signed_in)


def _shown_type(answer: Any) -> Any:
    """Return the type of an answer, with the profile data wherever a user is in it."""
    if answer in _WITH_PROFILE:
        return _WITH_PROFILE[answer]
    inner = get_args(answer)
    changed = tuple(_shown_type(each) for each in inner)
    if changed == inner:
        return answer
    return reduce(or_, changed) if isinstance(answer, UnionType) else cast("Any", get_origin(answer))[changed]


_WITH_PROFILE: Final = answers_with_profile()


async def _body(request: HttpRequest, called: Route) -> Any:
    return None if called.body is None else await read(request, called.body)


async def authenticate(request: HttpRequest, accounts: Accounts[Any]) -> Caller:
    """Return the signed-in caller. Raises `MissingToken`, `Malformed` and `InvalidToken`."""
    caller = await accounts.authenticate(access_token(request), touch=False)  # `answer_to` does, after the answer
    note_user(caller.user.id)
    return caller


def stored(answer: Answer[Any], status: int) -> StoredAnswer:
    """Return an answer in the form in which it is stored; `status` is the route's."""
    body = b"" if answer.content is None else msgspec.json.encode(answer.content)
    return StoredAnswer(answer.status_code or status, str(answer.media_type), body)


def answer_of(response: IdempotentResponse) -> Answer[Any]:
    """Return the answer that was performed or replayed under an idempotency key."""
    answer = response.answer
    content = msgspec.Raw(answer.body) if answer.body else None
    return Answer(content, status_code=answer.status, media_type=answer.media_type, headers=response.headers)


async def _fingerprint(request: HttpRequest, called: Route) -> bytes:
    """Return the digest of the body. Raises `Malformed` for a body that did not arrive whole."""
    assert called.body is not None
    token = access_token(request)
    try:
        raw = await read_raw(request)
    except TooLarge:
        raw = None
    return fingerprint_of_body(raw, headers_of(request), model=called.body, token=token)


def _options_handlers(routes: Sequence[Route]) -> Iterator[HTTPRouteHandler]:
    """Return a handler for OPTIONS on each path, which lists the methods of all its calls.

    Litestar's own lists those of one handler alone (litestar#4169); it makes none where there is one already.
    """
    methods: dict[str, set[str]] = {}
    for called in routes:
        names = {called.method.value, HttpMethod.OPTIONS.value}
        names |= {HttpMethod.HEAD.value} if called.method is HttpMethod.GET else set()
        methods.setdefault(called.path, set()).update(names)
    for path, allowed in methods.items():
        yield _options_handler(path, ", ".join(sorted(allowed)))


def _options_handler(path: str, allowed: str) -> HTTPRouteHandler:
    @route(path, http_method=[HttpMethod.OPTIONS], status_code=NO_CONTENT, include_in_schema=False)
    async def options() -> Answer[None]:
        return Answer(None, headers={"allow": allowed})

    return options


@contextmanager
def field_names(names: Mapping[str, str]) -> Iterator[None]:
    """Name the fields of errors as the client spells them: `names` maps a use case's argument to a field."""
    try:
        yield
    except Invalid as error:
        if error.field not in names:
            raise
        kind = WrongPassword if isinstance(error, WrongPassword) else Invalid  # the log tells them apart
        raise kind(names[error.field], error.reason) from error


@contextmanager
def taken_is_invalid() -> Iterator[None]:
    """Report an address that is taken as an invalid field `email`, as the user API does."""
    try:
        yield
    except EmailTaken as error:
        raise Invalid("email", str(error)) from error
