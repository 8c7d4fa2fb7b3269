"""How a hold begins and ends: confirmation, decline, challenge, its answer, cancellation, and lapse after its time."""

from datetime import timedelta
from typing import Final

import attrs

from accounts_stripe_simulator import payment_methods
from accounts_stripe_simulator.answers import Refused, invalid
from accounts_stripe_simulator.cards import Verdict, decline_message
from accounts_stripe_simulator.payment_methods import decline_fields
from accounts_stripe_simulator.state import CUSTOMER, PAYMENT_INTENT, PAYMENT_METHOD, Json, Record
from accounts_stripe_simulator.world import World

LIFETIME: Final = timedelta(days=7)
"""How long a hold lasts that nobody captures or cancels. Source: Stripe, "Place a hold on a payment method"."""

CHALLENGE_FAILED: Final = "payment_intent_authentication_failure"


@attrs.frozen(kw_only=True)
class Confirmation:
    """What comes with the wish to hold the sum."""

    return_url: str | None = None
    off_session: bool = False
    use_stripe_sdk: bool = False


def confirm_intent(world: World, record: Record, confirmation: Confirmation) -> Json:
    """Ask the bank. Raises `Refused` with the intent inside when it says no; the intent stays, and can be canceled."""
    if record.body["payment_method"] is None:
        raise invalid("You must provide a payment method to confirm this PaymentIntent.", "payment_method")
    card = _card(world, record)
    verdict = world.verdict or Verdict.of(card.hidden["verdict"])
    record.body["last_payment_error"] = None
    # a bank that wants to see the person says no when the product says that nobody is there
    if verdict.challenge and confirmation.off_session:
        verdict = Verdict(code="authentication_required", decline_code="authentication_required")
    if verdict.challenge:
        return _challenge(world, record, verdict, confirmation)
    return _settle(world, record, verdict)


def answer_challenge(world: World, record: Record, *, succeed: bool) -> Json:
    """Do what follows when the person answered. Raises `Refused` when the intent waits for no answer."""
    if record.body["status"] != "requires_action":
        raise invalid(f"This PaymentIntent is {record.body['status']} and waits for no answer.", "intent")
    record.body["next_action"] = None
    if not succeed:
        error = {
            "code": CHALLENGE_FAILED,
            "message": "The provided PaymentMethod has failed authentication.",
            "type": "invalid_request_error",
        }
        return _fail(world, record, error)
    verdict = Verdict.of(record.hidden["verdict"])
    try:
        return _settle(world, record, attrs.evolve(verdict, challenge=False))
    except Refused:
        return record.body


def end(world: World, record: Record, *, reason: str | None, at: int) -> Json:
    """Let the hold go, or close an intent that never became one."""
    record.body |= {
        "status": "canceled",
        "amount_capturable": 0,
        "canceled_at": at,
        "cancellation_reason": reason,
        "next_action": None,
    }
    record.live = False
    world.transaction.save(record)
    world.emit("payment_intent.canceled", record)
    return record.body


def let_lapse(world: World) -> None:
    """End every hold whose time is over."""
    for record in world.transaction.live(PAYMENT_INTENT):
        lapses = record.hidden["held_at"] + int(LIFETIME.total_seconds())
        if lapses <= world.seconds:
            end(world, record, reason="automatic", at=lapses)


def _challenge(world: World, record: Record, verdict: Verdict, confirmation: Confirmation) -> Json:
    url = f"{world.challenge_url}/{record.id}"
    if confirmation.return_url is None or confirmation.use_stripe_sdk:
        action = {
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url, "source": world.new_id("src")},
        }
    else:
        action = {
            "type": "redirect_to_url",
            "redirect_to_url": {"url": url, "return_url": confirmation.return_url},
        }
    record.body |= {"status": "requires_action", "next_action": action}
    record.hidden |= {"verdict": attrs.asdict(verdict), "return_url": confirmation.return_url}
    world.transaction.save(record)
    return record.body


def _settle(world: World, record: Record, verdict: Verdict) -> Json:
    body = record.body
    body["latest_charge"] = world.new_id("ch")
    if verdict.code is not None:
        error = {
            "charge": body["latest_charge"],
            "message": decline_message(verdict),
            "type": "card_error",
            **decline_fields(verdict),
        }
        _fail(world, record, error)
        raise Refused(
            402,
            error["message"],
            type="card_error",
            executed=True,
            charge=error["charge"],
            payment_intent=body,
            payment_method=body["last_payment_error"]["payment_method"],
            **decline_fields(verdict),
        )
    _take_card(world, record)
    if body["capture_method"] == "manual":
        body |= {"status": "requires_capture", "amount_capturable": body["amount"]}
        record.hidden["held_at"] = world.seconds
        record.live = True
        world.transaction.save(record)
        world.emit("payment_intent.amount_capturable_updated", record)
    else:
        body |= {"status": "succeeded", "amount_received": body["amount"]}
        world.transaction.save(record)
    return body


def _fail(world: World, record: Record, error: Json) -> Json:
    card = _card(world, record)
    record.body |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "last_payment_error": {**error, "payment_method": card.body},
    }
    world.transaction.save(record)
    world.emit("payment_intent.payment_failed", record)
    return record.body


def _take_card(world: World, record: Record) -> None:
    """Attach the card as `setup_future_usage` asks; without it a card that nobody has is used up."""
    card, customer = _card(world, record), record.body["customer"]
    if card.body["customer"] is not None:
        return
    if customer is not None and record.body["setup_future_usage"] is not None:
        owner = world.transaction.find(CUSTOMER, customer)
        is_free = not card.hidden.get("used_up") and owner is not None and not owner.body.get("deleted")
        if world.attaches and is_free:
            payment_methods.give(world, card, customer)
    else:
        card.hidden["used_up"] = True
        world.transaction.save(card)


def _card(world: World, record: Record) -> Record:
    card = record.body["payment_method"]
    return world.find(PAYMENT_METHOD, card, what="PaymentMethod", param="payment_method", status=400)
