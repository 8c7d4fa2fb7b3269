"""Where this side and the payment provider say different things."""

from enum import StrEnum

import attrs

from .ids import UserId


class Kind(StrEnum):
    """What two sides can differ in."""

    STRANDED_HOLD = "stranded hold"
    """Money is frozen, and no verification is going to let it go."""
    ORPHANED_CARD = "orphaned card"
    """The customer has a card that the user does not have here."""
    DOUBLED_CUSTOMER = "doubled customer"
    """The user has another customer than this one, too."""
    UNCLAIMED_CUSTOMER = "unclaimed customer"
    """The customer was made for the user, who does not know of it."""
    LOST_CUSTOMER = "lost customer"
    """The user is billed as a customer that is not there."""
    DIFFERING_CARDS = "differing cards"
    """The user has a card that the customer does not have, or not in these words."""
    DIFFERING_DEFAULT = "differing default"
    """The default card is another one there."""
    DEFAULT_ELSEWHERE = "default is managed elsewhere"
    """The default there is a payment method that was never verified here: another kind, or a card of the host's own."""
    UNKNOWN_CUSTOMER = "unknown customer"
    """The customer was made for a user who is not here."""


class Repair(StrEnum):
    """What became of a drift."""

    NEEDED = "to repair"
    DONE = "repaired"
    QUEUED = "queued"
    """The provider did not do it at once; the outbox goes on with it."""
    LEFT = "left alone"


@attrs.frozen(kw_only=True)
class Drift:
    """One thing that differs. `subject` is the provider's id of it, `user_id` whose it is, where that is known."""

    kind: Kind
    subject: str
    user_id: UserId | None = None
    repair: Repair
    detail: str


@attrs.frozen(kw_only=True)
class Reconciliation:
    """What was looked at, and what differed. `stopped_by` is why it ended early; what was repaired stays so."""

    users: int = 0
    customers: int = 0
    holds: int = 0
    drifts: tuple[Drift, ...] = ()
    stopped_by: str | None = None

    @property
    def is_clean(self) -> bool:
        """Whether everything was looked at, and nothing is left to be done by anybody."""
        return self.stopped_by is None and all(drift.repair is Repair.DONE for drift in self.drifts)
