"""Subscriptions, as far as the deletion of customers needs them: https://docs.stripe.com/api/subscriptions.

They can be created, retrieved, listed and canceled. They are never invoiced, and their periods never end.
"""

from typing import Final

from accounts_stripe_simulator.answers import invalid
from accounts_stripe_simulator.lists import paginate, take_created_filter
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
    """Create a subscription."""
    customer = world.find_customer(params.take_required("customer"), param="customer", status=400)
    prices = [item.take_required("price") for item in params.take_each_nested("items")]
    trial_days, metadata = params.take_integer("trial_period_days"), params.take_metadata()
    params.refuse_unknown()
    if not prices:
        raise invalid("Missing required param: items.", "items", "parameter_missing")
    new_id = world.make_id("sub")
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
            "data": [
                {"id": world.make_id("si", 14), "object": "subscription_item", "price": price} for price in prices
            ],
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
    """Return a subscription."""
    params.refuse_unknown()
    return _find_subscription(world, id).body


def list_all(world: World, params: Parameters) -> Json:
    """List subscriptions. Canceled ones are left out unless `status` asks for them, as at Stripe."""
    customer, is_created = params.take_text("customer"), take_created_filter(params)
    status = params.take_text("status", among=("all", "ended", *STATUSES))
    records = world.transaction.list_newest_first(SUBSCRIPTION, owner=customer)
    return paginate((each for each in records if is_created(each) and _has_status(each, status)), params, url=URL)


def cancel(world: World, params: Parameters, id: str) -> Json:
    """Cancel a subscription."""
    record = _find_subscription(world, id)
    params.refuse_unknown()
    if record.body["status"] == CANCELED:
        raise invalid(f"No such subscription: '{id}'", "id", "resource_missing")
    return cancel_now(world, record)


def cancel_now(world: World, record: Record) -> Json:
    """Cancel a subscription at once and emit `customer.subscription.deleted`."""
    if record.body["status"] != CANCELED:
        record.body |= {"status": CANCELED, "canceled_at": world.seconds, "ended_at": world.seconds}
        world.transaction.save(record)
        world.emit("customer.subscription.deleted", record)
    return record.body


def _find_subscription(world: World, id: str) -> Record:
    return world.find(SUBSCRIPTION, id, label="subscription", param="id", status=404)


def _has_status(record: Record, status: str | None) -> bool:
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
