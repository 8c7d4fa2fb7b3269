"""`Idempotency-Key`: a write that a client may send again without its being done twice.

The first final answer is kept for 24 hours and given again with `Idempotent-Replayed: true`. What may end otherwise the
next time (401, 409, 429, 5xx, a challenge) is not kept. The effect and the kept answer are one transaction.
"""

import copy
import json
from collections.abc import Awaitable, Callable
from functools import wraps
from hashlib import sha256
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlencode

import msgspec

from accounts_core.ports.store import Store
from accounts_core.use_cases.perform_once import Answered
from accounts_litestar.answers import JSON, Answer
from accounts_litestar.bodies import parse_form, parse_json, read_raw
from accounts_litestar.edge import EdgeError, Malformed
from accounts_litestar.endpoints import Endpoints, HttpRequest
from accounts_litestar.problems import Problems, kind_of

E = TypeVar("E", bound=Endpoints)
T = TypeVar("T")

HEADER: Final = "idempotency-key"
REPLAYED: Final = "idempotent-replayed"
MAX_KEY: Final = 255
NOT_KEPT: Final = frozenset({401, 409, 429})


class _Kept(msgspec.Struct, array_like=True):
    """An answer as it is stored."""

    status: int
    media_type: str
    body: bytes


def repeatable(
    *, in_one_unit: bool = True, is_final: Callable[[Any], bool] = lambda _: True
) -> Callable[[Callable[[E, HttpRequest], Awaitable[Answer[T]]]], Callable[[E, HttpRequest], Awaitable[Answer[T]]]]:
    """Let a handler's call be repeated under a key.

    Without `in_one_unit` the handler commits on its way, and is told the request's key to make it one thing itself.
    `is_final` says of an answer's content whether a repeat is to get the same.
    """

    def decorate(
        handler: Callable[[E, HttpRequest], Awaitable[Answer[T]]],
    ) -> Callable[[E, HttpRequest], Awaitable[Answer[T]]]:
        @wraps(handler)
        async def call(self: E, request: HttpRequest) -> Answer[T]:
            keys = request.headers.getall(HEADER, [])
            if not keys:
                return await handler(self, request)
            key = _checked(keys)
            caller = await self.caller(request)
            user_id = caller.user.id
            scope = sha256(f"{user_id}\0{request.method}\0{request.url.path}\0{key}".encode()).digest()

            # a conflict performs the request again: with the same hashes, and counted once
            accounts = self.accounts.for_one_request()

            async def perform(store: Store[Any]) -> Answered:
                acting = copy.copy(self)
                vars(acting).update(accounts=accounts.on(store), request_key=scope.hex())
                return await _answered(lambda: handler(acting, request), request, self.problems, is_final)

            performed = await accounts.perform_once(
                user_id, scope=scope, fingerprint=await _fingerprint(request), perform=perform, in_one_unit=in_one_unit
            )
            kept = msgspec.msgpack.decode(performed.answer, type=_Kept)
            content = msgspec.Raw(kept.body) if kept.body else None
            headers = {REPLAYED: "true"} if performed.is_replayed else {}
            answer = Answer(content, status_code=kept.status, media_type=kept.media_type, headers=headers)
            return cast("Answer[T]", answer)

        return call

    return decorate


async def _answered(
    handle: Callable[[], Awaitable[Answer[Any]]],
    request: HttpRequest,
    problems: Problems,
    is_final: Callable[[Any], bool],
) -> Answered:
    try:
        answer = await handle()
    except Exception as error:
        status = kind_of(error).status
        if status in NOT_KEPT or status >= 500:
            raise
        return Answered(answer=_encoded(problems(request, error), request), is_final=True, took_effect=False)
    return Answered(answer=_encoded(answer, request), is_final=is_final(answer.content), took_effect=True)


def _encoded(answer: Answer[Any], request: HttpRequest) -> bytes:
    body = b"" if answer.content is None else msgspec.json.encode(answer.content)
    status = answer.status_code or cast("Any", request.route_handler).status_code
    return msgspec.msgpack.encode(_Kept(status=status, media_type=str(answer.media_type), body=body))


def _checked(keys: list[str]) -> str:
    if len(keys) > 1:
        raise Malformed("Idempotency-Key is sent more than once.")
    (key,) = keys
    if not 1 <= len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        raise Malformed(f"An Idempotency-Key has 1 to {MAX_KEY} printable ASCII characters.")
    return key


async def _fingerprint(request: HttpRequest) -> bytes:
    """Return what tells another body apart. Passwords are left out: a digest of them could be guessed from."""
    raw = await read_raw(request)
    try:
        text = raw.decode()
        is_json = request.headers.get("content-type", "").lower().startswith(JSON)
        fields = parse_json(text) if is_json else parse_form(text) if text else {}
    except (EdgeError, UnicodeDecodeError):
        return sha256(b"unread\0").digest()  # refused, whatever it says; and it may hold a password
    shown = {name: value for name, value in fields.items() if "password" not in name.lower()}
    plain = json.dumps(shown, sort_keys=True) if is_json else urlencode(sorted(shown.items()))
    return sha256(plain.encode()).digest()
