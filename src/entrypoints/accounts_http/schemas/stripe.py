"""Cards and customers with the fields of Stripe's objects, for clients that are written for those."""

from typing import Any, Literal

import msgspec

from accounts_core.model.customer import Customer
from accounts_core.model.payment_method import Address, Card, Cards, PaymentMethod
from accounts_core.model.user import User


class AddressObject(msgspec.Struct):
    city: str | None
    country: str | None
    line1: str | None
    line2: str | None
    postal_code: str | None
    state: str | None


class BillingDetailsObject(msgspec.Struct):
    address: AddressObject
    email: str | None
    name: str | None
    phone: str | None


class ChecksObject(msgspec.Struct):
    address_line1_check: str | None
    address_postal_code_check: str | None
    cvc_check: str | None


class NetworksObject(msgspec.Struct):
    available: list[str]
    preferred: str | None


class ThreeDSecureUsageObject(msgspec.Struct):
    supported: bool


class CardObject(msgspec.Struct):
    brand: str
    checks: ChecksObject
    country: str | None
    exp_month: int
    exp_year: int
    fingerprint: str | None
    funding: str
    generated_from: None
    last4: str
    networks: NetworksObject
    three_d_secure_usage: ThreeDSecureUsageObject | None
    wallet: dict[str, Any] | None


class PaymentMethodObject(msgspec.Struct, kw_only=True):
    id: str
    object: Literal["payment_method"] = "payment_method"
    billing_details: BillingDetailsObject
    card: CardObject
    created: int
    customer: str | None
    livemode: bool
    metadata: dict[str, str]
    type: str


class PaymentMethodList(msgspec.Struct, kw_only=True):
    """All cards of the user, newest first."""

    object: Literal["list"] = "list"
    data: list[PaymentMethodObject]
    has_more: Literal[False] = False
    url: str


class InvoiceSettingsObject(msgspec.Struct, kw_only=True):
    custom_fields: None = None
    default_payment_method: str | None
    footer: None = None
    rendering_options: None = None


class CustomerObject(msgspec.Struct, kw_only=True):
    """The payment provider's customer. `balance` is in minor units; negative is credit."""

    id: str
    object: Literal["customer"] = "customer"
    address: AddressObject | None
    balance: int
    created: int
    currency: str | None
    default_source: None = None
    delinquent: bool
    description: str | None
    discount: None = None
    email: str | None
    invoice_prefix: str | None
    invoice_settings: InvoiceSettingsObject
    livemode: bool
    metadata: dict[str, str]
    name: str | None
    phone: str | None
    preferred_locales: list[str]
    shipping: None = None
    tax_exempt: str
    test_clock: None = None


def payment_method_list(user: User, cards: Cards) -> PaymentMethodList:
    customer = user.customer_id
    return PaymentMethodList(
        data=[_payment_method(card, customer) for card in cards],
        url="/v1/payment_methods" if customer is None else f"/v1/customers/{customer}/payment_methods",
    )


def customer_object(customer: Customer) -> CustomerObject:
    return CustomerObject(
        id=customer.id,
        address=None if customer.address is None else _address(customer.address),
        balance=customer.balance,
        created=int(customer.created.timestamp()),
        currency=customer.currency,
        delinquent=customer.delinquent,
        description=customer.description,
        email=customer.email,
        invoice_prefix=customer.invoice_prefix,
        invoice_settings=InvoiceSettingsObject(default_payment_method=customer.default_payment_method),
        livemode=customer.livemode,
        metadata=dict(customer.metadata),
        name=customer.name,
        phone=customer.phone,
        preferred_locales=list(customer.preferred_locales),
        tax_exempt=customer.tax_exempt,
    )


def _payment_method(method: PaymentMethod, customer: str | None) -> PaymentMethodObject:
    details = method.billing_details
    return PaymentMethodObject(
        id=method.id,
        billing_details=BillingDetailsObject(_address(details.address), details.email, details.name, details.phone),
        card=_card(method.card),
        created=int(method.created.timestamp()),
        customer=customer,
        livemode=method.livemode,
        metadata=dict(method.metadata),
        type=method.type,
    )


def _card(card: Card) -> CardObject:
    checks, networks, supported = card.checks, card.networks, card.three_d_secure_supported
    return CardObject(
        brand=card.brand,
        checks=ChecksObject(checks.address_line1_check, checks.address_postal_code_check, checks.cvc_check),
        country=card.country,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        fingerprint=card.fingerprint,
        funding=card.funding,
        generated_from=None,
        last4=card.last4,
        networks=NetworksObject(list(networks.available), networks.preferred),
        three_d_secure_usage=None if supported is None else ThreeDSecureUsageObject(supported),
        wallet=None if card.wallet is None else dict(card.wallet),
    )


def _address(address: Address) -> AddressObject:
    return AddressObject(
        city=address.city,
        country=address.country,
        line1=address.line1,
        line2=address.line2,
        postal_code=address.postal_code,
        state=address.state,
    )
