"""Routes: the part of Stripe's API that the simulator has."""

import re
from collections.abc import Callable, Mapping
from typing import Final

import attrs

from accounts_stripe_simulator import customers, events, payment_intents, payment_methods, subscriptions
from accounts_stripe_simulator.answers import Refused
from accounts_stripe_simulator.parameters import Parameters
from accounts_stripe_simulator.state import Json
from accounts_stripe_simulator.world import World

Handler = Callable[..., Json]
"""A function that takes the world, the parameters and the ids in the path, and returns the response's object."""

ROUTES: Final[Mapping[str, Handler]] = {
    "POST /v1/customers": customers.create,
    "GET /v1/customers": customers.list_all,
    "GET /v1/customers/search": customers.search_all,
    "GET /v1/customers/{customer}": customers.retrieve,
    "POST /v1/customers/{customer}": customers.update,
    "DELETE /v1/customers/{customer}": customers.delete,
    "GET /v1/customers/{customer}/payment_methods": customers.list_payment_methods,
    "GET /v1/customers/{customer}/payment_methods/{payment_method}": customers.retrieve_payment_method,
    "POST /v1/payment_methods": payment_methods.create,
    "GET /v1/payment_methods": payment_methods.list_all,
    "GET /v1/payment_methods/{payment_method}": payment_methods.retrieve,
    "POST /v1/payment_methods/{payment_method}": payment_methods.update,
    "POST /v1/payment_methods/{payment_method}/attach": payment_methods.attach,
    "POST /v1/payment_methods/{payment_method}/detach": payment_methods.detach,
    "POST /v1/payment_intents": payment_intents.create,
    "GET /v1/payment_intents": payment_intents.list_all,
    "GET /v1/payment_intents/search": payment_intents.search_all,
    "GET /v1/payment_intents/{intent}": payment_intents.retrieve,
    "POST /v1/payment_intents/{intent}/confirm": payment_intents.confirm,
    "POST /v1/payment_intents/{intent}/cancel": payment_intents.cancel,
    "POST /v1/payment_intents/{intent}/capture": payment_intents.capture,
    "POST /v1/subscriptions": subscriptions.create,
    "GET /v1/subscriptions": subscriptions.list_all,
    "GET /v1/subscriptions/{subscription}": subscriptions.retrieve,
    "DELETE /v1/subscriptions/{subscription}": subscriptions.cancel,
    "GET /v1/events": events.list_all,
    "GET /v1/events/{event}": events.retrieve,
}
"""Handlers by method and path. The first match is used."""

_PATTERNS: Final = [
    (name, re.compile(re.sub(r"\{\w+\}", "([^/]+)", name)), handler) for name, handler in ROUTES.items()
]


@attrs.frozen
class Match:
    """A route and the ids in the path. `name` is such as `POST /v1/payment_intents/{intent}/cancel`."""

    name: str
    handler: Handler
    ids: tuple[str, ...]

    def __call__(self, world: World, params: Parameters) -> Json:
        return self.handler(world, params, *self.ids)


def match(method: str, path: str) -> Match:
    """Return the route of a request. Raises `Refused` if there is none."""
    for name, pattern, handler in _PATTERNS:
        matched = pattern.fullmatch(f"{method} {path}")
        if matched is not None:
            return Match(name, handler, matched.groups())
    raise Refused(404, f"Unrecognized request URL ({method}: {path}).")
