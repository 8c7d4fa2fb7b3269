"""Card verification as a state machine: hold a small amount, release it, and store the card.

    requested -> holding -> held -> releasing -> released -> attached -> verified

- `holding -> requires_action -> held`: the bank asks for card authentication;
- `holding -> requested`, once: the provider's customer was deleted, and the hold needs a new one;
- failures that may have left a hold go through `closing`, where the hold is released, and end as `declined`, `failed`
  or `abandoned`: the event that led into `closing` is stored and leads out of it again;
- `held -> lapsed`: the provider released the hold before we did;
- an *orphaned* verification, whose user was deleted, only releases its hold and ends as `abandoned`.

No hold is ever captured. `TRANSITIONS` is the complete table; `CardVerification.on` applies it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

import attrs

from accounts_core.errors import IllegalTransition

from .ids import UserId
from .times import is_ahead


class State(StrEnum):
    """The states of a verification. All but the last five are open: a next step is due."""

    REQUESTED = "requested"
    """Stored; nothing was asked of the provider."""
    HOLDING = "holding"
    """The hold was requested, or is about to be: it may exist."""
    REQUIRES_ACTION = "requires_action"
    """The bank waits for card authentication."""
    HELD = "held"
    """The amount is held."""
    RELEASING = "releasing"
    """The release was requested, or is about to be."""
    RELEASED = "released"
    """Nothing is held any more, and the card can be attached to the customer."""
    ATTACHED = "attached"
    """The card is attached to the customer, and not yet stored as the user's."""
    CLOSING = "closing"
    """It failed; a hold that may exist is released before it ends."""
    VERIFIED = "verified"
    """The card is the user's."""
    DECLINED = "declined"
    """The bank or the provider declined the card."""
    FAILED = "failed"
    """The provider refused a request for another reason than a decline."""
    ABANDONED = "abandoned"
    """Its outcome was not needed any more, or card authentication took too long."""
    LAPSED = "lapsed"
    """The provider released the hold before the card was attached."""


class Event(StrEnum):
    """The events of a verification."""

    CUSTOMER_LINKED = "customer_linked"
    """The provider's customer exists; the hold can be requested."""
    CUSTOMER_LOST = "customer_lost"
    """The provider's customer was deleted there; the hold needs a new one."""
    HELD = "held"
    """The amount is held."""
    CHALLENGED = "challenged"
    """The bank asks for card authentication."""
    DECLINED = "declined"
    """The bank, or the provider, declined the card."""
    REFUSED = "refused"
    """The provider refused the request for a reason that is not a decline."""
    ABANDONED = "abandoned"
    """The outcome is not needed any more."""
    LAPSED = "lapsed"
    """The provider released the hold by itself."""
    RELEASE = "release"
    """The hold is about to be released."""
    RELEASED = "released"
    """The hold is released."""
    ATTACHED = "attached"
    """The card is attached to the customer."""
    RECORDED = "recorded"
    """The card is stored as the user's."""


TRANSITIONS: Final[Mapping[tuple[State, Event], State]] = {
    (State.REQUESTED, Event.CUSTOMER_LINKED): State.HOLDING,
    (State.REQUESTED, Event.REFUSED): State.CLOSING,
    (State.REQUESTED, Event.ABANDONED): State.CLOSING,
    (State.HOLDING, Event.CUSTOMER_LOST): State.REQUESTED,
    (State.HOLDING, Event.HELD): State.HELD,
    (State.HOLDING, Event.CHALLENGED): State.REQUIRES_ACTION,
    (State.HOLDING, Event.DECLINED): State.CLOSING,
    (State.HOLDING, Event.REFUSED): State.CLOSING,
    (State.HOLDING, Event.LAPSED): State.LAPSED,
    (State.REQUIRES_ACTION, Event.HELD): State.HELD,
    (State.REQUIRES_ACTION, Event.DECLINED): State.CLOSING,
    (State.REQUIRES_ACTION, Event.ABANDONED): State.CLOSING,
    (State.REQUIRES_ACTION, Event.LAPSED): State.LAPSED,
    (State.HELD, Event.RELEASE): State.RELEASING,
    (State.HELD, Event.LAPSED): State.LAPSED,
    (State.HELD, Event.ABANDONED): State.CLOSING,
    (State.RELEASING, Event.RELEASED): State.RELEASED,
    (State.RELEASED, Event.ATTACHED): State.ATTACHED,
    (State.RELEASED, Event.REFUSED): State.FAILED,
    (State.RELEASED, Event.ABANDONED): State.ABANDONED,
    (State.ATTACHED, Event.RECORDED): State.VERIFIED,
    (State.ATTACHED, Event.REFUSED): State.FAILED,
    (State.ATTACHED, Event.ABANDONED): State.ABANDONED,
    (State.CLOSING, Event.DECLINED): State.DECLINED,
    (State.CLOSING, Event.REFUSED): State.FAILED,
    (State.CLOSING, Event.ABANDONED): State.ABANDONED,
}

OPEN_STATES: Final = frozenset(state for state, _ in TRANSITIONS)
"""States in which a next step is due."""

TAKEOVER_AFTER: Final = timedelta(seconds=60)
"""The time without a transition after which another call may continue a verification."""


@attrs.frozen(kw_only=True)
class CardVerification:
    """One attempt to verify one card. It has all parameters of its provider requests, so that a retry is the same.

    `amount` is in minor units of `currency` (ISO 4217, lower case). `requested` is the requested payment method,
    `payment_method` the one that the provider used: a test token becomes a new one on every use.
    """

    id: str
    user_id: UserId | None
    requested: str
    payment_method: str | None = None
    customer_id: str | None = None
    amount: int
    currency: str
    return_url: str | None = None
    state: State = State.REQUESTED
    closing_because: Event | None = None
    hold_id: str | None = None
    code: str | None = None
    decline_code: str | None = None
    idempotency_key: str | None = None
    """The idempotency key of the client's request, if it had one: a repeat gets the same verification."""
    outcome_undelivered: bool = False
    """Whether the outcome, after card authentication, still has to be reported to the caller."""
    created_at: datetime
    updated_at: datetime
    version: int = 0

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def has_lost_customer(self) -> bool:
        """Whether its first customer was deleted at the provider before the hold."""
        return self.code == Event.CUSTOMER_LOST

    @property
    def is_orphaned(self) -> bool:
        """Whether its user was deleted, so that only its hold has to be released."""
        return self.user_id is None

    def is_stale(self, *, now: datetime) -> bool:
        """Return whether another call may continue it: its last transition is too long ago, or in the future."""
        return self.is_open and (now - self.updated_at >= TAKEOVER_AFTER or is_ahead(self.updated_at, now=now))

    def lies_ahead(self, *, now: datetime) -> bool:
        """Return whether one of its times is in the future, so that its time limits would end too late."""
        return is_ahead(max(self.created_at, self.updated_at), now=now)

    def redated(self, *, now: datetime) -> Self:
        """Return a copy whose times that are in the future are set to `now`, so that its time limits begin then."""
        return attrs.evolve(self, created_at=min(self.created_at, now), updated_at=min(self.updated_at, now))

    def on(
        self,
        event: Event,
        *,
        at: datetime,
        customer_id: str | None = None,
        payment_method: str | None = None,
        hold_id: str | None = None,
        code: str | None = None,
        decline_code: str | None = None,
    ) -> Self:
        """Apply an event, and store the values that came with it.

        Raises:
            IllegalTransition: The state has no transition for the event.

        """
        after = TRANSITIONS.get((self.state, event))
        if after is None:
            raise IllegalTransition(self.state, event)
        return attrs.evolve(
            self,
            state=after,
            closing_because=event if after is State.CLOSING else self.closing_because,
            customer_id=None if event is Event.CUSTOMER_LOST else customer_id or self.customer_id,
            payment_method=payment_method or self.payment_method,
            hold_id=hold_id or self.hold_id,
            code=code or self.code,
            decline_code=decline_code or self.decline_code,
            outcome_undelivered=self.outcome_undelivered or event is Event.CHALLENGED,
            updated_at=at,
        )

    def mark_delivered(self) -> Self:
        """Record that the outcome is reported to the caller."""
        return attrs.evolve(self, outcome_undelivered=False)

    def orphan(self, *, at: datetime) -> Self:
        """Remove the user, who is being deleted; the hold still has to be released."""
        return attrs.evolve(self, user_id=None, updated_at=at)
