"""Stripe's test payment methods and their outcomes.

Source: Stripe's documentation, "Testing". Every use of one creates a new payment method of the same card, so the
fingerprint belongs to the card number.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

import attrs

from accounts_core.model.ids import base62
from accounts_core.model.payment_method import Card, CardChecks, CardNetworks


@attrs.frozen(kw_only=True)
class Decline:
    """Decline of a bank, in Stripe's codes."""

    code: str
    decline_code: str | None = None


@attrs.frozen(kw_only=True)
class Behaviour:
    """Outcome of a hold on a card: held, card authentication required, or declined.

    `declines_attach`: the bank already declines when the card is attached to a customer.
    """

    decline: Decline | None = None
    declines_attach: bool = False
    challenge: bool = False


PLAIN: Final = Behaviour()


@attrs.frozen(kw_only=True)
class TestCard:
    """Stripe test card."""

    __test__ = False  # pytest: a card for tests, not a test

    number: str
    brand: str = "visa"
    cvc_check: str = "pass"
    behaviour: Behaviour = PLAIN

    def card(self, *, exp_year: int) -> Card:
        """Return the card with Stripe's fields."""
        digest = int.from_bytes(sha256(self.number.encode()).digest()[:11], "big")
        return Card(
            brand=self.brand,
            checks=CardChecks(cvc_check=self.cvc_check),
            country="US",
            exp_month=8,
            exp_year=exp_year,
            fingerprint=base62(digest, width=16)[-16:],
            funding="credit",
            last4=self.number[-4:],
            networks=CardNetworks(available=(self.brand,)),
            three_d_secure_supported=True,
        )


def _declined(number: str, code: str, decline_code: str | None = None, *, cvc_check: str = "pass") -> TestCard:
    behaviour = Behaviour(decline=Decline(code=code, decline_code=decline_code), declines_attach=True)
    return TestCard(number=number, cvc_check=cvc_check, behaviour=behaviour)


_DECLINES: Final[Mapping[str, TestCard]] = {
    "": _declined("4000000000000002", "card_declined", "generic_decline"),
    "InsufficientFunds": _declined("4000000000009995", "card_declined", "insufficient_funds"),
    "LostCard": _declined("4000000000009987", "card_declined", "lost_card"),
    "StolenCard": _declined("4000000000009979", "card_declined", "stolen_card"),
    "ExpiredCard": _declined("4000000000000069", "expired_card"),
    "IncorrectCvc": _declined("4000000000000127", "incorrect_cvc", cvc_check="fail"),
    "ProcessingError": _declined("4000000000000119", "processing_error"),
    "VelocityLimitExceeded": _declined("4000000000006975", "card_declined", "card_velocity_exceeded"),
}

_CHALLENGED: Final = Behaviour(challenge=True)

TEST_CARDS: Final[Mapping[str, TestCard]] = {
    "pm_card_visa": TestCard(number="4242424242424242"),
    "pm_card_mastercard": TestCard(number="5555555555554444", brand="mastercard"),
    "pm_card_amex": TestCard(number="378282246310005", brand="amex"),
    **{
        f"pm_card_{spelling}chargeDeclined{reason}": card
        for reason, card in _DECLINES.items()
        for spelling in ("", "visa_")
    },
    "pm_card_chargeCustomerFail": TestCard(
        number="4000000000000341",
        behaviour=Behaviour(decline=Decline(code="card_declined", decline_code="generic_decline")),
    ),
    "pm_card_authenticationRequired": TestCard(number="4000002500003155", behaviour=_CHALLENGED),
    "pm_card_threeDSecure2Required": TestCard(number="4000000000003220", behaviour=_CHALLENGED),
}
"""Test cards by token, in both spellings."""
