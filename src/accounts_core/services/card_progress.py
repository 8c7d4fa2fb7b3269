"""Results and constants that the steps of a card verification share."""

from typing import Final

import attrs

from accounts_core.errors import NotFound, ProviderRefused
from accounts_core.model.verification import CardVerification, Event
from accounts_core.ports.payment_gateway import Hold, HoldStatus

MAX_STEPS: Final = 64
"""More steps than any path through the state table takes, conflicts included."""

TOO_MANY_ATTEMPTS: Final = "too_many_attempts"
"""Our failure code: the physical card was verified too often."""

PROVIDER_FAILED: Final = "provider_failed"
"""Our failure code: the provider failed, and nothing is held."""

RESOURCE_MISSING: Final = "resource_missing"
"""The provider's failure code for an object that does not exist."""

EVENT_OF_HOLD: Final = {
    HoldStatus.HELD: Event.HELD,
    HoldStatus.CHALLENGED: Event.CHALLENGED,
    HoldStatus.DECLINED: Event.DECLINED,
    HoldStatus.RELEASED: Event.LAPSED,
}


@attrs.frozen
class Progress:
    """State of a verification after its steps were performed."""

    verification: CardVerification
    challenge: Hold | None
    """The hold whose card authentication the verification waits for, None in any other state."""


def job_id(verification_id: str) -> str:
    """Return the id of the one outbox job of a verification."""
    return f"job_{verification_id}"


def failure_code_of(error: ProviderRefused | NotFound) -> str:
    return error.code if isinstance(error, ProviderRefused) else RESOURCE_MISSING
