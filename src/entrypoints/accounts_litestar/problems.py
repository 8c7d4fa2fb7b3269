"""Errors over HTTP: one table, one document (RFC 9457).

Each error that a caller can meet has one type of problem. Its `type` is `urn:accounts:problem:` and the name in the
table: stable, and not to be looked up anywhere. What is the caller's own doing is told in the error's words; of the
world's failures a client reads only that there was one. Anything that is not in the table is a bug: 500, and the log
has it.
"""

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import attrs
import msgspec
from litestar import Request
from litestar.exceptions import HTTPException

from accounts_core import errors as core
from accounts_litestar.answers import Answer
from accounts_litestar.edge import (
    Malformed,
    MissingToken,
    StillVerifying,
    TooLarge,
    TooSlow,
    WebhookRefused,
    WrongFields,
    WrongMediaType,
)
from accounts_litestar.requests import note

logger: Final = logging.getLogger("accounts_litestar")

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:accounts:problem:"

CHALLENGE: Final = "Bearer"
CHALLENGE_INVALID: Final = 'Bearer error="invalid_token"'

MAX_PROBLEM_BYTES: Final = 8 * 1024
"""Largest problem document. A test sends what makes it large."""

MAX_RETRY_AFTER_SECONDS: Final = int(core.MAX_RETRY_AFTER.total_seconds())

TELLTALE_DECLINES: Final = frozenset({"fraudulent", "lost_card", "stolen_card"})
"""Shown as `generic_decline`, as Stripe asks: whoever tries a stolen card is not told that it is known to be stolen."""


class Problem(msgspec.Struct, kw_only=True):
    """What went wrong. `errors` has the reasons by field, spelled as in the request; `declineCode` is the bank's."""

    type: str
    title: str
    status: int
    detail: str
    errors: dict[str, list[str]] | msgspec.UnsetType = msgspec.UNSET
    decline_code: str | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="declineCode")
    blocked_by: list[str] | msgspec.UnsetType = msgspec.UNSET


@attrs.frozen
class Kind:
    """One type of problem. `detail` replaces the error's own text, which is then for the log alone."""

    status: int
    name: str
    title: str
    detail: str | None = None
    challenge: str | None = None
    passes: bool = False
    """Whether the same request may do later: the answer says when to try."""


_AWAY: Final = "Something that this needs is away. Nothing is lost; ask again later."

KINDS: Final[Mapping[type[Exception], Kind]] = {
    Malformed: Kind(400, "malformed-request", "The request cannot be read"),
    WebhookRefused: Kind(400, "webhook-refused", "The event is not known to be the provider's"),
    MissingToken: Kind(401, "token-required", "An access token is needed", challenge=CHALLENGE),
    core.InvalidToken: Kind(401, "invalid-token", "The access token is not valid", challenge=CHALLENGE_INVALID),
    core.InvalidCredentials: Kind(401, "invalid-credentials", "Email or password is wrong", challenge=CHALLENGE),
    core.CardDeclined: Kind(402, "card-declined", "The card was declined"),
    core.AccountDeactivated: Kind(403, "account-deactivated", "The account is deactivated"),
    core.ReauthenticationRequired: Kind(403, "reauthentication-required", "A recent sign-in is needed"),
    core.NotAllowed: Kind(403, "not-allowed", "This is not allowed"),
    core.NotFound: Kind(404, "not-found", "There is no such thing"),
    TooSlow: Kind(408, "request-timeout", "The request took too long"),
    core.EmailTaken: Kind(409, "email-taken", "The email address is taken"),
    core.DeletionBlocked: Kind(409, "deletion-blocked", "Something stands against the deletion"),
    core.QuotaExceeded: Kind(409, "quota-exceeded", "There is no room for more"),
    core.Conflict: Kind(409, "conflict", "Somebody else was first", "This was changed by another call meanwhile."),
    core.RequestInProgress: Kind(409, "request-in-progress", "The request is being performed"),
    core.VerificationInProgress: Kind(409, "verification-in-progress", "The card is being verified"),
    TooLarge: Kind(413, "body-too-large", "The request body is too large"),
    WrongMediaType: Kind(415, "unsupported-media-type", "The request body's type is not known here"),
    WrongFields: Kind(422, "invalid-fields", "Some fields are not valid"),
    core.Invalid: Kind(422, "invalid-fields", "Some fields are not valid", "Some fields are missing or wrong."),
    core.KeyReused: Kind(422, "key-reused", "The idempotency key belongs to another request"),
    core.RateLimitExceeded: Kind(429, "too-many-attempts", "Too many attempts", passes=True),
    core.InfrastructureError: Kind(503, "unavailable", "Not available at the moment", _AWAY, passes=True),
    StillVerifying: Kind(503, "still-verifying", "The verification goes on", passes=True),
}

_REASONS: Final = {status.value: status.phrase for status in HTTPStatus}

UNEXPECTED: Final = Kind(500, "internal-error", "Something went wrong here", "The fault is ours, and it was logged.")

_FRAMEWORK: Final[Mapping[int, Kind]] = {
    400: Kind(400, "malformed-request", "The request cannot be read", "The request cannot be read."),
    404: Kind(404, "not-found", "There is no such thing", "There is nothing at this address."),
    405: Kind(405, "method-not-allowed", "The method is not allowed here", "This address does not know this method."),
    413: Kind(413, "body-too-large", "The request body is too large", "The request body is too large."),
}


def kind_of(error: Exception) -> Kind:
    """Return the type of problem that an error is."""
    if isinstance(error, HTTPException):
        if error.status_code >= 500:
            return UNEXPECTED
        phrase = _REASONS.get(error.status_code, "Refused")
        other = Kind(error.status_code, phrase.lower().replace(" ", "-"), phrase, phrase + ".")
        return _FRAMEWORK.get(error.status_code, other)
    return next((KINDS[ancestor] for ancestor in type(error).__mro__ if ancestor in KINDS), UNEXPECTED)


def as_shown(error: Exception) -> Exception:
    """Return the error that a client is told of: a user who is gone is a token that is no longer valid."""
    if isinstance(error, core.NotFound) and error.what == "user":
        # the only user whom a call asks for by id is the caller, deleted since the token was looked up
        return core.InvalidToken()
    return error


def problem_of(error: Exception, kind: Kind) -> Problem:
    """Return the document for an error of this type. It has at most `MAX_PROBLEM_BYTES`."""
    problem = Problem(
        type=TYPE_PREFIX + kind.name, title=kind.title, status=kind.status, detail=kind.detail or str(error)
    )
    match error:
        case core.Invalid():
            problem.errors = {error.field: [error.reason]}
        case WrongFields():
            problem.errors = error.errors
        case core.CardDeclined():
            code = error.decline_code or error.code
            problem.decline_code = "generic_decline" if code in TELLTALE_DECLINES else code
        case core.DeletionBlocked():
            problem.blocked_by = list(error.by)
    return problem


def _note(error: Exception, kind: Kind) -> None:
    """Have the log say what was refused and why, in words of ours alone."""
    note(problem=kind.name, error=type(error).__name__)
    match error:
        case core.RateLimitExceeded():
            note(limit=error.name)
        case core.QuotaExceeded():
            note(quota=error.name)
        case core.NotFound():
            note(missing=error.what)
        case core.Invalid():
            note(field=error.field)


def trimmed(error: BaseException) -> None:
    """Take the framework's frames off an error and its causes: they hold the request, with its headers and its body."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        frames = each.__traceback__
        while frames is not None and frames.tb_frame.f_globals.get("__name__", "").partition(".")[0] == "litestar":
            frames = frames.tb_next
        each.__traceback__ = frames
        each = each.__cause__ or each.__context__


class Problems:
    """Litestar's exception handler for every error of the API."""

    def __init__(self, *, retry_after_seconds: int) -> None:
        self._retry_after_seconds = retry_after_seconds

    def __call__(self, request: Request[Any, Any, Any], error: Exception) -> Answer[Problem]:
        """Answer with the problem that `error` is; what is our fault goes to the log."""
        error = as_shown(error)
        kind = kind_of(error)
        _note(error, kind)
        trimmed(error)
        if kind is UNEXPECTED:
            logger.error("%s %s failed.", request.method, request.scope.get("path_template", "?"), exc_info=error)
        elif isinstance(error, core.AnswerMismatch):
            # nobody saw it, but whatever mixes answers up has to be found
            logger.error("%s %s: %s", request.method, request.scope.get("path_template", "?"), error)
        elif isinstance(error, core.InfrastructureError) and kind.status == 503:
            logger.warning("%s %s: %s", request.method, request.scope.get("path_template", "?"), error)
        headers = {}
        if kind.challenge is not None:
            headers["www-authenticate"] = kind.challenge
        if kind.passes:
            headers["retry-after"] = str(self._retry_after(error))
        if isinstance(error, HTTPException) and error.headers:
            headers.update({name.lower(): value for name, value in error.headers.items()})
        return Answer(problem_of(error, kind), status_code=kind.status, media_type=MEDIA_TYPE, headers=headers)

    def _retry_after(self, error: Exception) -> int:
        """Return whole seconds, from one to a day."""
        seconds = self._retry_after_seconds
        if isinstance(error, core.RateLimitExceeded):
            seconds = math.ceil(error.retry_after.total_seconds())
        return min(max(1, seconds), MAX_RETRY_AFTER_SECONDS)
