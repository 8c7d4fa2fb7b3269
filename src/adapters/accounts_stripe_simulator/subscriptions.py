"""Subscriptions, as far as deleting a customer is about them: https://docs.stripe.com/api/subscriptions.

They begin, are listed and are canceled. Nothing is invoiced and no period ever ends.
"""

from typing import Final

from accounts_stripe_simulator.answers import invalid
from accounts_stripe_simulator.lists import created_filter, page
from accounts_stripe_simulator.parameters import Parameters
from accounts_stripe_simulator.state import SUBSCRIPTION, Json, Record
from accounts_stripe_simulator.world import World

URL: Final = "/v1/subscriptions"
CANCELED: Final = "canceled"
STATUSES: Final = (
    "active",
    CANCELED,
    "incomplete",
    "incomplete_expired",
    "past_due",
    "paused",
    "trialing",
    "unpaid",
)


def create(world: World, params: Parameters) -> Json:
    customer = world.customer(params.required("customer"), param="customer", status=400)
    prices = [item.required("price") for item in params.each_nested("items")]
    trial_days, metadata = params.integer("trial_period_days"), params.metadata()
    params.done()
    if not prices:
        raise invalid("Missing required param: items.", "items", "parameter_missing")
    new_id = world.new_id("sub")
    body: Json = {
        "id": new_id,
        "object": "subscription",
        "billing_cycle_anchor": world.seconds,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "collection_method": "charge_automatically",
        "created": world.seconds,
        "currency": "usd",
        "customer": customer.id,
        "default_payment_method": None,
        "ended_at": None,
        "items": {
            "object": "list",
            "data": [{"id": world.new_id("si", 14), "object": "subscription_item", "price": price} for price in prices],
            "has_more": False,
            "url": f"/v1/subscription_items?subscription={new_id}",
        },
        "latest_invoice": None,
        "livemode": False,
        "metadata": metadata,
        "start_date": world.seconds,
        "status": "trialing" if trial_days else "active",
    }
    record = world.add(SUBSCRIPTION, body)
    world.emit("customer.subscription.created", record)
    return body


def retrieve(world: World, params: Parameters, id: str) -> Json:
    params.done()
    return _subscription(world, id).body


def list_all(world: World, params: Parameters) -> Json:
    """List the subscriptions; without a status those that were not canceled, as Stripe does."""
    customer, is_created = params.text("customer"), created_filter(params)
    status = params.text("status", among=("all", "ended", *STATUSES))
    found = world.transaction.newest_first(SUBSCRIPTION, owner=customer)
    return page((each for each in found if is_created(each) and _is_asked(each, status)), params, url=URL)


def cancel(world: World, params: Parameters, id: str) -> Json:
    record = _subscription(world, id)
    params.done()
    if record.body["status"] == CANCELED:
        raise invalid(f"No such subscription: '{id}'", "id", "resource_missing")
    return end(world, record)


def end(world: World, record: Record) -> Json:
    """Cancel the subscription at once, and tell of it."""
    if record.body["status"] != CANCELED:
        record.body |= {"status": CANCELED, "canceled_at": world.seconds, "ended_at": world.seconds}
        world.transaction.save(record)
        world.emit("customer.subscription.deleted", record)
    return record.body


def _subscription(world: World, id: str) -> Record:
    return world.find(SUBSCRIPTION, id, what="subscription", param="id", status=404)


def _is_asked(record: Record, status: str | None) -> bool:
    current = record.body["status"]
    match status:
        case None:
            return bool(current != CANCELED)
        case "all":
            return True
        case "ended":
            return current in {CANCELED, "incomplete_expired"}
        case _:
            return bool(current == status)
