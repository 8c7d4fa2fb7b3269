"""Pages of the simulator beside the API, for people and scripts that control it over HTTP."""

import json
import re
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from html import escape
from typing import Final
from urllib.parse import parse_qs, urlencode

from accounts_stripe_simulator.answers import Response
from accounts_stripe_simulator.faults import Fault, FaultKind
from accounts_stripe_simulator.simulator import Simulator
from accounts_stripe_simulator.state import Json
from accounts_stripe_simulator.webhooks import Order, Plan

PREFIX: Final = "/simulator/"

_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Stripe simulator</title>
<style>{style}</style>
<h1>Stripe simulator</h1>{content}</html>"""

_STYLE: Final = "body{font:16px system-ui;margin:4rem auto;max-width:30rem}button{font:inherit;margin-right:1rem}"

_POLICY: Final = (
    "default-src 'none'; style-src 'sha256-{style}'; form-action {targets}; base-uri 'none'; frame-ancestors 'none'"
)

_CHALLENGE: Final = """<p>The bank wants to know whether it is you who holds {amount} (minor units) {currency}.</p>
<form method="post"><button name="outcome" value="succeed">It is me</button>
<button name="outcome" value="fail">It is not</button></form>"""


def handle_page(simulator: Simulator, method: str, path: str, body: str) -> Response:
    """Return the response to a request to one of the pages under `/simulator/`.

    - `GET ledger`: the ledger, as JSON.
    - `GET challenges/{intent}`: a page with the question of the card authentication. `POST` with `outcome=succeed` or
      `outcome=fail` answers it and redirects to the `return_url`.
    - `POST faults` with `on`, `kind`, `times`, `seconds`, `code`, `decline_code`. `DELETE faults` removes all faults.
    - `POST webhooks` with `copies`, `delay_seconds`, `order`, `lost`, `held`.
    """
    form = {name: values[-1] for name, values in parse_qs(body).items()}
    match method, path.removeprefix(PREFIX).split("/"):
        case "GET", ["ledger"]:
            return _json_response(200, simulator.ledger().to_json())
        case "GET", ["challenges", id]:
            return _show_challenge(simulator, id)
        case "POST", ["challenges", id]:
            return _answer_challenge(simulator, id, form.get("outcome"))
        case "POST", ["faults"]:
            return _respond(lambda: _add_fault(simulator, form))
        case "DELETE", ["faults"]:
            simulator.faults.clear()
            return _json_response(200, {})
        case "POST", ["webhooks"]:
            return _respond(lambda: _set_plan(simulator, form))
        case _:
            return _json_response(404, {"error": "No such page."})


def _show_challenge(simulator: Simulator, id: str) -> Response:
    intent = simulator.payment_intent(id)
    if intent is None:
        return _html_response(404, "<p>No such payment intent.</p>")
    if intent["status"] != "requires_action":
        status = escape(intent["status"])
        return _html_response(200, f"<p>This payment intent is {status}: there is nothing to answer.</p>")
    content = _CHALLENGE.format(amount=intent["amount"], currency=escape(intent["currency"]))
    return _html_response(200, content, leads_to=_find_return_url(intent))


def _answer_challenge(simulator: Simulator, id: str, outcome: str | None) -> Response:
    before = simulator.payment_intent(id)
    if outcome not in {"succeed", "fail"}:
        return _json_response(400, {"error": "outcome is succeed or fail."})
    try:
        intent = simulator.authenticate(id, succeed=outcome == "succeed")
    except ValueError as error:
        return _json_response(404 if before is None else 409, {"error": str(error)})
    back = _find_return_url(before or {})
    if back is None:
        return _html_response(200, "<p>Thank you. You can close this page.</p>")
    query = urlencode(
        {
            "payment_intent": id,
            "payment_intent_client_secret": intent["client_secret"],
            "redirect_status": "succeeded" if outcome == "succeed" else "failed",
        }
    )
    joined = f"{back}{'&' if '?' in back else '?'}{query}"
    return Response(status=303, body=b"", headers={"location": joined})


def _find_return_url(intent: Json) -> str | None:
    action = intent.get("next_action") or {}
    back: str | None = action.get("redirect_to_url", {}).get("return_url")
    return back


def _add_fault(simulator: Simulator, form: dict[str, str]) -> Json:
    fault = Fault(FaultKind(form.get("kind", "")), seconds=float(form.get("seconds", "0")))
    if fault.kind is FaultKind.DECLINE:
        fault = Fault.decline(form.get("code", "card_declined"), form.get("decline_code", "generic_decline"))
    elif fault.kind is FaultKind.CHALLENGE:
        fault = Fault.challenge()
    times = form.get("times", "1")
    simulator.faults.on(form.get("on", "*"), fault, times=None if times == "all" else int(times))
    return {}


def _set_plan(simulator: Simulator, form: dict[str, str]) -> Json:
    plan = Plan(
        copies=int(form.get("copies", "1")),
        delay=timedelta(seconds=float(form.get("delay_seconds", "0"))),
        order=Order(form.get("order", Order.AS_CAUSED)),
        lost=form.get("lost") == "true",
    )
    simulator.webhooks.plan = plan
    if form.get("held") == "true":
        simulator.webhooks.hold()
    else:
        simulator.webhooks.release()
    return {"waiting": list(simulator.webhooks.waiting())}


def _respond(act: Callable[[], Json]) -> Response:
    try:
        return _json_response(200, act())
    except ValueError as error:
        return _json_response(400, {"error": str(error)})


def _json_response(status: int, body: Json) -> Response:
    return Response(status=status, body=json.dumps(body).encode(), headers={"content-type": "application/json"})


def _html_response(status: int, content: str, *, leads_to: str | None = None) -> Response:
    """Return a page whose form may be sent here alone, and may redirect to the origin of `leads_to` alone."""
    page = _PAGE.format(content=content, style=_STYLE).encode()
    style = b64encode(sha256(_STYLE.encode()).digest()).decode()
    policy = _POLICY.format(style=style, targets=" ".join(["'self'", *_find_origins(leads_to)]))
    headers = {"content-type": "text/html; charset=utf-8", "content-security-policy": policy}
    return Response(status=status, body=page, headers=headers)


def _find_origins(url: str | None) -> list[str]:
    """Return the origin of a web address for a content security policy, or nothing if `url` is not a web address."""
    origin = re.match(r"https?://[A-Za-z0-9.\-\[\]:]+(?=[/?#]|$)", url or "")
    return [origin[0]] if origin else []
