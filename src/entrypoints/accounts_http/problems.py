"""The table of errors: class, status, problem type (RFC 9457).

Each error that a client can cause has one problem type. Its `type` is `urn:accounts:problem:` and the name in the
table; it is stable and is not meant to be looked up. A client's own errors are explained in the error's words; of
failures behind the service it reads only that there was one. An error that is not in the table is a bug: the answer is
500 and the log has the traceback.
"""

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import attrs
import msgspec

from accounts_core import errors as core
from accounts_http.access_log import note
from accounts_http.errors import (
    Malformed,
    MissingToken,
    NoSuchPath,
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
class ProblemType:
    """One type of problem. `detail` replaces the error's own text, which is then for the log alone."""

    status: int
    name: str
    title: str
    detail: str | None = None
    challenge: str | None = None
    is_temporary: bool = False
    """Whether the same request may succeed later: the answer has `Retry-After`."""


_AWAY: Final = "Something that this needs is away. Nothing is lost; ask again later."

PROBLEM_TYPES: Final[Mapping[type[Exception], ProblemType]] = {
    Malformed: ProblemType(400, "malformed-request", "The request cannot be read"),
    WebhookRefused: ProblemType(400, "webhook-refused", "The event is not known to be the provider's"),
    MissingToken: ProblemType(401, "token-required", "An access token is needed", challenge=CHALLENGE),
    core.InvalidToken: ProblemType(401, "invalid-token", "The access token is not valid", challenge=CHALLENGE_INVALID),
    core.InvalidCredentials: ProblemType(401, "invalid-credentials", "Email or password is wrong", challenge=CHALLENGE),
    core.CardDeclined: ProblemType(402, "card-declined", "The card was declined"),
    core.AccountDeactivated: ProblemType(403, "account-deactivated", "The account is deactivated"),
    core.ReauthenticationRequired: ProblemType(403, "reauthentication-required", "A recent sign-in is needed"),
    core.NotAllowed: ProblemType(403, "not-allowed", "This is not allowed"),
    core.NotFound: ProblemType(404, "not-found", "There is no such thing"),
    NoSuchPath: ProblemType(404, "not-found", "There is no such thing"),
    TooSlow: ProblemType(408, "request-timeout", "The request took too long"),
    core.EmailTaken: ProblemType(409, "email-taken", "The email address is taken"),
    core.DeletionBlocked: ProblemType(409, "deletion-blocked", "Something stands against the deletion"),
    core.QuotaExceeded: ProblemType(409, "quota-exceeded", "There is no room for more"),
    core.Conflict: ProblemType(
        409, "conflict", "Somebody else was first", "This was changed by another call meanwhile."
    ),
    core.RequestInProgress: ProblemType(409, "request-in-progress", "The request is being performed"),
    core.VerificationInProgress: ProblemType(409, "verification-in-progress", "The card is being verified"),
    TooLarge: ProblemType(413, "body-too-large", "The request body is too large"),
    WrongMediaType: ProblemType(415, "unsupported-media-type", "The request body's type is not known here"),
    WrongFields: ProblemType(422, "invalid-fields", "Some fields are not valid"),
    core.Invalid: ProblemType(422, "invalid-fields", "Some fields are not valid", "Some fields are missing or wrong."),
    core.KeyReused: ProblemType(422, "key-reused", "The idempotency key belongs to another request"),
    core.RateLimitExceeded: ProblemType(429, "too-many-attempts", "Too many attempts", is_temporary=True),
    core.InfrastructureError: ProblemType(503, "unavailable", "Not available at the moment", _AWAY, is_temporary=True),
    StillVerifying: ProblemType(503, "still-verifying", "The verification goes on", is_temporary=True),
}

_REASONS: Final = {status.value: status.phrase for status in HTTPStatus}

UNEXPECTED: Final = ProblemType(
    500, "internal-error", "Something went wrong here", "The fault is ours, and it was logged."
)

_FRAMEWORK: Final[Mapping[int, ProblemType]] = {
    400: ProblemType(400, "malformed-request", "The request cannot be read", "The request cannot be read."),
    404: ProblemType(404, "not-found", "There is no such thing", "There is nothing at this address."),
    405: ProblemType(
        405, "method-not-allowed", "The method is not allowed here", "This address does not know this method."
    ),
    413: ProblemType(413, "body-too-large", "The request body is too large", "The request body is too large."),
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
    return _FRAMEWORK.get(status, other)


def shown_error(error: Exception) -> Exception:
    """Return the error that a client sees: a missing user is shown as a token that is no longer valid."""
    if isinstance(error, core.NotFound) and error.what == "user":
        # the only user whom a call asks for by id is the caller, deleted since the token was looked up
        return core.InvalidToken()
    return error


def problem_document(error: Exception, kind: ProblemType) -> Problem:
    """Return the document for an error of this type, of at most `MAX_PROBLEM_BYTES` as JSON."""
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
) -> ProblemResponse:
    """Return the response for an error, and log it: as an error if it is a bug, as a warning if something is down.

    Args:
        error: Any exception that a handler raised.
        request: The method and route for the log, such as `GET /api/v1/user`.
        retry_after_seconds: The `Retry-After` of a 503.
        kind: The problem type of a framework's own exception; otherwise it is looked up.
        framework: The package whose frames are removed from the traceback, because they hold the request.

    """
    error = shown_error(error)
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
            note(field=error.field)


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
