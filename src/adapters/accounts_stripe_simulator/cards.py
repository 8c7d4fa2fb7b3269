"""Stripe's test payment methods: the card of each, and its bank's response to a hold.

Source: Stripe's documentation, "Testing". Both spellings are in use, with and without `visa_`.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

import attrs

from accounts_core.model.ids import base62
from accounts_stripe_simulator.state import Json


@attrs.frozen(kw_only=True)
class Verdict:
    """The bank's response to a hold: approval, decline, or a request for authentication.

    `code` and `decline_code` are Stripe's codes of a decline; both are None when the bank approves. With `challenge`
    the bank asks for authentication first. With `declines_attach` it declines already when the card is attached to a
    customer.
    """

    code: str | None = None
    decline_code: str | None = None
    challenge: bool = False
    declines_attach: bool = False

    @classmethod
    def from_json(cls, stored: Json) -> "Verdict":
        """Return the verdict that is stored with a payment method."""
        return cls(**stored)


APPROVED: Final = Verdict()


@attrs.frozen(kw_only=True)
class TestCard:
    """One of Stripe's test cards."""

    __test__ = False  # pytest: a card for tests, not a test

    number: str
    brand: str = "visa"
    country: str = "US"
    cvc_check: str = "pass"
    verdict: Verdict = APPROVED

    def to_json(self, *, exp_month: int, exp_year: int) -> Json:
        """Return the `card` object of a payment method. The fingerprint depends on the card number alone."""
        digest = int.from_bytes(sha256(f"card {self.number}".encode()).digest()[:11], "big")
        return {
            "brand": self.brand,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": self.cvc_check,
            },
            "country": self.country,
            "display_brand": self.brand,
            "exp_month": exp_month,
            "exp_year": exp_year,
            "fingerprint": base62(digest, width=16)[-16:],
            "funding": "credit",
            "generated_from": None,
            "last4": self.number[-4:],
            "networks": {"available": [self.brand], "preferred": None},
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        }


def _make_declined_card(
    number: str, code: str, decline_code: str | None = None, *, cvc_check: str = "pass"
) -> TestCard:
    verdict = Verdict(code=code, decline_code=decline_code, declines_attach=True)
    return TestCard(number=number, cvc_check=cvc_check, verdict=verdict)


_DECLINES: Final[Mapping[str, TestCard]] = {
    "": _make_declined_card("4000000000000002", "card_declined", "generic_decline"),
    "InsufficientFunds": _make_declined_card("4000000000009995", "card_declined", "insufficient_funds"),
    "LostCard": _make_declined_card("4000000000009987", "card_declined", "lost_card"),
    "StolenCard": _make_declined_card("4000000000009979", "card_declined", "stolen_card"),
    "ExpiredCard": _make_declined_card("4000000000000069", "expired_card", "expired_card"),
    "IncorrectCvc": _make_declined_card("4000000000000127", "incorrect_cvc", "incorrect_cvc", cvc_check="fail"),
    "ProcessingError": _make_declined_card("4000000000000119", "processing_error", "processing_error"),
    "VelocityLimitExceeded": _make_declined_card("4000000000006975", "card_declined", "card_velocity_exceeded"),
}

_ACCEPTED: Final[Mapping[str, TestCard]] = {
    "pm_card_visa": TestCard(number="4242424242424242"),
    "pm_card_mastercard": TestCard(number="5555555555554444", brand="mastercard"),
    "pm_card_amex": TestCard(number="378282246310005", brand="amex"),
}

_CHALLENGED: Final = Verdict(challenge=True)

TEST_CARDS: Final[Mapping[str, TestCard]] = {
    **_ACCEPTED,
    **{
        f"pm_card_{spelling}chargeDeclined{reason}": card
        for reason, card in _DECLINES.items()
        for spelling in ("", "visa_")
    },
    **{
        f"pm_card_{spelling}chargeCustomerFail": TestCard(
            number="4000000000000341", verdict=Verdict(code="card_declined", decline_code="generic_decline")
        )
        for spelling in ("", "visa_")
    },
    "pm_card_authenticationRequired": TestCard(number="4000002500003155", country="IE", verdict=_CHALLENGED),
    "pm_card_threeDSecure2Required": TestCard(number="4000000000003220", country="IE", verdict=_CHALLENGED),
}
"""Test cards by `pm_card_*` token."""

CARDS_BY_NUMBER: Final[Mapping[str, TestCard]] = {card.number: card for card in TEST_CARDS.values()}
CARDS_BY_TOKEN: Final[Mapping[str, TestCard]] = {
    token.replace("pm_card_", "tok_", 1): card for token, card in TEST_CARDS.items()
}

MESSAGES: Final[Mapping[str, str]] = {
    "card_declined": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "card_velocity_exceeded": "Your card was declined for making repeated attempts too frequently.",
}
"""Stripe's messages for a decline, by decline code or code."""


def describe_decline(verdict: Verdict) -> str:
    """Return Stripe's message for a decline."""
    return MESSAGES.get(verdict.decline_code or "") or MESSAGES.get(verdict.code or "") or MESSAGES["card_declined"]
