"""Translation of Stripe's errors to the core's: final, not executed, or unknown.

| Stripe's response | error |
|---|---|
| 402, other 400s, 401, 403 | `ProviderRefused`: final |
| 429, 409, `lock_timeout`, `idempotency_key_in_use` | `ProviderBusy`: not executed |
| none, a malformed one, 5xx | `ProviderAmbiguous`: unknown whether it was executed |
| a 5xx that is stored under the key | `ProviderAmbiguous` with `replays`: the key returns it for 24 hours |

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
"""The codes of final errors without a code from Stripe."""
_PARAM_OF: Final = {"email_invalid": "email"}
"""Parameters that follow from a code alone. Source: Stripe's documentation, "Error codes"."""


@contextmanager
def translate_errors(call: object) -> Iterator[None]:
    """Raise the core's error for an error of Stripe's. The message names `call`."""
    try:
        yield
    except stripe.StripeError as error:
        raise translate(error, call) from drop_tracebacks(error)
    except ConfigurationError as error:  # raised by the transport, with the same frames
        raise ConfigurationError(str(error)) from drop_tracebacks(error)


def translate(error: stripe.StripeError, call: object) -> ProviderError:
    """Return the core's error for an error of Stripe's. The message contains no text from Stripe or a proxy."""
    code = get_code(error)
    request_id = f", request {error.request_id}" if error.request_id else ""
    text = f"{call}: {error.http_status or 'no answer'}{request_id}"
    if isinstance(error, stripe.RateLimitError) or error.http_status == _CONFLICT or code in _BUSY:
        return ProviderBusy(text)
    for kind, name in _WITHOUT_A_CODE:
        if isinstance(error, kind):
            param = getattr(error, "param", None) or _PARAM_OF.get(code or "")
            return ProviderRefused(code or name, param, _get_details(error))
    return ProviderAmbiguous(text, replays=_replays(error))


def get_code(error: stripe.StripeError) -> str | None:
    """Return Stripe's error code, which some classes of the SDK have only in the body, or None."""
    code = error.code or get_body(error).get("code")
    return str(code) if code else None


def get_body(error: stripe.StripeError) -> dict[str, Any]:
    """Return the `error` object of the response, or an empty one."""
    body = error.json_body
    value = body.get("error") if isinstance(body, dict) else None
    return value if isinstance(value, dict) else {}


@contextmanager
def raise_not_found(label: str, id: object, *, param: str | None = None) -> Iterator[None]:
    """Raise `NotFound` for the refusal of an unknown id.

    Args:
        label: The kind of object.
        id: The id of the object.
        param: The parameter that has the id. With it, refusals of other parameters are raised unchanged.

    """
    try:
        yield
    except ProviderRefused as refusal:
        if refusal.code != RESOURCE_MISSING or (param is not None and param not in (refusal.param or "")):
            raise
        raise NotFound(label, id) from refusal


def drop_tracebacks(error: BaseException) -> BaseException:
    """Remove the tracebacks of an error and of its causes, and return the error.

    Their frames have the request's headers, so an error reporter that shows local variables would show the API key.
    """
    each: BaseException | None = error
    while each is not None:
        each.__traceback__ = None
        each = each.__cause__ or each.__context__
    return error


def _replays(error: stripe.StripeError) -> bool:
    """Return whether the headers say that Stripe stored this failure under the key."""
    if error.http_status is None or error.http_status < _SERVER_ERROR:
        return False
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    return headers.get("idempotent-replayed") == "true" or headers.get("stripe-should-retry") == "false"


def _get_details(error: stripe.StripeError) -> dict[str, str]:
    value = {"decline_code": get_body(error).get("decline_code"), "request_id": error.request_id}
    return {name: str(value) for name, value in value.items() if value}


def captured_error(hold_id: str) -> ConfigurationError:
    """Return the error for a hold that was captured, which this package never does."""
    return ConfigurationError(
        f"The hold {hold_id} was captured by another program. Find out which, and refund the payment."
    )
