"""Execute a request, and make or replay its response."""

import json
from typing import Final

import attrs

from accounts_stripe_simulator.answers import Refused, Response
from accounts_stripe_simulator.expand import expand
from accounts_stripe_simulator.requests import Request
from accounts_stripe_simulator.routes import Match
from accounts_stripe_simulator.state import Answer, Json
from accounts_stripe_simulator.world import World

_OTHER_PARAMETERS: Final = (
    "Keys for idempotent requests can only be used with the same parameters they were first used with."
)


def execute(world: World, request: Request, route: Match) -> tuple[Response, bool]:
    """Execute a request.

    Returns:
        The response, and whether it is stored under the idempotency key. A response to invalid parameters is not.

    """
    try:
        with world.transaction.savepoint():
            try:
                params = request.parameters()
                paths = params.take_texts("expand") or []
                body = expand(world, route(world, params), paths)
            except Refused as refused:
                if not refused.executed:
                    raise
                return make_response(refused.status, {"error": refused.error}, request), True
            return make_response(200, body, request), True
    except Refused as refused:
        return make_response(refused.status, {"error": refused.error}, request), False


def replay(stored: Answer, request: Request) -> Response:
    """Return the response that is stored under the request's key.

    Raises:
        Refused: The key was first used with another request.

    """
    if stored.request != fingerprint(request):
        message = f"{_OTHER_PARAMETERS} Try using a key other than '{request.key}' if you meant another request."
        raise Refused(400, message, type="idempotency_error")
    response = make_response(stored.status, json.loads(stored.body), request)
    return attrs.evolve(response, headers={**response.headers, "idempotent-replayed": "true"})


def make_response(status: int, body: Json, request: Request) -> Response:
    """Return a JSON response with the headers that Stripe adds for the request's idempotency key."""
    headers = {"content-type": "application/json"}
    key = request.headers.get("idempotency-key") if request.method == "POST" else None
    if key is not None:
        headers["idempotency-key"] = key
        if status >= 500:
            headers["stripe-should-retry"] = "false"
    return Response(status=status, body=json.dumps(body).encode(), headers=headers)


def fingerprint(request: Request) -> str:
    """Return a text that is equal for requests with equal method, path and parameters."""
    return json.dumps([request.method, request.path, sorted(request.form.split("&"))])
