"""`Idempotency-Key`: a write that a client may send again without its being done twice.

The first final answer is kept for 24 hours and given again with `Idempotent-Replayed: true`. What a retry is meant to
mend is not kept (`is_kept`). The effect and the kept answer are one transaction.

What is compared of two bodies are their fields, in whatever order and however escaped, and their media type. Only the
known fields that hold no secret are digested; the rest (passwords, unknown fields, nested values, a body that cannot be
read) goes into an HMAC under the access token, as `accounts_core.model.idempotency` describes.
"""

import copy
import json
from collections.abc import Awaitable, Callable
from functools import wraps
from hashlib import sha256
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlencode

import msgspec

from accounts_core import Accounts
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.idempotency import fingerprint_of
from accounts_core.model.ids import UserId
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.store import Store
from accounts_core.results import IdempotentAnswer, IdempotentResult
from accounts_litestar.answers import Answer
from accounts_litestar.bearer import token_of
from accounts_litestar.bodies import field_names, parse, read_raw
from accounts_litestar.edge import EdgeError, Malformed, TooLarge
from accounts_litestar.endpoints import Endpoints, HttpRequest, client_of
from accounts_litestar.problems import MEDIA_TYPE, Problem, as_shown, kind_of, problem_of

E = TypeVar("E", bound=Endpoints)
T = TypeVar("T")

HEADER: Final = "idempotency-key"
REPLAYED: Final = "idempotent-replayed"
MAX_KEY: Final = 255
NOT_KEPT: Final = frozenset({401, 403, 409, 429})
"""Statuses that a retry may end: a new token, a sign-in, a right granted, somebody else done, time."""
PASSWORD: Final = "password"  # noqa: S105  part of fields' names
"""Part of the name of each field that holds a password. A 422 on one is not kept: the person types it again."""


class _Kept(msgspec.Struct, array_like=True):
    """An answer as it is stored."""

    status: int
    media_type: str
    body: bytes


def repeatable(
    *, in_single_unit: bool = True, is_final: Callable[[Any], bool] = lambda _: True
) -> Callable[[Callable[[E, HttpRequest], Awaitable[Answer[T]]]], Callable[[E, HttpRequest], Awaitable[Answer[T]]]]:
    """Let a handler's call be repeated under a key.

    Without `in_single_unit` the handler commits on its way, and is told the request's key to make it one thing itself.
    `is_final` says of an answer's content whether a repeat is to get the same.
    """

    def decorate(
        handler: Callable[[E, HttpRequest], Awaitable[Answer[T]]],
    ) -> Callable[[E, HttpRequest], Awaitable[Answer[T]]]:
        @wraps(handler)
        async def call(self: E, request: HttpRequest) -> Answer[T]:
            key = idempotency_key(request)
            if key is None:
                return await handler(self, request)
            caller = await self.caller(request)
            user_id = caller.user.id
            scope = sha256(f"{user_id}\0{request.method}\0{request.url.path}\0{key}".encode()).digest()
            fingerprint = await _fingerprint(request)
            # of another body under the same key, the work is another one
            work_key = sha256(scope + fingerprint).hexdigest()

            # a conflict performs the request again: with the same hashes, and counted once
            accounts = self.accounts.for_one_request()

            async def perform(store: Store[Any]) -> IdempotentAnswer:
                acting = copy.copy(self)
                vars(acting).update(accounts=accounts.on(store), idempotency_key=work_key)
                return await _answered(lambda: handler(acting, request), request, is_final)

            performed = await accounts.run_idempotent(
                user_id, scope=scope, fingerprint=fingerprint, perform=perform, in_single_unit=in_single_unit
            )
            return cast("Answer[T]", _shown(performed))

        return call

    return decorate


async def sign_up_idempotent(
    accounts: Accounts[Any],
    request: HttpRequest,
    key: str,
    *,
    email: EmailAddress,
    password: str,
    sign_up: Callable[[Accounts[Any]], Awaitable[tuple[Answer[T], UserId | None]]],
) -> Answer[T]:
    """Let a sign-up be repeated under a key, which belongs to the address, however that is spelled.

    `sign_up` signs up on the accounts it is given, and returns the answer and the user it made, if it made one.
    """
    # no user's scope begins so
    scope = sha256(f"\0{request.method}\0{request.url.path}\0{email.key}\0{key}".encode()).digest()
    fields, is_json = parse(request, await read_raw(request))
    plain = _canonical({name: value for name, value in fields.items() if PASSWORD not in name}, is_json)

    once = accounts.for_one_request()

    async def perform(store: Store[Any], passwords: PasswordHasher) -> IdempotentAnswer:
        answer, user_id = await sign_up(once.on(store, passwords=passwords))
        is_final = answer.status_code not in NOT_KEPT
        return IdempotentAnswer(answer=_encoded(answer, request), is_final=is_final, took_effect=True, user_id=user_id)

    performed = await once.sign_up_idempotent(
        scope=scope, email=email, plain=plain, password=password, perform=perform, client=client_of(request)
    )
    return cast("Answer[T]", _shown(performed))


def idempotency_key(request: HttpRequest) -> str | None:
    """Return the request's key, or None without one. Raises `Malformed`."""
    keys = request.headers.getall(HEADER, [])
    if not keys:
        return None
    if len(keys) > 1:
        raise Malformed("Idempotency-Key is sent more than once.")
    (key,) = keys
    if not 1 <= len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        raise Malformed(f"An Idempotency-Key has 1 to {MAX_KEY} printable ASCII characters.")
    return str(key)


def is_kept(problem: Problem) -> bool:
    """Say whether a refusal is kept, so that a repeat gets it again."""
    if problem.status in NOT_KEPT or problem.status >= 500:
        return False
    return not any(PASSWORD in field.lower() for field in problem.errors or {})


async def _answered(
    handle: Callable[[], Awaitable[Answer[Any]]], request: HttpRequest, is_final: Callable[[Any], bool]
) -> IdempotentAnswer:
    try:
        answer = await handle()
    except Exception as error:
        shown = as_shown(error)
        kind = kind_of(shown)
        problem = problem_of(shown, kind)
        if not is_kept(problem):
            raise
        refusal = Answer(problem, status_code=kind.status, media_type=MEDIA_TYPE)
        return IdempotentAnswer(answer=_encoded(refusal, request), is_final=True, took_effect=False)
    return IdempotentAnswer(answer=_encoded(answer, request), is_final=is_final(answer.content), took_effect=True)


def _encoded(answer: Answer[Any], request: HttpRequest) -> bytes:
    body = b"" if answer.content is None else msgspec.json.encode(answer.content)
    status = answer.status_code or cast("Any", request.route_handler).status_code
    return msgspec.msgpack.encode(_Kept(status=status, media_type=str(answer.media_type), body=body))


def _shown(performed: IdempotentResult) -> Answer[Any]:
    kept = msgspec.msgpack.decode(performed.answer, type=_Kept)
    content = msgspec.Raw(kept.body) if kept.body else None
    headers = {REPLAYED: "true"} if performed.is_replayed else {}
    return Answer(content, status_code=kept.status, media_type=kept.media_type, headers=headers)


async def _fingerprint(request: HttpRequest) -> bytes:
    """Return what tells another body apart. Raises `Malformed` for a body that did not arrive whole."""
    token = token_of(request.scope)
    try:
        raw = await read_raw(request)
    except TooLarge:  # refused, whatever it says
        return fingerprint_of(b"unread", secrets=b"", token=token)
    try:
        fields, is_json = parse(request, raw)
    except EdgeError:
        return fingerprint_of(b"unread", secrets=raw, token=token)
    known = field_names(cast("Any", request.route_handler).operation_class.body)
    plain = {name: value for name, value in fields.items() if name in known and _is_plain(name, value)}
    secret = {name: value for name, value in fields.items() if name not in plain}
    secrets = _canonical(secret, is_json) if secret else None
    return fingerprint_of(_canonical(plain, is_json), secrets=secrets, token=token)


def _is_plain(name: str, value: object) -> bool:
    return PASSWORD not in name.lower() and not isinstance(value, dict | list)


def _canonical(fields: dict[str, Any], is_json: bool) -> bytes:
    text = json.dumps(fields, sort_keys=True) if is_json else urlencode(sorted(fields.items()))
    return text.encode()
