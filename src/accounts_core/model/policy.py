"""What a product decides for itself, in one place, with defaults that are safe to keep."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import attrs

from .passwords import PasswordPolicy
from .rate_limits import DEFAULT_RATE_LIMITS, RateLimit, check_limits
from .times import is_ahead


def _positive(_: object, attribute: "attrs.Attribute[timedelta]", value: timedelta) -> None:
    if value <= timedelta(0):
        raise ValueError(f"{attribute.name} must be longer than nothing; got {value}.")


def _positive_or_none(_: object, attribute: "attrs.Attribute[Any]", value: timedelta | None) -> None:
    if value is not None and value <= timedelta(0):
        raise ValueError(f"{attribute.name} must be longer than nothing; got {value}.")


def _not_negative(_: object, attribute: "attrs.Attribute[timedelta]", value: timedelta) -> None:
    if value < timedelta(0):
        raise ValueError(f"{attribute.name} cannot be negative; got {value}.")


@attrs.frozen(kw_only=True)
class SessionPolicy:
    """How long a session lives: `lifetime` at most, and `idle` without use."""

    lifetime: timedelta = attrs.field(default=timedelta(days=30), validator=_positive)
    idle: timedelta = attrs.field(default=timedelta(days=14), validator=_positive)
    most: int = attrs.field(default=100, validator=attrs.validators.ge(1))
    """Sessions that a user has at once; another sign-in ends the oldest."""


@attrs.frozen(kw_only=True)
class MailPolicy:
    """How long a mailed token lives: one that proves an address, and one that chooses a new password.

    The second is as good as a password while it lives, so it lives shortly (ASVS 5.0, 6.5.5: ten minutes).
    """

    verification: timedelta = attrs.field(default=timedelta(hours=24), validator=_positive)
    reset: timedelta = attrs.field(default=timedelta(minutes=10), validator=_positive)


class EmailChange(StrEnum):
    """What becomes of a verified address when another is asked for."""

    CONFIRM = "confirm"
    """It stays until the new one is verified."""
    IMMEDIATE = "immediate"
    """The new one takes its place at once, not verified."""


class CustomerDeletion(StrEnum):
    """What becomes of the payment provider's customer when its user is deleted."""

    BLOCK = "block"
    """It is deleted. A user with a subscription that is not over cannot be deleted."""
    KEEP = "keep"
    """It stays, without cards and personal data: subscriptions, balance, invoices and other payment methods stay."""
    DELETE = "delete"
    """It is deleted, and its subscriptions are canceled with it."""


MINIMUM_AMOUNTS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("usd", "eur", "cad", "aud", "chf", "jpy"), 50),
    "gbp": 30,
    "czk": 1500,
    "huf": 17500,
    "dkk": 250,
    **dict.fromkeys(("sek", "nok"), 300),
    **dict.fromkeys(("pln", "ron", "aed", "myr"), 200),
    "hkd": 400,
    **dict.fromkeys(("mxn", "thb"), 1000),
}
"""The least that can be held, in minor units. Source: Stripe's documentation."""
MAXIMUM_AMOUNT: Final = 99_999_999
"""The most: an amount has at most eight digits. Source: Stripe's documentation of `PaymentIntent.amount`."""


@attrs.frozen(kw_only=True)
class CardPolicy:
    """What is held, and let go again, to verify a card: `amounts` in minor units by ISO 4217 code in lower case."""

    currency: str = "usd"
    amounts: Mapping[str, int] = attrs.field(factory=lambda: {"usd": 100})
    challenge_limit: timedelta = attrs.field(default=timedelta(hours=1), validator=_positive)
    """How long a person may take to answer their bank's challenge; then the verification is given up."""

    def __attrs_post_init__(self) -> None:
        if self.currency not in self.amounts:
            raise ValueError(f"There is no verification amount for the currency {self.currency!r}.")
        for currency, amount in self.amounts.items():
            least = MINIMUM_AMOUNTS.get(currency, 1)
            if amount < least:
                raise ValueError(f"A hold in {currency!r} is at least {least} minor units; got {amount}.")
            if amount > MAXIMUM_AMOUNT:
                raise ValueError(f"A hold in {currency!r} is at most {MAXIMUM_AMOUNT} minor units; got {amount}.")

    @property
    def amount(self) -> int:
        return self.amounts[self.currency]


def _quota(default: int) -> int:
    count: int = attrs.field(default=default, validator=attrs.validators.ge(1))
    return count


@attrs.frozen(kw_only=True)
class QuotaPolicy:
    """How much there may be of what accumulates, so that nobody fills the database."""

    teams: int = _quota(100)
    """Teams that one user owns."""
    members: int = _quota(1000)
    """Members of one team, beside its owner."""
    invitations: int = _quota(200)
    """Open invitations into one team."""
    notifications: int = _quota(1000)
    """Notifications of one user; another one takes the place of the oldest."""


LEAST_RETENTION: Final = timedelta(days=1)


def _a_day_or_none(_: object, attribute: "attrs.Attribute[Any]", value: timedelta | None) -> None:
    if value is not None and value < LEAST_RETENTION:
        raise ValueError(f"{attribute.name} is kept for a day at least; got {value}.")


@attrs.frozen(kw_only=True)
class RetentionPolicy:
    """How long what accumulates is kept before the cleanup deletes it; None keeps it for ever.

    What ends by itself is not here: sessions, mailed tokens and sign-ups at their end, answers under an idempotency key
    after the 24 hours for which they are promised, attempts when they count towards no limit any more.
    """

    audit: timedelta | None = attrs.field(default=timedelta(days=400), validator=_a_day_or_none)
    """The audit trail. PCI DSS 4.0 (10.5.1) asks for twelve months; 35 days more leave time to look at a whole year."""
    notifications: timedelta | None = attrs.field(default=timedelta(days=400), validator=_a_day_or_none)
    """In-product messages, read or not."""
    devices: timedelta | None = attrs.field(default=timedelta(days=400), validator=_a_day_or_none)
    """Devices, from when they were last signed in from; the next sign-in is then one from a new device."""
    verifications: timedelta | None = attrs.field(default=timedelta(days=400), validator=_a_day_or_none)
    """Card verifications, from when they ended. The cards stay."""
    dead_jobs: timedelta | None = attrs.field(default=timedelta(days=90), validator=_a_day_or_none)
    """How long a dead-lettered job is kept, so that an operator has the time to retry it."""


@attrs.frozen(kw_only=True)
class Policy:
    """Every decision of the product. `reauthentication` : how recent a sign-in proves who it is; zero turns it off."""

    passwords: PasswordPolicy = attrs.field(factory=PasswordPolicy)
    sessions: SessionPolicy = attrs.field(factory=SessionPolicy)
    cards: CardPolicy = attrs.field(factory=CardPolicy)
    mail: MailPolicy = attrs.field(factory=MailPolicy)
    reauthentication: timedelta = attrs.field(default=timedelta(minutes=15), validator=_not_negative)
    email_change: EmailChange = EmailChange.CONFIRM
    customer_deletion: CustomerDeletion = CustomerDeletion.BLOCK
    unverified_accounts: timedelta | None = attrs.field(default=timedelta(days=30), validator=_positive_or_none)
    """How old an account may become whose address was never verified; None keeps it. One that somebody is signed in to,
    or that has a customer at the payment provider, stays."""
    retention: RetentionPolicy = attrs.field(factory=RetentionPolicy)
    invitations: timedelta = attrs.field(default=timedelta(days=14), validator=_positive)
    """How long an invitation is open, from when it was last sent."""
    private_registration: bool = False
    """Nobody can find out whether an address has an account; what there is to say is said by mail to that address."""
    quotas: QuotaPolicy = attrs.field(factory=QuotaPolicy)
    limits: Mapping[str, Mapping[str, RateLimit]] = attrs.field(factory=dict)
    """Rate limits in place of `DEFAULT_RATE_LIMITS`, by name and scope, such as
    `{"sign-in": {"client": RateLimit(20, timedelta(hours=1))}}`. What is not given stays as it is there."""

    def __attrs_post_init__(self) -> None:
        check_limits(self.limits)

    def is_recent(self, signed_in_at: datetime | None, *, now: datetime) -> bool:
        """Return whether a sign-in at that time still proves who it is, for a sensitive change.

        A sign-in in the future proves nothing: the machine's clock was wrong, so it may be of any age.
        """
        if not self.reauthentication:
            return True
        if signed_in_at is None or is_ahead(signed_in_at, now=now):
            return False
        return now - signed_in_at <= self.reauthentication

    def invitations_open_since(self, now: datetime) -> datetime:
        """Return the time at or before which an invitation was sent that is over now."""
        return now - self.invitations

    def limit(self, name: str, scope: str) -> RateLimit:
        """Return how often `name` may be tried within a scope of this kind."""
        return self.limits.get(name, {}).get(scope, DEFAULT_RATE_LIMITS[name][scope])
