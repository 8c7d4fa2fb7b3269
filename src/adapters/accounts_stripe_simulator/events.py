"""Events: https://docs.stripe.com/api/events."""

from typing import Final

from accounts_stripe_simulator.lists import paginate, take_created_filter
from accounts_stripe_simulator.parameters import Parameters
from accounts_stripe_simulator.state import EVENT, Json
from accounts_stripe_simulator.world import World

URL: Final = "/v1/events"


def retrieve(world: World, params: Parameters, id: str) -> Json:
    """Return an event."""
    params.refuse_unknown()
    return world.find(EVENT, id, label="event", param="id", status=404).body


def list_all(world: World, params: Parameters) -> Json:
    """List events."""
    event_type, is_created = params.take_text("type"), take_created_filter(params)
    records = (
        record for record in world.transaction.list_newest_first(EVENT) if event_type in {None, record.body["type"]}
    )
    return paginate(filter(is_created, records), params, url=URL)
