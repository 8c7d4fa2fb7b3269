"""Differences between the database and the payment provider, as the reconciliation reports them."""

from enum import StrEnum

import attrs

from .ids import UserId


class Kind(StrEnum):
    """The kinds of differences."""

    STRANDED_HOLD = "stranded hold"
    """A hold is open, and no verification is going to release it."""
    ORPHANED_CARD = "orphaned card"
    """The customer has a card that the user does not have in the database."""
    DOUBLED_CUSTOMER = "doubled customer"
    """The user is linked to another customer as well."""
    UNCLAIMED_CUSTOMER = "unclaimed customer"
    """The customer was created for the user, but the user is not linked to it."""
    LOST_CUSTOMER = "lost customer"
    """The user is linked to a customer that does not exist at the provider."""
    DIFFERING_CARDS = "differing cards"
    """The user has a card that the customer does not have, or has with other details."""
    DIFFERING_DEFAULT = "differing default"
    """The provider has another default card."""
    DEFAULT_ELSEWHERE = "default is managed elsewhere"
    """The provider's default was never verified here: another kind of payment method, or a card added by others."""
    UNKNOWN_CUSTOMER = "unknown customer"
    """The customer was created for a user who does not exist."""


class Repair(StrEnum):
    """The state of the repair of a drift."""

    NEEDED = "to repair"
    DONE = "repaired"
    QUEUED = "queued"
    """The provider did not do it at once; a job of the outbox retries it."""
    LEFT = "left alone"


@attrs.frozen(kw_only=True)
class Drift:
    """One difference. `subject` is the provider's id of the object, `user_id` its user, if known."""

    kind: Kind
    subject: str
    user_id: UserId | None = None
    repair: Repair
    detail: str


@attrs.frozen(kw_only=True)
class Reconciliation:
    """The result of a reconciliation: counts of the objects compared, and the differences.

    `stopped_by` is the reason if it ended early; repairs made until then stay.
    """

    users: int = 0
    customers: int = 0
    holds: int = 0
    drifts: tuple[Drift, ...] = ()
    stopped_by: str | None = None

    @property
    def is_clean(self) -> bool:
        """Whether everything was compared, and every drift is repaired."""
        return self.stopped_by is None and all(drift.repair is Repair.DONE for drift in self.drifts)
