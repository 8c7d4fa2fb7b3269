"""Base of the classes that have the calls of one area, and how a request becomes a call of a handler."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial, reduce
from inspect import cleandoc
from operator import or_
from types import UnionType
from typing import Any, ClassVar, Final, TypeVar, cast, get_args, get_origin

import attrs
import msgspec

from accounts_core import Accounts
from accounts_core.errors import EmailTaken, Invalid, WrongPassword
from accounts_http.api.answers import Answer, Streamed
from accounts_http.api.calls import Call, ListCall, SignedInCall
from accounts_http.api.http_calls import HttpCall, Perform
from accounts_http.api.problems import problem_answer
from accounts_http.api.requests import HttpRequest, access_token, path_of, read
from accounts_http.api.routes import NO_CONTENT, Declared
from accounts_http.callers import authenticate
from accounts_http.card_verifications import VerifiesCards
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
from accounts_http.openapi.declarations import Documented, Method
from accounts_http.openapi.profile_schema import ProfileSchema
from accounts_http.options import HttpOptions
from accounts_http.parameters import page_query
from accounts_http.problems import Problem
from accounts_http.readiness import Within, within
from accounts_http.schemas.profile import ProfileBody
from accounts_http.schemas.profile_data import answers_with_profile, body_with_profile, with_profile

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Service:
    """Everything that the handlers of one application share."""

    accounts: Accounts[Any]
    verifications: VerifiesCards
    options: HttpOptions
    within: Within = within
    """Limits the time of a readiness check."""
    profile: ProfileSchema | None = None
    """The schema of the profile data, where a type is declared."""
    shows_profile: bool = False
    """Whether answers have the profile data: where it is stored with users."""

    def problem(self, error: Exception, request: HttpRequest) -> Answer[Problem]:
        """Return the answer for an error of this request, and log it."""
        return problem_answer(
            error,
            request=f"{request.method} {request.path}",
            retry_after_seconds=self.options.retry_after_seconds,
        )


class Endpoints:
    """The calls of one area, as methods that are declared with `accounts_http.api.routes`."""

    path: ClassVar[str]
    area: ClassVar[str]
    tags: ClassVar[tuple[str, ...]]

    def __init__(self, service: Service) -> None:
        self.service = service

    def calls(self) -> list[HttpCall]:
        """Return the calls, with HEAD beside each GET and OPTIONS on each path."""
        declared = [self._with_profile(each) for each in vars(type(self)).values() if isinstance(each, Declared)]
        calls = [self._call_of(each) for each in declared]
        heads = [attrs.evolve(each, method="HEAD", documented=None) for each in calls if each.method == "GET"]
        return [*self._options_calls(calls), *calls, *heads]

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

    def _call_of(self, declared: Declared) -> HttpCall:
        called = declared.route
        path = self.path + called.path.rstrip("/")
        content = _content(declared.handler.__annotations__["return"])
        description = declared.handler.__doc__
        return self._http_call(
            called.method,
            path,
            status=called.status,
            body_limit_bytes=called.body_limit_bytes,
            documented=Documented(
                route=called,
                path=path,
                tags=self.tags,
                content=_shown_type(content) if self.service.shows_profile else content,
                description=None if description is None else cleandoc(description),
            ),
            perform=self._perform(declared),
        )

    def _http_call(
        self,
        method: Method,
        path: str,
        *,
        status: int,
        perform: Perform,
        body_limit_bytes: int | None = None,
        documented: Documented | None = None,
    ) -> HttpCall:
        return HttpCall(
            method=method,
            path=path,
            prefix=self.path,
            area=self.area,
            tags=self.tags,
            status=status,
            body_limit_bytes=body_limit_bytes or self.service.options.body_limit_bytes,
            documented=documented,
            perform=perform,
        )

    def _options_calls(self, calls: list[HttpCall]) -> Iterator[HttpCall]:
        """Return OPTIONS on each path, which lists the methods of all its calls."""
        of_path: dict[str, list[HttpCall]] = {}
        for call in calls:
            of_path.setdefault(call.path, []).append(call)
        for each in of_path.values():
            methods = {"OPTIONS"}.union(*({"GET", "HEAD"} if call.method == "GET" else {call.method} for call in each))
            perform = _allowing(", ".join(sorted(methods)))
            yield attrs.evolve(each[0], method="OPTIONS", status=NO_CONTENT, documented=None, perform=perform)

    def _perform(self, declared: Declared) -> Perform:
        called, idempotency = declared.route, declared.route.idempotency
        if not called.accepts_key:
            return partial(self._call, declared, self.service.accounts, None)

        async def perform(request: HttpRequest) -> Answer[Any] | Streamed:
            key = idempotency_key(request.headers)
            if key is None or idempotency is None:
                return await self._call(declared, self.service.accounts, key, request)
            return await self._call_once(declared, idempotency, key, request)

        return perform

    async def _call_once(
        self, declared: Declared, idempotency: Idempotency, key: str, request: HttpRequest
    ) -> Answer[Any]:
        caller = await authenticate(self.service.accounts, request.headers, request.query_string)

        async def perform(accounts: Accounts[Any], work_key: str) -> RequestOutcome:
            answer = await self._call(declared, accounts, work_key, request)
            assert isinstance(answer, Answer)
            return RequestOutcome(stored(answer, declared.route.status), idempotency.is_final(answer.content))

        return answer_of(
            await run_idempotent(
                self.service.accounts,
                caller.user.id,
                key,
                method=request.method,
                path=path_of(request),
                fingerprint=await self._fingerprint(request, declared),
                in_single_unit=idempotency.in_single_unit,
                perform=perform,
            )
        )

    async def _call(
        self, declared: Declared, accounts: Accounts[Any], key: str | None, request: HttpRequest
    ) -> Answer[Any] | Streamed:
        """Authenticate, read the body and run the handler, on these accounts."""
        called, body = declared.route, None
        caller = await authenticate(accounts, request.headers, request.query_string) if called.authenticates else None
        if called.body is not None:
            body = await read(request, called.body, limit_bytes=self._limit(declared))
        call: Call[Any]
        if caller is None:
            call = Call(request=request, accounts=accounts, body=body, idempotency_key=key)
        elif called.page_size is None:
            call = SignedInCall(request=request, accounts=accounts, body=body, caller=caller, idempotency_key=key)
        else:
            page = page_query(request.query_string, default=called.page_size)
            call = ListCall(request=request, accounts=accounts, body=None, caller=caller, page=page)
        answer = await declared.handler(self, call)
        answer.status = answer.status or called.status
        return answer

    async def _fingerprint(self, request: HttpRequest, declared: Declared) -> bytes:
        """Return the digest of the body. Raises `Malformed` for a body that did not arrive whole."""
        assert declared.route.body is not None
        token = access_token(request)
        try:
            raw = await request.body(self._limit(declared))
        except TooLarge:
            raw = None
        return fingerprint_of_body(raw, request.headers, model=declared.route.body, token=token)

    def _limit(self, declared: Declared) -> int:
        return declared.route.body_limit_bytes or self.service.options.body_limit_bytes


_WITH_PROFILE: Final = answers_with_profile()


def _content(answer: Any) -> Any:
    """Return the type of an answer's content, from the type that a handler returns."""
    return dict[str, Any] if answer is Streamed else get_args(answer)[0]


def _shown_type(content: Any) -> Any:
    """Return the type of an answer's content, with the profile data wherever a user is in it."""
    if content in _WITH_PROFILE:
        return _WITH_PROFILE[content]
    inner = get_args(content)
    changed = tuple(_shown_type(each) for each in inner)
    if changed == inner:
        return content
    return reduce(or_, changed) if isinstance(content, UnionType) else cast("Any", get_origin(content))[changed]


def _allowing(methods: str) -> Perform:
    async def perform(_: HttpRequest) -> Answer[None]:
        return Answer(None, status=NO_CONTENT, headers={"allow": methods})

    return perform


def stored(answer: Answer[Any], status: int) -> StoredAnswer:
    """Return an answer in the form in which it is stored; `status` is the route's."""
    return StoredAnswer(answer.status or status, answer.media_type, answer.encoded())


def answer_of(response: IdempotentResponse) -> Answer[Any]:
    """Return the answer that was performed or replayed under an idempotency key."""
    answer = response.answer
    content = msgspec.Raw(answer.body) if answer.body else None
    return Answer(content, status=answer.status, media_type=answer.media_type, headers=response.headers)


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
