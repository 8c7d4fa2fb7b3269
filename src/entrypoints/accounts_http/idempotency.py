"""`Idempotency-Key`: a write that a client may repeat without its being done twice.

The first final answer is stored for 24 hours and replayed with `Idempotent-Replayed: true`. Refusals that a retry may
overcome are not stored (`is_kept`). The effect and the stored answer are one transaction.

Two bodies are compared by their fields, in any order and however escaped, and by their media type. Only the fields of
the call's schema that hold no secret are hashed; the rest (passwords, unknown fields, nested values, a body that cannot
be read) goes into an HMAC keyed with the access token, as `accounts_core.model.idempotency` describes.
"""

import json
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

import attrs
import msgspec

from accounts_core import Accounts
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.idempotency import fingerprint_of
from accounts_core.model.ids import UserId
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.store import Store
from accounts_core.results import IdempotentAnswer
from accounts_http.bodies import PROFILE, field_names, parse_body
from accounts_http.errors import HttpError, Malformed
from accounts_http.headers import Headers
from accounts_http.problems import MEDIA_TYPE, Problem, problem_document, problem_type_of, shown_error

HEADER: Final = b"idempotency-key"
REPLAYED: Final = "idempotent-replayed"
MAX_KEY: Final = 255
NOT_KEPT: Final = frozenset({401, 403, 409, 429})
"""Statuses that a retry may overcome: with a new token or right, or once another call or a time limit is over."""
PASSWORD: Final = "password"  # noqa: S105  part of fields' names
"""Part of the name of each field that holds a password. A 422 on one is not stored: the person types it again."""


@attrs.frozen(kw_only=True)
class Idempotency:
    """The treatment of repeats under a key."""

    in_single_unit: bool = True
    """Whether the whole call is one unit of work. Otherwise it commits several times, and uses its work key to do its
    work once."""
    is_final: Callable[[Any], bool] = lambda _: True
    """Returns whether a repeat gets the same answer, from the answer's content."""


class StoredAnswer(msgspec.Struct, array_like=True):
    """An answer as it is stored and sent."""

    status: int
    media_type: str
    body: bytes


@attrs.frozen
class RequestOutcome:
    """The outcome of performing a request once: its answer, and whether a repeat gets the same one."""

    answer: StoredAnswer
    is_final: bool = True
    user_id: UserId | None = None
    """The user that a sign-up created."""


@attrs.frozen
class IdempotentResponse:
    """The answer for the client, with the headers that are not stored."""

    answer: StoredAnswer
    headers: dict[str, str]


def idempotency_key(headers: Headers) -> str | None:
    """Return the request's idempotency key, or None without one. Raises `Malformed`."""
    keys = headers.values(HEADER)
    if not keys:
        return None
    if len(keys) > 1:
        raise Malformed("Idempotency-Key is sent more than once.")
    (key,) = keys
    if not 1 <= len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        raise Malformed(f"An Idempotency-Key has 1 to {MAX_KEY} printable ASCII characters.")
    return key


def is_kept(problem: Problem) -> bool:
    """Return whether a refusal is stored, so that a repeat gets it again."""
    if problem.status in NOT_KEPT or problem.status >= 500:
        return False
    return not any(PASSWORD in field.lower() for field in problem.errors or {})


def fingerprint_of_body(raw: bytes | None, headers: Headers, *, model: type[msgspec.Struct], token: str) -> bytes:
    """Return the digest that distinguishes a repeat from another request.

    Args:
        raw: The body as it came; None for one that was too large to read.
        headers: The request's headers.
        model: The schema of the body.
        token: The access token, which keys the digest of secrets.

    """
    if raw is None:
        return fingerprint_of(b"unread", secrets=b"", token=token)
    try:
        fields, is_json = parse_body(raw, headers)
    except HttpError:
        return fingerprint_of(b"unread", secrets=raw, token=token)
    names = field_names(model)
    plain = {name: value for name, value in fields.items() if name in names and _is_plain(name, value)}
    secret = {name: value for name, value in fields.items() if name not in plain}
    secrets = _canonical(secret, is_json) if secret else None
    return fingerprint_of(_canonical(plain, is_json), secrets=secrets, token=token)


def plain_fields(raw: bytes, headers: Headers) -> bytes:
    """Return the fields of a body without the passwords, in a canonical form."""
    fields, is_json = parse_body(raw, headers)
    return _canonical({name: value for name, value in fields.items() if PASSWORD not in name}, is_json)


async def run_idempotent(
    accounts: Accounts[Any],
    user_id: UserId,
    key: str,
    *,
    method: str,
    path: str,
    fingerprint: bytes,
    in_single_unit: bool,
    perform: Callable[[Accounts[Any], str], Awaitable[RequestOutcome]],
) -> IdempotentResponse:
    """Perform a signed-in user's request once, or replay its stored answer.

    Args:
        accounts: The facade; it is bound to the request's unit of work for `perform`.
        user_id: The user whose key it is.
        key: The idempotency key. It belongs to the user, the method and the path.
        method: The request's method.
        path: The request's path.
        fingerprint: Tells another body apart (`fingerprint_of_body`).
        in_single_unit: As in `Idempotency`.
        perform: Performs the request on the accounts and with the work key that it is given.

    Raises:
        KeyReused: The key was used with another body.
        RequestInProgress: The first request under this key is still running.

    """
    scope = sha256(f"{user_id}\0{method}\0{path}\0{key}".encode()).digest()
    # another body under the same key is another piece of work
    work_key = sha256(scope + fingerprint).hexdigest()
    # a conflict performs the request again: with the same hashes, and counted once
    once = accounts.for_one_request()

    async def perform_on(store: Store[Any]) -> IdempotentAnswer:
        try:
            performed = await perform(once.on(store), work_key)
        except Exception as error:
            refused = _refused(error)
            if refused is None:
                raise
            return IdempotentAnswer(answer=_encode(refused), is_final=True, took_effect=False)
        return IdempotentAnswer(answer=_encode(performed.answer), is_final=performed.is_final, took_effect=True)

    result = await once.run_idempotent(
        user_id, scope=scope, fingerprint=fingerprint, perform=perform_on, in_single_unit=in_single_unit
    )
    return _response(result.answer, is_replayed=result.is_replayed)


async def sign_up_idempotent(
    accounts: Accounts[Any],
    key: str,
    *,
    method: str,
    path: str,
    email: EmailAddress,
    password: str,
    plain: bytes,
    client: str | None,
    sign_up: Callable[[Accounts[Any]], Awaitable[RequestOutcome]],
) -> IdempotentResponse:
    """Perform a sign-up once, or replay its stored answer. The key belongs to the address, however that is spelled.

    Args:
        accounts: The facade; it is bound to the request's unit of work for `sign_up`.
        key: The idempotency key.
        method: The request's method.
        path: The request's path.
        email: The address that signs up.
        password: The password, which a repeat has to know.
        plain: The other fields (`plain_fields`), which distinguish a repeat from another request.
        client: The address that the request came from.
        sign_up: Signs up on the accounts that it is given.

    Raises:
        KeyReused: The key was used with another body or password.

    """
    # no user's scope begins so
    scope = sha256(f"\0{method}\0{path}\0{email.key}\0{key}".encode()).digest()
    once = accounts.for_one_request()

    async def perform(store: Store[Any], passwords: PasswordHasher) -> IdempotentAnswer:
        performed = await sign_up(once.on(store, passwords=passwords))
        is_final = performed.answer.status not in NOT_KEPT
        return IdempotentAnswer(
            answer=_encode(performed.answer), is_final=is_final, took_effect=True, user_id=performed.user_id
        )

    result = await once.sign_up_idempotent(
        scope=scope, email=email, plain=plain, password=password, perform=perform, client=client
    )
    return _response(result.answer, is_replayed=result.is_replayed)


def _refused(error: Exception) -> StoredAnswer | None:
    """Return the problem document of a refusal that is stored; None for an error that is not."""
    shown = shown_error(error)
    kind = problem_type_of(shown)
    problem = problem_document(shown, kind)
    if not is_kept(problem):
        return None
    return StoredAnswer(kind.status, MEDIA_TYPE, msgspec.json.encode(problem))


def _response(stored: bytes, *, is_replayed: bool) -> IdempotentResponse:
    answer = msgspec.msgpack.decode(stored, type=StoredAnswer)
    return IdempotentResponse(answer, {REPLAYED: "true"} if is_replayed else {})


_encode: Final = msgspec.msgpack.Encoder().encode


def _is_plain(name: str, value: object) -> bool:
    return PASSWORD not in name.lower() and name != PROFILE and not isinstance(value, dict | list)


def _canonical(fields: Any, is_json: bool) -> bytes:
    text = json.dumps(fields, sort_keys=True) if is_json else urlencode(sorted(fields.items()))
    return text.encode()
