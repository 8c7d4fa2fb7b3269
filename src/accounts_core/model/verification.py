"""Card verification: hold a small sum, let it go, keep the card. Money is at stake, so it is a state machine.

    requested -> holding -> held -> releasing -> released -> attached -> verified

- `holding` may also lead to a strong-authentication challenge (`requires_action`), which leads on to `held`;
- `holding -> requested`, once: the provider's customer was deleted there, and the hold needs another one;
- everything unhappy that may have left a hold goes through `closing`, where the hold is cancelled, and ends as
  `declined`, `failed` or `abandoned`: the event that led into `closing` is kept and leads out of it again;
- `held -> lapsed`: the provider let the hold go before we did;
- an *orphaned* verification has lost its user: it only lets go of its hold and ends as `abandoned`.

Nothing is ever captured. The table is the rule; `CardVerification.on` looks it up.
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
    """Where a verification stands. Each but the last five waits for something to be done."""

    REQUESTED = "requested"
    HOLDING = "holding"
    REQUIRES_ACTION = "requires_action"
    HELD = "held"
    RELEASING = "releasing"
    RELEASED = "released"
    ATTACHED = "attached"
    CLOSING = "closing"
    VERIFIED = "verified"
    DECLINED = "declined"
    FAILED = "failed"
    ABANDONED = "abandoned"
    LAPSED = "lapsed"


class Event(StrEnum):
    """What can happen to a verification."""

    CUSTOMER_LINKED = "customer_known"
    """The provider's customer exists; the hold can be asked for."""
    CUSTOMER_LOST = "customer_lost"
    """The provider's customer is not there any more, so nothing can be held for it: another one is needed."""
    HELD = "held"
    """The sum is held."""
    CHALLENGED = "challenged"
    """The bank wants the person to prove themself."""
    DECLINED = "declined"
    """The bank, or the provider, said no."""
    REFUSED = "refused"
    """The provider said no for a reason that is no decline."""
    ABANDONED = "abandoned"
    """Nobody waits for the outcome any more."""
    LAPSED = "lapsed"
    """The provider let the hold go by itself."""
    RELEASE = "release"
    """The hold is about to be let go."""
    RELEASED = "released"
    """The hold is gone."""
    ATTACHED = "attached"
    """The card belongs to the customer."""
    RECORDED = "recorded"
    """The card is the user's."""


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
"""States in which something is still to be done."""

TAKEOVER_AFTER: Final = timedelta(seconds=60)
"""A verification that nobody has moved for this long is nobody's: the next call may drive it on."""


@attrs.frozen(kw_only=True)
class CardVerification:
    """One attempt to verify one card. The row keeps every parameter of its requests, so a repeat is the same request.

    `amount` is in minor units of `currency` (ISO 4217, lower case). `requested` is the payment method that was asked
    for, `payment_method` what the provider made of it: a test token becomes a new one on every use.
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
    """Names the request that opened it, where the client gave it a key: the same request is the same verification."""
    outcome_undelivered: bool = False
    """Its caller was sent to the bank, and has not been told yet how it ended."""
    created_at: datetime
    updated_at: datetime
    version: int = 0

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def has_lost_customer(self) -> bool:
        """Its first customer was deleted at the provider before anything could be held."""
        return self.code == Event.CUSTOMER_LOST

    @property
    def is_orphaned(self) -> bool:
        """Its user is gone: nothing is left to do but to let the hold go."""
        return self.user_id is None

    def is_stale(self, *, now: datetime) -> bool:
        """Return whether its driver must have died: nobody has moved it for so long, or it was moved in the future."""
        return self.is_open and (now - self.updated_at >= TAKEOVER_AFTER or is_ahead(self.updated_at, now=now))

    def lies_ahead(self, *, now: datetime) -> bool:
        """Return whether it carries a time that lies in the future, so that its limits would end too late."""
        return is_ahead(max(self.created_at, self.updated_at), now=now)

    def redated(self, *, now: datetime) -> Self:
        """Return it with the times that lie in the future set to `now`, from which its limits count then."""
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
        """Take the event, and what was learned with it. Raises `IllegalTransition` where the table has no such cell."""
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
        """Its caller is being told how it ended."""
        return attrs.evolve(self, outcome_undelivered=False)

    def orphan(self, *, at: datetime) -> Self:
        """Forget the user, who is being deleted; the hold still has to be let go."""
        return attrs.evolve(self, user_id=None, updated_at=at)
