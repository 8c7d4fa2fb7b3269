from typing import Final

import attrs

from accounts_core.errors import NotFound, ProviderRefused
from accounts_core.model.verification import CardVerification, Event
from accounts_core.ports.payment_gateway import Hold, HoldStatus

MAX_STEPS: Final = 64
"""More steps than any path through the table has, races lost included."""

TOO_MANY_ATTEMPTS: Final = "too_many_attempts"

PROVIDER_FAILED: Final = "provider_failed"

RESOURCE_MISSING: Final = "resource_missing"

_LEARNED: Final = {
    HoldStatus.HELD: Event.HELD,
    HoldStatus.CHALLENGED: Event.CHALLENGED,
    HoldStatus.DECLINED: Event.DECLINED,
    HoldStatus.RELEASED: Event.LAPSED,
}


@attrs.frozen
class Progress:
    """Where a verification came to, and the challenge that it waits for."""

    verification: CardVerification
    challenge: Hold | None


def job_id(verification_id: str) -> str:
    """Name the one outbox job of a verification."""
    return f"job_{verification_id}"


def _code_of(error: ProviderRefused | NotFound) -> str:
    return error.code if isinstance(error, ProviderRefused) else RESOURCE_MISSING
