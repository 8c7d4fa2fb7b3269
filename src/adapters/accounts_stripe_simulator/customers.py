"""Customers: https://docs.stripe.com/api/customers."""

import re
from typing import Any, Final

from accounts_stripe_simulator.answers import invalid
from accounts_stripe_simulator.lists import paginate, search, take_created_filter
from accounts_stripe_simulator.parameters import Parameters
from accounts_stripe_simulator.payment_methods import ADDRESS, TYPES, list_attached
from accounts_stripe_simulator.state import CUSTOMER, PAYMENT_METHOD, SUBSCRIPTION, Json, Record
from accounts_stripe_simulator.subscriptions import cancel_now
from accounts_stripe_simulator.world import World

URL = "/v1/customers"
_TEXTS = ("description", "email", "name", "phone")
_LONGEST: Final = {"email": 512, "name": 256}
"""Source: Stripe's API reference."""
_EMAIL: Final = re.compile(r"[!-?A-~]+@[^\s@]+")
"""The local part is ASCII. Stripe answers `email_invalid` to any other, as users report; it does not document it."""


def create(world: World, params: Parameters) -> Json:
    """Create a customer."""
    texts = {name: _take_text_field(params, name) for name in _TEXTS}
    metadata, address, shipping = params.take_metadata(), _take_address(params), _take_shipping(params)
    params.refuse_unknown()
    body: Json = {
        "id": world.make_id("cus", 14),
        "object": "customer",
        "address": address,
        "balance": 0,
        "created": world.seconds,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": texts["description"],
        "discount": None,
        "email": texts["email"],
        "invoice_prefix": world.random_text(8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": metadata,
        "name": texts["name"],
        "next_invoice_sequence": 1,
        "phone": texts["phone"],
        "preferred_locales": [],
        "shipping": shipping,
        "tax_exempt": "none",
        "test_clock": None,
    }
    return world.add(CUSTOMER, body).body


def retrieve(world: World, params: Parameters, id: str) -> Json:
    """Return a customer; of a deleted one its id and `deleted`."""
    params.refuse_unknown()
    return world.find(CUSTOMER, id, label="customer", param="id", status=404).body


def update(world: World, params: Parameters, id: str) -> Json:
    """Update a customer."""
    record = world.find_customer(id, param="id", status=404)
    changes: Json = {name: _take_text_field(params, name) for name in _TEXTS if name in params}
    if "address" in params:
        changes["address"] = _take_address(params)
    if "shipping" in params:
        changes["shipping"] = _take_shipping(params)
    if "balance" in params:
        changes["balance"] = params.take_integer("balance") or 0
    if "metadata" in params:
        changes["metadata"] = params.take_metadata(record.body["metadata"])
    settings = params.take_nested("invoice_settings")
    if "default_payment_method" in settings:
        default = settings.take_text("default_payment_method")
        if default is not None:
            _check_attached(world, record, default)
        changes["invoice_settings"] = {**record.body["invoice_settings"], "default_payment_method": default}
    params.refuse_unknown()
    save_changes(world, record, changes)
    return record.body


def save_changes(world: World, record: Record, changes: Json) -> None:
    """Save the changes and emit `customer.updated`, if a value differs."""
    previous: dict[str, Any] = {name: record.body[name] for name in changes if record.body[name] != changes[name]}
    if previous:
        record.body |= changes
        world.transaction.save(record)
        world.emit("customer.updated", record, previous)


def delete(world: World, params: Parameters, id: str) -> Json:
    """Delete a customer, cancel its subscriptions and detach its payment methods."""
    record = world.find_customer(id, param="id", status=404)
    params.refuse_unknown()
    for subscription in world.transaction.list_newest_first(SUBSCRIPTION, owner=id):
        cancel_now(world, subscription)
    for card in list_attached(world, id):
        card.body["customer"] = None
        card.hidden |= {"used_up": True, "owner": id}
        world.transaction.save(card)
    deleted = {"id": id, "object": "customer", "deleted": True}
    world.emit("customer.deleted", record)
    # the ledger groups customers by their metadata, which the API no longer shows
    record.hidden["metadata"] = record.body["metadata"]
    record.body = deleted
    world.transaction.save(record)
    return deleted


def list_all(world: World, params: Parameters) -> Json:
    """List customers, without deleted ones."""
    email, is_created = params.take_text("email"), take_created_filter(params)
    records = (
        record
        for record in world.transaction.list_newest_first(CUSTOMER)
        if not record.body.get("deleted") and (email is None or record.body["email"] == email) and is_created(record)
    )
    return paginate(records, params, url=URL)


def search_all(world: World, params: Parameters) -> Json:
    """Search customers."""
    return search(world, world.transaction.list_newest_first(CUSTOMER), params, url=f"{URL}/search")


def list_payment_methods(world: World, params: Parameters, id: str) -> Json:
    """List a customer's payment methods."""
    world.find_customer(id, param="id", status=404)
    kind = params.take_text("type", among=TYPES)
    return paginate(list_attached(world, id, kind=kind), params, url=f"{URL}/{id}/payment_methods")


def retrieve_payment_method(world: World, params: Parameters, id: str, payment_method_id: str) -> Json:
    """Return one of a customer's payment methods."""
    world.find_customer(id, param="id", status=404)
    card = world.find(PAYMENT_METHOD, payment_method_id, label="PaymentMethod", param="payment_method", status=404)
    if card.body["customer"] != id:
        raise _not_attached(payment_method_id, "payment_method")
    params.refuse_unknown()
    return card.body


def _take_text_field(params: Parameters, name: str) -> str | None:
    value = params.take_text(name)
    if value is not None and len(value) > _LONGEST.get(name, 5000):
        message = f"Invalid string: the maximum length of {name} is {_LONGEST.get(name, 5000)} characters."
        raise invalid(message, name, "parameter_invalid_string_too_long")
    if name == "email" and value is not None and _EMAIL.fullmatch(value) is None:
        raise invalid(f"Invalid email address: {value}", name, "email_invalid")
    return value


def _take_address(params: Parameters) -> Json | None:
    """Take `address[...]`. An empty value clears it."""
    if not params.is_nested("address"):
        params.take_text("address")
        return None
    address = params.take_nested("address")
    return {name: address.take_text(name) for name in ADDRESS}


def _take_shipping(params: Parameters) -> Json | None:
    """Take `shipping[...]`. An empty value clears it."""
    if not params.is_nested("shipping"):
        params.take_text("shipping")
        return None
    shipping = params.take_nested("shipping")
    return {
        "address": _take_address(shipping),
        "name": shipping.take_required("name"),
        "phone": shipping.take_text("phone"),
    }


def _check_attached(world: World, customer: Record, payment_method: str) -> None:
    param = "invoice_settings[default_payment_method]"
    card = world.find(PAYMENT_METHOD, payment_method, label="PaymentMethod", param=param, status=400)
    if card.body["customer"] != customer.id:
        raise _not_attached(payment_method, param)


def _not_attached(payment_method: str, param: str) -> Exception:
    return invalid(
        f"The customer does not have a payment method with the ID {payment_method}."
        " The payment method must be attached to the customer.",
        param,
        "resource_missing",
    )
