"""Payment methods: verified cards, and the rules for the cards of a user.

The rules (`Cards`): if there are cards, exactly one is the default. The first card becomes it; when it is removed, the
newest other one does. Another payment method of the same physical card (same fingerprint) replaces the old one and
takes over its default flag.

The fields and their names are those of Stripe's `payment_method` object.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Self

import attrs

from accounts_core.errors import NotFound

from .ids import UserId


@attrs.frozen(kw_only=True)
class Address:
    """A postal address; unknown fields are None. `country` is an ISO 3166-1 code."""

    city: str | None = None
    country: str | None = None
    line1: str | None = None
    line2: str | None = None
    postal_code: str | None = None
    state: str | None = None


@attrs.frozen(kw_only=True)
class BillingDetails:
    """The card's billing details: its holder's name and contact data."""

    address: Address = attrs.field(factory=Address)
    email: str | None = None
    name: str | None = None
    phone: str | None = None


@attrs.frozen(kw_only=True)
class CardChecks:
    """The results of the bank's checks: `pass`, `fail`, `unavailable`, `unchecked`, or None."""

    address_line1_check: str | None = None
    address_postal_code_check: str | None = None
    cvc_check: str | None = None


@attrs.frozen(kw_only=True)
class CardNetworks:
    available: tuple[str, ...] = ()
    preferred: str | None = None


@attrs.frozen(kw_only=True)
class Card:
    """The data of a card, without its number. `fingerprint` is the same for every payment method of one card."""

    brand: str
    checks: CardChecks = attrs.field(factory=CardChecks)
    country: str | None = None
    exp_month: int
    exp_year: int
    fingerprint: str | None = None
    funding: str = "unknown"
    last4: str
    networks: CardNetworks = attrs.field(factory=CardNetworks)
    three_d_secure_supported: bool | None = None
    wallet: Mapping[str, Any] | None = None
    """Data of a wallet such as Apple Pay or Google Pay: the provider's object, unchanged."""


@attrs.frozen(kw_only=True)
class ProviderPaymentMethod:
    """A payment method as the provider returns it, without a user."""

    id: str
    type: str = "card"
    card: Card
    billing_details: BillingDetails = attrs.field(factory=BillingDetails)
    created: datetime
    livemode: bool = False
    """Whether it belongs to the provider's live mode; otherwise to its test mode."""
    metadata: Mapping[str, str] = attrs.field(factory=dict)
    customer_id: str | None = None


@attrs.frozen(kw_only=True)
class PaymentMethod:
    """A verified card of a user.

    The provider's details keep its names, such as `livemode`: they are stored, and shown to the user as the provider's
    object.
    """

    id: str
    user_id: UserId
    type: str = "card"
    card: Card
    billing_details: BillingDetails = attrs.field(factory=BillingDetails)
    created: datetime
    livemode: bool = False
    metadata: Mapping[str, str] = attrs.field(factory=dict)
    verified_at: datetime
    is_default: bool = False

    @classmethod
    def verified(cls, provided: ProviderPaymentMethod, *, user_id: UserId, at: datetime) -> Self:
        """Return the provider's payment method as a verified card of this user."""
        return cls(
            id=provided.id,
            user_id=user_id,
            type=provided.type,
            card=provided.card,
            billing_details=provided.billing_details,
            created=provided.created,
            livemode=provided.livemode,
            metadata=provided.metadata,
            verified_at=at,
        )

    def updated(self, provided: ProviderPaymentMethod) -> Self:
        """Return the card with the provider's current details, which change when the bank replaces the card."""
        return attrs.evolve(
            self, card=provided.card, billing_details=provided.billing_details, metadata=provided.metadata
        )


def _newest_first(card: PaymentMethod) -> tuple[datetime, str]:
    return card.verified_at, card.id


def _sorted(held: Iterable[PaymentMethod]) -> tuple[PaymentMethod, ...]:
    return tuple(sorted(held, key=_newest_first, reverse=True))


@attrs.frozen
class Cards:
    """All cards of one user, newest first, under the rules of the module's docstring."""

    _held: tuple[PaymentMethod, ...] = attrs.field(default=(), converter=_sorted)

    def __iter__(self) -> Iterator[PaymentMethod]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, id: object) -> bool:
        return any(card.id == id for card in self._held)

    @property
    def default(self) -> PaymentMethod | None:
        return next((card for card in self._held if card.is_default), None)

    def get(self, id: str) -> PaymentMethod:
        """Return the card with this id.

        Raises:
            NotFound: No such card.

        """
        for card in self._held:
            if card.id == id:
                return card
        raise NotFound("payment method", id)

    def add(self, new: PaymentMethod) -> Self:
        """Return the cards with a verified card added, which replaces those of the same physical card."""
        fingerprint = new.card.fingerprint
        same = [
            card
            for card in self._held
            if card.id == new.id or (fingerprint is not None and card.card.fingerprint == fingerprint)
        ]
        rest = [card for card in self._held if card not in same]
        return self._with([*rest, attrs.evolve(new, is_default=any(card.is_default for card in same))])

    def remove(self, id: str) -> Self:
        """Return the cards without the one with this id.

        Raises:
            NotFound: No such card.

        """
        gone = self.get(id)
        return self._with([card for card in self._held if card is not gone])

    def make_default(self, id: str) -> Self:
        """Return the cards with the one with this id as the default.

        Raises:
            NotFound: No such card.

        """
        chosen = self.get(id)
        return self._with([attrs.evolve(card, is_default=card is chosen) for card in self._held])

    def mirror(self, provided: Iterable[ProviderPaymentMethod], *, default: str | None) -> Self:
        """Return the cards with the provider's changes: new details, removed cards, another default.

        Cards of the provider that the user has not verified are not added, and do not become the default.
        """
        by_id = {card.id: card for card in provided}
        kept = [card.updated(by_id[card.id]) for card in self._held if card.id in by_id]
        if any(card.id == default for card in kept):
            kept = [attrs.evolve(card, is_default=card.id == default) for card in kept]
        return self._with(kept)

    def _with(self, held: list[PaymentMethod]) -> Self:
        if held and not any(card.is_default for card in held):
            newest = max(held, key=_newest_first)
            held = [attrs.evolve(card, is_default=card is newest) for card in held]
        return attrs.evolve(self, held=held)
