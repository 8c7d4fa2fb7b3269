"""Stripe's errors in the core's words: final, not executed, or unknown.

| Stripe says | means |
|---|---|
| 402, other 400s, 401, 403 | `ProviderRefused`: final |
| 429, 409, `lock_timeout`, `idempotency_key_in_use` | `ProviderBusy`: not executed |
| no answer, an unreadable answer, 5xx | `ProviderAmbiguous`: nobody knows |
| a 5xx that is stored under the key | `ProviderAmbiguous` with `replays`: for 24 hours the key brings no other answer |

Source: Stripe's documentation, "Error handling" and "Idempotent requests".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import stripe

from accounts_core.errors import (
    ConfigurationError,
    NotFound,
    ProviderAmbiguous,
    ProviderBusy,
    ProviderError,
    ProviderRefused,
)

RESOURCE_MISSING: Final = "resource_missing"
UNEXPECTED_STATE: Final = "payment_intent_unexpected_state"

_BUSY: Final = frozenset({"lock_timeout", "rate_limit", "idempotency_key_in_use"})
_SERVER_ERROR: Final = 500
_CONFLICT: Final = 409

_WITHOUT_A_CODE: Final[tuple[tuple[type[stripe.StripeError], str], ...]] = (
    (stripe.IdempotencyError, "idempotency_error"),
    (stripe.AuthenticationError, "authentication_error"),
    (stripe.PermissionError, "permission_error"),
    (stripe.CardError, "card_error"),
    (stripe.InvalidRequestError, "invalid_request_error"),
)
"""What a final error is called when Stripe gives no code of its own."""
_PARAM_OF: Final = {"email_invalid": "email"}
"""Parameters that a code names by itself. Source: Stripe's documentation, "Error codes"."""


@contextmanager
def translated(what: object) -> Iterator[None]:
    """Turn an error of Stripe's into one of the core's; `what` names the call in its text."""
    try:
        yield
    except stripe.StripeError as error:
        raise translate(error, what) from without_frames(error)
    except ConfigurationError as error:  # the transport's: it went through the same frames
        raise ConfigurationError(str(error)) from without_frames(error)


def translate(error: stripe.StripeError, what: object) -> ProviderError:
    """Return the core's error for one of Stripe's. Its text has nothing of what Stripe, or a proxy, wrote."""
    code = code_of(error)
    request_id = f", request {error.request_id}" if error.request_id else ""
    text = f"{what}: {error.http_status or 'no answer'}{request_id}"
    if isinstance(error, stripe.RateLimitError) or error.http_status == _CONFLICT or code in _BUSY:
        return ProviderBusy(text)
    for kind, name in _WITHOUT_A_CODE:
        if isinstance(error, kind):
            param = getattr(error, "param", None) or _PARAM_OF.get(code or "")
            return ProviderRefused(code or name, param, _details(error))
    return ProviderAmbiguous(text, replays=_replays(error))


def code_of(error: stripe.StripeError) -> str | None:
    """Return Stripe's code; some of the SDK's classes have it only in the body."""
    code = error.code or body_of(error).get("code")
    return str(code) if code else None


def body_of(error: stripe.StripeError) -> dict[str, Any]:
    """Return the `error` object of the answer, as far as there is one."""
    body = error.json_body
    found = body.get("error") if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}


@contextmanager
def finding(what: str, id: object, *, param: str | None = None) -> Iterator[None]:
    """Turn the refusal of an id that Stripe does not know into `NotFound`; with `param`, only if that was refused."""
    try:
        yield
    except ProviderRefused as refusal:
        if refusal.code != RESOURCE_MISSING or (param is not None and param not in (refusal.param or "")):
            raise
        raise NotFound(what, id) from refusal


def without_frames(error: BaseException) -> BaseException:
    """Drop the tracebacks of an error and of what caused it.

    Their frames hold the request's headers, so an error reporter that shows local variables would show the key.
    """
    each: BaseException | None = error
    while each is not None:
        each.__traceback__ = None
        each = each.__cause__ or each.__context__
    return error


def _replays(error: stripe.StripeError) -> bool:
    """Whether Stripe stored this failure under the key, by its own words."""
    if error.http_status is None or error.http_status < _SERVER_ERROR:
        return False
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    return headers.get("idempotent-replayed") == "true" or headers.get("stripe-should-retry") == "false"


def _details(error: stripe.StripeError) -> dict[str, str]:
    found = {"decline_code": body_of(error).get("decline_code"), "request_id": error.request_id}
    return {name: str(value) for name, value in found.items() if value}


def captured(hold_id: str) -> ConfigurationError:
    """Return the error for what must never be: somebody took the money of a hold."""
    return ConfigurationError(
        f"The hold {hold_id} was captured. Nothing here captures: find out who did, and refund it."
    )
