"""Customers: https://docs.stripe.com/api/customers."""

import re
from typing import Any, Final

from accounts_stripe_simulator.answers import invalid
from accounts_stripe_simulator.lists import created_filter, page, search
from accounts_stripe_simulator.parameters import Parameters
from accounts_stripe_simulator.payment_methods import ADDRESS, TYPES, attached_to
from accounts_stripe_simulator.state import CUSTOMER, PAYMENT_METHOD, SUBSCRIPTION, Json, Record
from accounts_stripe_simulator.subscriptions import end
from accounts_stripe_simulator.world import World

URL = "/v1/customers"
_TEXTS = ("description", "email", "name", "phone")
_LONGEST: Final = {"email": 512, "name": 256}
"""Source: Stripe's API reference."""
_EMAIL: Final = re.compile(r"[!-?A-~]+@[^\s@]+")
"""The local part is ASCII. Stripe answers `email_invalid` to any other, as people report; it does not document it."""


def create(world: World, params: Parameters) -> Json:
    texts = {name: _text(params, name) for name in _TEXTS}
    metadata, address, shipping = params.metadata(), _address(params), _shipping(params)
    params.done()
    body: Json = {
        "id": world.new_id("cus", 14),
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
        "invoice_prefix": world.random(8).upper(),
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
    params.done()
    return world.find(CUSTOMER, id, what="customer", param="id", status=404).body


def update(world: World, params: Parameters, id: str) -> Json:
    record = world.customer(id, param="id", status=404)
    changes: Json = {name: _text(params, name) for name in _TEXTS if name in params}
    if "address" in params:
        changes["address"] = _address(params)
    if "shipping" in params:
        changes["shipping"] = _shipping(params)
    if "balance" in params:
        changes["balance"] = params.integer("balance") or 0
    if "metadata" in params:
        changes["metadata"] = params.metadata(record.body["metadata"])
    settings = params.nested("invoice_settings")
    if "default_payment_method" in settings:
        default = settings.text("default_payment_method")
        if default is not None:
            _check_attached(world, record, default)
        changes["invoice_settings"] = {**record.body["invoice_settings"], "default_payment_method": default}
    params.done()
    change(world, record, changes)
    return record.body


def change(world: World, record: Record, changes: Json) -> None:
    """Store the changes and tell of them, if there are any."""
    previous: dict[str, Any] = {name: record.body[name] for name in changes if record.body[name] != changes[name]}
    if previous:
        record.body |= changes
        world.transaction.save(record)
        world.emit("customer.updated", record, previous)


def delete(world: World, params: Parameters, id: str) -> Json:
    record = world.customer(id, param="id", status=404)
    params.done()
    for subscription in world.transaction.newest_first(SUBSCRIPTION, owner=id):
        end(world, subscription)
    for card in attached_to(world, id):
        card.body["customer"] = None
        card.hidden |= {"used_up": True, "owner": id}
        world.transaction.save(card)
    gone = {"id": id, "object": "customer", "deleted": True}
    world.emit("customer.deleted", record)
    # the ledger still wants to know whose it was
    record.hidden["metadata"] = record.body["metadata"]
    record.body = gone
    world.transaction.save(record)
    return gone


def list_all(world: World, params: Parameters) -> Json:
    email, is_created = params.text("email"), created_filter(params)
    found = (
        record
        for record in world.transaction.newest_first(CUSTOMER)
        if not record.body.get("deleted") and (email is None or record.body["email"] == email) and is_created(record)
    )
    return page(found, params, url=URL)


def search_all(world: World, params: Parameters) -> Json:
    return search(world, world.transaction.newest_first(CUSTOMER), params, url=f"{URL}/search")


def payment_methods(world: World, params: Parameters, id: str) -> Json:
    world.customer(id, param="id", status=404)
    kind = params.text("type", among=TYPES)
    return page(attached_to(world, id, kind=kind), params, url=f"{URL}/{id}/payment_methods")


def payment_method(world: World, params: Parameters, id: str, payment_method_id: str) -> Json:
    world.customer(id, param="id", status=404)
    card = world.find(PAYMENT_METHOD, payment_method_id, what="PaymentMethod", param="payment_method", status=404)
    if card.body["customer"] != id:
        raise _not_theirs(payment_method_id, "payment_method")
    params.done()
    return card.body


def _text(params: Parameters, name: str) -> str | None:
    value = params.text(name)
    if value is not None and len(value) > _LONGEST.get(name, 5000):
        message = f"Invalid string: the maximum length of {name} is {_LONGEST.get(name, 5000)} characters."
        raise invalid(message, name, "parameter_invalid_string_too_long")
    if name == "email" and value is not None and _EMAIL.fullmatch(value) is None:
        raise invalid(f"Invalid email address: {value}", name, "email_invalid")
    return value


def _address(params: Parameters) -> Json | None:
    """Take `address[...]`; an empty value clears it."""
    if not params.is_nested("address"):
        params.text("address")
        return None
    address = params.nested("address")
    return {name: address.text(name) for name in ADDRESS}


def _shipping(params: Parameters) -> Json | None:
    """Take `shipping[...]`; an empty value clears it."""
    if not params.is_nested("shipping"):
        params.text("shipping")
        return None
    shipping = params.nested("shipping")
    return {"address": _address(shipping), "name": shipping.required("name"), "phone": shipping.text("phone")}


def _check_attached(world: World, customer: Record, payment_method: str) -> None:
    param = "invoice_settings[default_payment_method]"
    card = world.find(PAYMENT_METHOD, payment_method, what="PaymentMethod", param=param, status=400)
    if card.body["customer"] != customer.id:
        raise _not_theirs(payment_method, param)


def _not_theirs(payment_method: str, param: str) -> Exception:
    return invalid(
        f"The customer does not have a payment method with the ID {payment_method}."
        " The payment method must be attached to the customer.",
        param,
        "resource_missing",
    )
