"""Events: https://docs.stripe.com/api/events."""

from typing import Final

from accounts_stripe_simulator.lists import created_filter, page
from accounts_stripe_simulator.parameters import Parameters
from accounts_stripe_simulator.state import EVENT, Json
from accounts_stripe_simulator.world import World

URL: Final = "/v1/events"


def retrieve(world: World, params: Parameters, id: str) -> Json:
    params.done()
    return world.find(EVENT, id, what="event", param="id", status=404).body


def list_all(world: World, params: Parameters) -> Json:
    wanted, is_created = params.text("type"), created_filter(params)
    found = (record for record in world.transaction.newest_first(EVENT) if wanted in {None, record.body["type"]})
    return page(filter(is_created, found), params, url=URL)
