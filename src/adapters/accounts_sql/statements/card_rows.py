"""The mapping of payment methods.

Card, billing details and metadata are stored as JSON documents with Stripe's field names, because no query looks inside
them.
"""

from collections.abc import Mapping
from typing import Any, Final

from accounts_core.model.payment_method import Address, BillingDetails, Card, CardChecks, CardNetworks, PaymentMethod
from accounts_sql.tables import payment_methods

from .mapping import RowMapping, Stored


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


CARD: Final = RowMapping(
    PaymentMethod,
    payment_methods,
    card=Stored(read=_card, write=_card_document),
    billing_details=Stored(read=_billing_details, write=_billing_document),
    metadata=Stored(write=dict),
)
