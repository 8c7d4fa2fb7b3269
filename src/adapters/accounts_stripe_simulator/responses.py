"""The answer to a request: made by what it asks for, kept under its key, and given again."""

import json
from typing import Final

import attrs

from accounts_stripe_simulator.answers import Refused, Response
from accounts_stripe_simulator.expand import expanded
from accounts_stripe_simulator.requests import Request
from accounts_stripe_simulator.routes import Match
from accounts_stripe_simulator.state import Answer, Json
from accounts_stripe_simulator.world import World

_OTHER_PARAMETERS: Final = (
    "Keys for idempotent requests can only be used with the same parameters they were first used with."
)


def executed(world: World, request: Request, route: Match) -> tuple[Response, bool]:
    """Do what is asked, and say whether a key keeps the answer: not when the parameters were refused."""
    try:
        with world.transaction.undo_on_error():
            try:
                params = request.parameters()
                expand = params.texts("expand") or []
                body = expanded(world, route(world, params), expand)
            except Refused as refused:
                if not refused.executed:
                    raise
                return response_to(refused.status, {"error": refused.error}, request), True
            return response_to(200, body, request), True
    except Refused as refused:
        return response_to(refused.status, {"error": refused.error}, request), False


def replayed(stored: Answer, request: Request) -> Response:
    if stored.request != fingerprint(request):
        message = f"{_OTHER_PARAMETERS} Try using a key other than '{request.key}' if you meant another request."
        raise Refused(400, message, type="idempotency_error")
    response = response_to(stored.status, json.loads(stored.body), request)
    return attrs.evolve(response, headers={**response.headers, "idempotent-replayed": "true"})


def response_to(status: int, body: Json, request: Request) -> Response:
    headers = {"content-type": "application/json"}
    key = request.headers.get("idempotency-key") if request.method == "POST" else None
    if key is not None:
        headers["idempotency-key"] = key
        if status >= 500:
            headers["stripe-should-retry"] = "false"
    return Response(status=status, body=json.dumps(body).encode(), headers=headers)


def fingerprint(request: Request) -> str:
    return json.dumps([request.method, request.path, sorted(request.form.split("&"))])
