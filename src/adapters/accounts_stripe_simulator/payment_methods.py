"""Payment methods, cards and a few other types: https://docs.stripe.com/api/payment_methods."""

from collections.abc import Iterable
from typing import Final

import attrs

from accounts_stripe_simulator.answers import Refused, invalid, unexpected_state
from accounts_stripe_simulator.cards import (
    APPROVED,
    CARDS_BY_NUMBER,
    CARDS_BY_TOKEN,
    TEST_CARDS,
    TestCard,
    Verdict,
    describe_decline,
)
from accounts_stripe_simulator.lists import paginate
from accounts_stripe_simulator.parameters import Parameters
from accounts_stripe_simulator.state import CUSTOMER, PAYMENT_METHOD, Json, Record
from accounts_stripe_simulator.world import World

URL: Final = "/v1/payment_methods"
ATTACHED_ELSEWHERE: Final = "The payment method you provided has already been attached to a customer."
USED_UP: Final = (
    "This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer,"
    " and may not be used again."
)
ADDRESS: Final = ("city", "country", "line1", "line2", "postal_code", "state")
CARD: Final = "card"
OTHER_TYPES: Final = ("link", "sepa_debit", "us_bank_account")
TYPES: Final = (CARD, *OTHER_TYPES)
_DEFAULT_EXPIRY_MONTH: Final = 8


def create(world: World, params: Parameters) -> Json:
    """Create a payment method."""
    kind = params.take_required("type")
    if kind in OTHER_TYPES:
        return _create_other(world, params, kind)
    if kind != CARD:
        raise invalid(f"Invalid type: must be one of {', '.join(TYPES)}", "type")
    card = params.take_nested("card")
    token, number = card.take_text("token"), card.take_text("number")
    month, year = card.take_integer("exp_month"), card.take_integer("exp_year")
    card.take_text("cvc")
    billing, metadata = _take_billing(params), params.take_metadata()
    params.refuse_unknown()
    test_card = CARDS_BY_TOKEN.get(token or "") or CARDS_BY_NUMBER.get(number or "")
    if test_card is None:
        raise Refused(
            402,
            "Your card number is incorrect.",
            code="incorrect_number",
            param="card[number]",
            type="card_error",
        )
    return _create_card(world, test_card, month=month, year=year, billing=billing, metadata=metadata).body


def retrieve(world: World, params: Parameters, id: str) -> Json:
    """Return a payment method."""
    params.refuse_unknown()
    return find_or_create(world, id, param="payment_method", status=404).body


def update(world: World, params: Parameters, id: str) -> Json:
    """Update an attached payment method."""
    record = world.find(PAYMENT_METHOD, id, label="PaymentMethod", param="payment_method", status=404)
    changes: Json = {}
    if "billing_details" in params:
        changes["billing_details"] = _take_billing(params, record.body["billing_details"])
    if "metadata" in params:
        changes["metadata"] = params.take_metadata(record.body["metadata"])
    card = params.take_nested("card")
    expiry = {name: card.take_integer(name) for name in ("exp_month", "exp_year") if name in card}
    if expiry:
        _check_is_card(record)
        changes["card"] = {**record.body["card"], **expiry}
    params.refuse_unknown()
    if record.body["customer"] is None:
        raise unexpected_state(
            "You must save this PaymentMethod to a customer before you can update it.",
            "payment_method_unexpected_state",
        )
    save_changes(world, record, changes, event="payment_method.updated")
    return record.body


def save_changes(world: World, record: Record, changes: Json, *, event: str) -> None:
    """Save the changes and emit `event`, if a value differs."""
    previous = {name: record.body[name] for name in changes if record.body[name] != changes[name]}
    if previous:
        record.body |= changes
        world.transaction.save(record)
        world.emit(event, record, previous)


def attach(world: World, params: Parameters, id: str) -> Json:
    """Attach a payment method to a customer."""
    customer = world.find_customer(params.take_required("customer"), param="customer", status=400)
    params.refuse_unknown()
    record = find_or_create(world, id, param="payment_method", status=404)
    if record.body["customer"] == customer.id:
        return record.body
    check_usable(record, customer.id)
    verdict = Verdict.from_json(record.hidden["verdict"])
    if verdict.code is not None and verdict.declines_attach:
        raise Refused(402, describe_decline(verdict), type="card_error", executed=True, **get_decline_fields(verdict))
    attach_to(world, record, customer.id)
    return record.body


def detach(world: World, params: Parameters, id: str) -> Json:
    """Detach a payment method, which cannot be used again."""
    params.refuse_unknown()
    record = world.find(PAYMENT_METHOD, id, label="PaymentMethod", param="payment_method", status=404)
    owner = record.body["customer"]
    if owner is None:
        raise unexpected_state(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
            "payment_method_unexpected_state",
        )
    record.body["customer"] = None
    record.hidden |= {"used_up": True, "owner": owner}
    world.transaction.save(record)
    customer = world.transaction.find(CUSTOMER, owner)
    if customer is not None and customer.body["invoice_settings"]["default_payment_method"] == id:
        customer.body["invoice_settings"]["default_payment_method"] = None
        world.transaction.save(customer)
    world.emit("payment_method.detached", record, {"customer": owner})
    return record.body


def list_all(world: World, params: Parameters) -> Json:
    """List a customer's payment methods."""
    kind, customer = params.take_text("type", among=TYPES), params.take_text("customer")
    if customer is None:
        # without a customer Stripe lists the payment methods of the Stripe account, and the simulator has none
        return paginate((), params, url=URL)
    world.find_customer(customer, param="customer", status=400)
    return paginate(list_attached(world, customer, kind=kind), params, url=URL)


def list_attached(world: World, customer: str, *, kind: str | None = None) -> Iterable[Record]:
    """Return a customer's payment methods, newest first: those of one type, or all of them."""
    records = world.transaction.list_newest_first(PAYMENT_METHOD, owner=customer)
    return [
        record
        for record in records
        if record.body["customer"] == customer and (kind is None or record.body["type"] == kind)
    ]


def renew(world: World, record: Record, changes: Json) -> Json:
    """Update the details of a card as its bank may at any time. Raises `Refused` for other payment methods."""
    _check_is_card(record)
    save_changes(
        world, record, {"card": {**record.body["card"], **changes}}, event="payment_method.automatically_updated"
    )
    return record.body


def _check_is_card(record: Record) -> None:
    if record.body["type"] != CARD:
        raise invalid(f"You cannot update `card` on a PaymentMethod of type {record.body['type']}.", "card")


def find_or_create(world: World, id: str, *, param: str, status: int) -> Record:
    """Return a payment method; for a test token a new one.

    Args:
        world: The request's view of the simulator.
        id: The id of a payment method, or a token such as `pm_card_visa`.
        param: The parameter that had the id.
        status: The HTTP status of the error.

    Raises:
        Refused: No such payment method.

    """
    test_card = TEST_CARDS.get(id)
    if test_card is not None:
        return _create_card(world, test_card)
    return world.find(PAYMENT_METHOD, id, label="PaymentMethod", param=param, status=status)


def check_usable(record: Record, customer: str | None) -> None:
    """Check that a payment method may be used for a customer.

    Raises:
        Refused: It is attached to another customer, or it was detached or used without a customer before.

    """
    if record.body["customer"] not in {None, customer}:
        raise unexpected_state(ATTACHED_ELSEWHERE, "payment_method_unexpected_state", param="payment_method")
    if record.hidden.get("used_up"):
        raise unexpected_state(USED_UP, "payment_method_unexpected_state", param="payment_method")


def attach_to(world: World, record: Record, customer: str) -> None:
    """Attach a payment method to a customer and emit `payment_method.attached`."""
    if record.body["customer"] != customer:
        record.body["customer"] = customer
        world.transaction.save(record)
        world.emit("payment_method.attached", record)


def get_decline_fields(verdict: Verdict) -> dict[str, str]:
    """Return the `code` and `decline_code` of a decline, as they are in an error."""
    fields = {"code": verdict.code or "card_declined"}
    return fields if verdict.decline_code is None else {**fields, "decline_code": verdict.decline_code}


def _create_card(
    world: World,
    card: TestCard,
    *,
    month: int | None = None,
    year: int | None = None,
    billing: Json | None = None,
    metadata: dict[str, str] | None = None,
) -> Record:
    details = card.to_json(exp_month=month or _DEFAULT_EXPIRY_MONTH, exp_year=year or world.now.year + 1)
    return _add(world, CARD, details, card.verdict, billing=billing, metadata=metadata)


def _create_other(world: World, params: Parameters, kind: str) -> Json:
    """Create a payment method that is not a card. Its account numbers are accepted and not stored."""
    fields = params.take_nested(kind)
    for name in ("account_holder_type", "account_number", "account_type", "iban", "routing_number"):
        fields.take_text(name)
    billing, metadata = _take_billing(params), params.take_metadata()
    params.refuse_unknown()
    details: dict[str, Json] = {
        "link": {"email": billing["email"]},
        "sepa_debit": {
            "bank_code": "37040044",
            "branch_code": None,
            "country": "DE",
            "fingerprint": "simulatedSepaDbt",
            "generated_from": None,
            "last4": "3000",
        },
        "us_bank_account": {
            "account_holder_type": "individual",
            "account_type": "checking",
            "bank_name": "STRIPE TEST BANK",
            "financial_connections_account": None,
            "fingerprint": "simulatedAccount",
            "last4": "6789",
            "networks": {"preferred": "ach", "supported": ["ach"]},
            "routing_number": "110000000",
            "status_details": {},
        },
    }
    return _add(world, kind, details[kind], APPROVED, billing=billing, metadata=metadata).body


def _add(
    world: World, kind: str, details: Json, verdict: Verdict, *, billing: Json | None, metadata: dict[str, str] | None
) -> Record:
    body: Json = {
        "id": world.make_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": billing or _make_empty_billing(),
        kind: details,
        "created": world.seconds,
        "customer": None,
        "livemode": False,
        "metadata": metadata or {},
        "type": kind,
    }
    return world.add(PAYMENT_METHOD, body, {"verdict": attrs.asdict(verdict)})


def _make_empty_billing() -> Json:
    return {"address": dict.fromkeys(ADDRESS), "email": None, "name": None, "phone": None, "tax_id": None}


def _take_billing(params: Parameters, current: Json | None = None) -> Json:
    fields, billing = params.take_nested("billing_details"), dict(current or _make_empty_billing())
    for name in ("email", "name", "phone"):
        if name in fields:
            billing[name] = fields.take_text(name)
    address = fields.take_nested("address")
    billing["address"] = {
        name: address.take_text(name) if name in address else billing["address"][name] for name in ADDRESS
    }
    return billing
