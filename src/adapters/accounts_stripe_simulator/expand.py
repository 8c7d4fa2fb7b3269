"""Replace ids with their objects in a response, as the parameter `expand` asks."""

from typing import Any, Final

from accounts_stripe_simulator.answers import invalid
from accounts_stripe_simulator.state import CUSTOMER, PAYMENT_METHOD, Json, Kind
from accounts_stripe_simulator.world import World

_EXPANDABLE: Final[dict[str, Kind]] = {
    "customer": CUSTOMER,
    "payment_method": PAYMENT_METHOD,
    "default_payment_method": PAYMENT_METHOD,
}


def expand(world: World, body: Json, paths: list[str]) -> Json:
    """Return `body` with the ids at `paths` replaced by their objects.

    Args:
        world: The request's view of the simulator.
        body: The response before expansion.
        paths: Such as `payment_method` or `data.customer`.

    Raises:
        Refused: A path does not exist or cannot be expanded.

    """
    for path in paths:
        body = _expand(world, body, path.split("."), path)
    return body


def _expand(world: World, node: Any, steps: list[str], path: str) -> Any:
    if isinstance(node, list):
        return [_expand(world, item, steps, path) for item in node]
    if not steps or node is None:
        return node
    name, *rest = steps
    if not isinstance(node, dict) or name not in node:
        raise invalid(f"This property cannot be expanded ({path}).", "expand")
    value = node[name]
    if isinstance(value, str):
        if name not in _EXPANDABLE:
            raise invalid(f"This property cannot be expanded ({path}).", "expand")
        record = world.transaction.find(_EXPANDABLE[name], value)
        value = record.body if record else value
    return {**node, name: _expand(world, value, rest, path) if rest else value}
