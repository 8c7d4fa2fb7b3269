"""Mapping of payment methods between rows and aggregates.

Card, billing details and metadata are stored as JSON documents with Stripe's field names, because no query looks inside
them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from accounts_core.model.payment_method import Address, BillingDetails, Card, CardChecks, CardNetworks, PaymentMethod
from accounts_sql.tables import payment_methods

from .queries import Row

CARD: Final[Sequence[sa.Column[Any]]] = [
    payment_methods.c.id,
    payment_methods.c.user_id,
    payment_methods.c.type,
    payment_methods.c.card,
    payment_methods.c.billing_details,
    payment_methods.c.created,
    payment_methods.c.livemode,
    payment_methods.c.metadata,
    payment_methods.c.verified_at,
    payment_methods.c.is_default,
]


def payment_method(row: Row, at: int = 0) -> PaymentMethod:
    """Build a payment method from a row whose columns from index `at` are those of `CARD`."""
    return PaymentMethod(
        id=row[at],
        user_id=row[at + 1],
        type=row[at + 2],
        card=_card(row[at + 3]),
        billing_details=_billing_details(row[at + 4]),
        created=row[at + 5],
        livemode=bool(row[at + 6]),
        metadata=row[at + 7],
        verified_at=row[at + 8],
        is_default=bool(row[at + 9]),
    )


def payment_method_values(method: PaymentMethod) -> dict[str, Any]:
    return {
        "id": method.id,
        "user_id": method.user_id,
        "type": method.type,
        "card": _card_document(method.card),
        "billing_details": _billing_document(method.billing_details),
        "created": method.created,
        "livemode": method.livemode,
        "metadata": dict(method.metadata),
        "verified_at": method.verified_at,
        "is_default": method.is_default,
    }


def _card(document: Mapping[str, Any]) -> Card:
    checks, networks = document["checks"], document["networks"]
    return Card(
        brand=document["brand"],
        checks=CardChecks(
            address_line1_check=checks["address_line1_check"],
            address_postal_code_check=checks["address_postal_code_check"],
            cvc_check=checks["cvc_check"],
        ),
        country=document["country"],
        exp_month=document["exp_month"],
        exp_year=document["exp_year"],
        fingerprint=document["fingerprint"],
        funding=document["funding"],
        last4=document["last4"],
        networks=CardNetworks(available=tuple(networks["available"]), preferred=networks["preferred"]),
        three_d_secure_supported=document["three_d_secure_supported"],
        wallet=document["wallet"],
    )


def _card_document(card: Card) -> dict[str, Any]:
    return {
        "brand": card.brand,
        "checks": {
            "address_line1_check": card.checks.address_line1_check,
            "address_postal_code_check": card.checks.address_postal_code_check,
            "cvc_check": card.checks.cvc_check,
        },
        "country": card.country,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "last4": card.last4,
        "networks": {"available": list(card.networks.available), "preferred": card.networks.preferred},
        "three_d_secure_supported": card.three_d_secure_supported,
        "wallet": None if card.wallet is None else dict(card.wallet),
    }


def _billing_details(document: Mapping[str, Any]) -> BillingDetails:
    address = document["address"]
    return BillingDetails(
        address=Address(
            city=address["city"],
            country=address["country"],
            line1=address["line1"],
            line2=address["line2"],
            postal_code=address["postal_code"],
            state=address["state"],
        ),
        email=document["email"],
        name=document["name"],
        phone=document["phone"],
    )


def _billing_document(details: BillingDetails) -> dict[str, Any]:
    address = details.address
    return {
        "address": {
            "city": address.city,
            "country": address.country,
            "line1": address.line1,
            "line2": address.line2,
            "postal_code": address.postal_code,
            "state": address.state,
        },
        "email": details.email,
        "name": details.name,
        "phone": details.phone,
    }
