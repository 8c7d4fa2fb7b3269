"""The settings of a product, with secure defaults."""

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
    """Limits of sessions: `lifetime` after the sign-in, and `idle` without use."""

    lifetime: timedelta = attrs.field(default=timedelta(days=30), validator=_positive)
    idle: timedelta = attrs.field(default=timedelta(days=14), validator=_positive)
    most: int = attrs.field(default=100, validator=attrs.validators.ge(1))
    """The most sessions of a user; a further sign-in ends the oldest."""


@attrs.frozen(kw_only=True)
class MailPolicy:
    """Lifetimes of mailed tokens: to verify an address, and to reset the password.

    A reset token is equivalent to a password, so its lifetime is short (ASVS 5.0, 6.5.5: ten minutes).
    """

    verification: timedelta = attrs.field(default=timedelta(hours=24), validator=_positive)
    reset: timedelta = attrs.field(default=timedelta(minutes=10), validator=_positive)


class EmailChange(StrEnum):
    """The effect of a change of address on a verified address."""

    CONFIRM = "confirm"
    """It stays until the new one is verified."""
    IMMEDIATE = "immediate"
    """The new, unverified one replaces it at once."""


class CustomerDeletion(StrEnum):
    """The effect of a user's deletion on the payment provider's customer."""

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
"""Minimum amounts of a hold, in minor units. Source: Stripe's documentation."""
MAXIMUM_AMOUNT: Final = 99_999_999
"""Maximum amount of a hold: eight digits. Source: Stripe's documentation of `PaymentIntent.amount`."""


@attrs.frozen(kw_only=True)
class CardPolicy:
    """The hold of a card verification: `amounts` in minor units, by ISO 4217 code in lower case."""

    currency: str = "usd"
    amounts: Mapping[str, int] = attrs.field(factory=lambda: {"usd": 100})
    challenge_limit: timedelta = attrs.field(default=timedelta(hours=1), validator=_positive)
    """The time limit of card authentication, after which the verification is abandoned."""

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
    """The quotas: how many objects of each kind there may be, so that no user can fill the database."""

    teams: int = _quota(100)
    """Teams that one user owns."""
    members: int = _quota(1000)
    """Members of one team, without its owner."""
    invitations: int = _quota(200)
    """Open invitations into one team."""
    notifications: int = _quota(1000)
    """Notifications of one user; a further one replaces the oldest."""


LEAST_RETENTION: Final = timedelta(days=1)


def _a_day_or_none(_: object, attribute: "attrs.Attribute[Any]", value: timedelta | None) -> None:
    if value is not None and value < LEAST_RETENTION:
        raise ValueError(f"{attribute.name} is kept for a day at least; got {value}.")


@attrs.frozen(kw_only=True)
class RetentionPolicy:
    """Retention periods, after which the cleanup deletes rows; None keeps them forever.

    Rows that expire by themselves have no setting: sessions, mail tokens and sign-ups when they end, idempotency
    records after 24 hours, attempts when they count towards no rate limit any more.
    """

    audit: timedelta | None = attrs.field(default=timedelta(days=400), validator=_a_day_or_none)
    """The audit trail. PCI DSS 4.0 (10.5.1) requires twelve months; 35 more days leave time to review a whole year."""
    notifications: timedelta | None = attrs.field(default=timedelta(days=400), validator=_a_day_or_none)
    """Notifications, read or not."""
    devices: timedelta | None = attrs.field(default=timedelta(days=400), validator=_a_day_or_none)
    """Devices, after their last sign-in; a later sign-in counts as one from a new device."""
    verifications: timedelta | None = attrs.field(default=timedelta(days=400), validator=_a_day_or_none)
    """Card verifications, after they ended. The cards stay."""
    dead_jobs: timedelta | None = attrs.field(default=timedelta(days=90), validator=_a_day_or_none)
    """Dead-lettered jobs, so that an operator has time to retry them."""


@attrs.frozen(kw_only=True)
class Policy:
    """All settings of a product.

    `reauthentication` is the time after a sign-in in which sensitive changes need no password; zero turns
    reauthentication off.
    """

    passwords: PasswordPolicy = attrs.field(factory=PasswordPolicy)
    sessions: SessionPolicy = attrs.field(factory=SessionPolicy)
    cards: CardPolicy = attrs.field(factory=CardPolicy)
    mail: MailPolicy = attrs.field(factory=MailPolicy)
    reauthentication: timedelta = attrs.field(default=timedelta(minutes=15), validator=_not_negative)
    email_change: EmailChange = EmailChange.CONFIRM
    customer_deletion: CustomerDeletion = CustomerDeletion.BLOCK
    unverified_accounts: timedelta | None = attrs.field(default=timedelta(days=30), validator=_positive_or_none)
    """The time after which an account whose address was never verified is deleted; None keeps it. Accounts with a
    session or with a customer at the payment provider stay."""
    retention: RetentionPolicy = attrs.field(factory=RetentionPolicy)
    invitations: timedelta = attrs.field(default=timedelta(days=14), validator=_positive)
    """The time for which an invitation is open after it was last sent."""
    private_registration: bool = False
    """Whether responses hide if an address has an account; the outcome is then mailed to that address only."""
    quotas: QuotaPolicy = attrs.field(factory=QuotaPolicy)
    limits: Mapping[str, Mapping[str, RateLimit]] = attrs.field(factory=dict)
    """Rate limits in place of `DEFAULT_RATE_LIMITS`, by name and scope, such as
    `{"sign-in": {"client": RateLimit(20, timedelta(hours=1))}}`. Others keep their defaults."""

    def __attrs_post_init__(self) -> None:
        check_limits(self.limits)

    def is_recent(self, signed_in_at: datetime | None, *, now: datetime) -> bool:
        """Return whether a sign-in at that time is recent enough for a sensitive change.

        A sign-in in the future is not: a wrong clock wrote its time, so its age is unknown.
        """
        if not self.reauthentication:
            return True
        if signed_in_at is None or is_ahead(signed_in_at, now=now):
            return False
        return now - signed_in_at <= self.reauthentication

    def invitations_open_since(self, now: datetime) -> datetime:
        """Return the time after which an invitation must have been sent to be open now."""
        return now - self.invitations

    def limit(self, name: str, scope: str) -> RateLimit:
        """Return the rate limit of `name` in a scope of this kind."""
        return self.limits.get(name, {}).get(scope, DEFAULT_RATE_LIMITS[name][scope])
