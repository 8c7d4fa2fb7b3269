"""The table of errors: class, status, problem type (RFC 9457).

Each error that a client can cause has one problem type. Its `type` is `urn:accounts:problem:` and the name in the
table; it is stable and is not meant to be looked up. A client's own errors are explained in the error's words; of
failures behind the service it reads only that there was one. An error that is not in the table is a bug: the answer is
500 and the log has the traceback.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

import attrs
import msgspec

from accounts_core import errors as core
from accounts_http.access_log import note
from accounts_http.errors import (
    HttpError,
    Malformed,
    MissingToken,
    NoSuchPath,
    NotRunning,
    StillVerifying,
    TooLarge,
    TooSlow,
    WebhookRefused,
    WrongFields,
    WrongMediaType,
)

logger: Final = logging.getLogger("accounts_http")

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:accounts:problem:"

CHALLENGE: Final = "Bearer"
CHALLENGE_INVALID: Final = 'Bearer error="invalid_token"'

MAX_PROBLEM_BYTES: Final = 8 * 1024
"""Limit of a problem document."""
_ROOM_FOR_THE_REST: Final = 1024
"""Bytes of a problem document that are left for all but its errors."""
MAX_REASON: Final = 300
"""Characters of a reason that a problem document shows."""

MAX_RETRY_AFTER_SECONDS: Final = int(core.MAX_RETRY_AFTER.total_seconds())

ANSWERED: Final[tuple[type[Exception], ...]] = (core.ClientError, core.InfrastructureError, HttpError)
"""The base classes of errors that are answered with a problem. A `ConfigurationError` is not: it is the host's bug."""

TELLTALE_DECLINES: Final = frozenset({"fraudulent", "lost_card", "stolen_card"})
"""Decline codes shown as `generic_decline`, as Stripe asks, so that nobody learns that a card is reported stolen."""


class Problem(msgspec.Struct, kw_only=True):
    """An error. `errors` has the reasons by field, named as in the request; `declineCode` is the bank's code."""

    type: str
    title: str
    status: int
    detail: str
    errors: dict[str, list[str]] | msgspec.UnsetType = msgspec.UNSET
    decline_code: str | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="declineCode")
    blocked_by: list[str] | msgspec.UnsetType = msgspec.UNSET


@attrs.frozen
class ProblemType:
    """A problem type. A `detail` here replaces the error's own text, which is then only logged."""

    status: int
    name: str
    title: str
    detail: str | None = None
    challenge: str | None = None
    is_temporary: bool = False
    """Whether the same request may succeed later: the answer has `Retry-After`."""


_UNAVAILABLE: Final = "A service that this request needs is unavailable. Try again later."
_AWAY: Final = ProblemType(503, "unavailable", "Temporarily unavailable", _UNAVAILABLE, is_temporary=True)
_NOT_FOUND: Final = ProblemType(404, "not-found", "Not found")

PROBLEM_TYPES: Final[Mapping[type[Exception], ProblemType]] = {
    Malformed: ProblemType(400, "malformed-request", "The request is malformed"),
    WebhookRefused: ProblemType(400, "webhook-refused", "The event's signature is not valid"),
    MissingToken: ProblemType(401, "token-required", "An access token is required", challenge=CHALLENGE),
    core.InvalidToken: ProblemType(401, "invalid-token", "The access token is not valid", challenge=CHALLENGE_INVALID),
    core.InvalidCredentials: ProblemType(401, "invalid-credentials", "Email or password is wrong", challenge=CHALLENGE),
    core.CardDeclined: ProblemType(402, "card-declined", "The card was declined"),
    core.AccountDeactivated: ProblemType(403, "account-deactivated", "The account is deactivated"),
    core.ReauthenticationRequired: ProblemType(403, "reauthentication-required", "A recent sign-in is required"),
    core.NotAllowed: ProblemType(403, "not-allowed", "Not allowed"),
    core.NotFound: _NOT_FOUND,
    NoSuchPath: _NOT_FOUND,
    TooSlow: ProblemType(408, "request-timeout", "Request timeout"),
    core.EmailTaken: ProblemType(409, "email-taken", "The email address is already in use"),
    core.DeletionBlocked: ProblemType(409, "deletion-blocked", "The deletion is blocked"),
    core.QuotaExceeded: ProblemType(409, "quota-exceeded", "Quota exceeded"),
    core.Conflict: ProblemType(
        409, "conflict", "Conflict", "Another request changed this at the same time. Try again."
    ),
    core.RequestInProgress: ProblemType(409, "request-in-progress", "The first request with this key is still running"),
    core.VerificationInProgress: ProblemType(409, "verification-in-progress", "The card is already being verified"),
    TooLarge: ProblemType(413, "body-too-large", "The request body is too large"),
    WrongMediaType: ProblemType(415, "unsupported-media-type", "The request body's media type is not supported"),
    WrongFields: ProblemType(422, "invalid-fields", "Some fields are not valid"),
    core.Invalid: ProblemType(422, "invalid-fields", "Some fields are not valid", "Some fields are missing or wrong."),
    core.KeyReused: ProblemType(422, "key-reused", "The idempotency key was used for another request"),
    core.RateLimitExceeded: ProblemType(429, "too-many-attempts", "Too many attempts", is_temporary=True),
    core.InfrastructureError: _AWAY,
    NotRunning: _AWAY,
    StillVerifying: ProblemType(503, "still-verifying", "The verification is still running", is_temporary=True),
}

_REASONS: Final = {status.value: status.phrase for status in HTTPStatus}

UNEXPECTED: Final = ProblemType(500, "internal-error", "Internal error", "An unexpected error occurred. It was logged.")

_OF_STATUS: Final[Mapping[int, ProblemType]] = {
    400: attrs.evolve(PROBLEM_TYPES[Malformed], detail="The request is malformed."),
    404: attrs.evolve(_NOT_FOUND, detail=str(NoSuchPath())),
    405: ProblemType(405, "method-not-allowed", "Method not allowed", "This path does not support the method."),
    413: attrs.evolve(PROBLEM_TYPES[TooLarge], detail="The request body is too large."),
}


def problem_type_of(error: Exception) -> ProblemType:
    """Return the problem type of an error."""
    return next((PROBLEM_TYPES[ancestor] for ancestor in type(error).__mro__ if ancestor in PROBLEM_TYPES), UNEXPECTED)


def problem_type_of_status(status: int) -> ProblemType:
    """Return the problem type for a status that a framework answers with by itself, such as 405."""
    if status >= 500:
        return UNEXPECTED
    phrase = _REASONS.get(status, "Refused")
    other = ProblemType(status, phrase.lower().replace(" ", "-"), phrase, phrase + ".")
    return _OF_STATUS.get(status, other)


def shown_error(error: Exception) -> Exception:
    """Return the error that a client sees: a missing user is shown as a token that is no longer valid."""
    if isinstance(error, core.NotFound) and error.what == "user":
        # the only user that a call looks up by id is the caller, deleted since the token was checked
        return core.InvalidToken()
    return error


def problem_document(error: Exception, kind: ProblemType) -> Problem:
    """Return the document for an error of this type, of at most `MAX_PROBLEM_BYTES` as JSON."""
    problem = Problem(
        type=TYPE_PREFIX + kind.name, title=kind.title, status=kind.status, detail=kind.detail or str(error)
    )
    match error:
        case core.Invalid() | WrongFields():
            problem.errors = _bounded(error.errors)
        case core.CardDeclined():
            code = error.decline_code or error.code
            problem.decline_code = "generic_decline" if code in TELLTALE_DECLINES else code
        case core.DeletionBlocked():
            problem.blocked_by = list(error.by)
    return problem


def _bounded(errors: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return as many errors as a problem document has room for, and say how many more there are."""
    shown: dict[str, list[str]] = {}
    left = MAX_PROBLEM_BYTES - _ROOM_FOR_THE_REST
    for count, (field, reasons) in enumerate(errors.items()):
        cut = [reason[:MAX_REASON] for reason in reasons]
        left -= len(msgspec.json.encode({field: cut}))
        if left < 0:
            shown.setdefault("", []).append(f"{len(errors) - count} more fields are wrong.")
            break
        shown[field] = cut
    return shown


@attrs.frozen
class ProblemResponse:
    """A problem document with its status and headers; send it as `MEDIA_TYPE`."""

    status: int
    headers: dict[str, str]
    problem: Problem


def problem_response(
    error: Exception,
    *,
    request: str,
    retry_after_seconds: int,
    kind: ProblemType | None = None,
    framework: str = "",
    by_host: bool = False,
) -> ProblemResponse:
    """Return the response for an error, and log it: as an error if it is a bug, as a warning if something is down.

    Args:
        error: Any exception that a handler raised.
        request: The method and route for the log, such as `GET /api/v1/user`.
        retry_after_seconds: The `Retry-After` of a 503.
        kind: The problem type of a framework's own exception; otherwise it is looked up.
        framework: The package whose frames are removed from the traceback, because they hold the request.
        by_host: Whether a route of the host application raised it, which may look up any user.

    """
    error = error if by_host else shown_error(error)
    kind = kind or problem_type_of(error)
    _note(error, kind)
    trim_frames(error, framework)
    if kind is UNEXPECTED:
        logger.error("%s failed.", request, exc_info=error)
    elif isinstance(error, core.AnswerMismatch):
        # no client saw it, but the connection that mixes answers up has to be found
        logger.error("%s: %s", request, error)
    elif isinstance(error, core.InfrastructureError) and kind.status == 503:
        logger.warning("%s: %s", request, error)
    headers = {}
    if kind.challenge is not None:
        headers["www-authenticate"] = kind.challenge
    if kind.is_temporary:
        headers["retry-after"] = str(_retry_after(error, retry_after_seconds))
    return ProblemResponse(kind.status, headers, problem_document(error, kind))


def _retry_after(error: Exception, seconds: int) -> int:
    """Return whole seconds, from one to a day."""
    if isinstance(error, core.RateLimitExceeded):
        seconds = math.ceil(error.retry_after.total_seconds())
    return min(max(1, seconds), MAX_RETRY_AFTER_SECONDS)


def _note(error: Exception, kind: ProblemType) -> None:
    """Add the problem to the access log, without text that a client sent."""
    note(problem=kind.name, error=type(error).__name__)
    match error:
        case core.RateLimitExceeded():
            note(limit=error.name)
        case core.QuotaExceeded():
            note(quota=error.name)
        case core.NotFound():
            note(missing=error.what)
        case core.Invalid():
            note(field=error.field.partition(".")[0])  # what follows are names of members, which a client may choose


def trim_frames(error: BaseException, framework: str) -> None:
    """Remove a framework's outer frames from an error and its causes: they hold the request, headers and body included.

    Args:
        error: The exception, which is changed.
        framework: The framework's top-level package, such as `litestar`.

    """
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        frames = each.__traceback__
        while frames is not None and frames.tb_frame.f_globals.get("__name__", "").partition(".")[0] == framework:
            frames = frames.tb_next
        each.__traceback__ = frames
        each = each.__cause__ or each.__context__
