"""Holds: confirmation, decline, card authentication, cancellation and expiry."""

from datetime import timedelta
from typing import Final

import attrs

from accounts_stripe_simulator import payment_methods
from accounts_stripe_simulator.answers import Refused, invalid
from accounts_stripe_simulator.cards import Verdict, describe_decline
from accounts_stripe_simulator.payment_methods import get_decline_fields
from accounts_stripe_simulator.state import CUSTOMER, PAYMENT_INTENT, PAYMENT_METHOD, Json, Record
from accounts_stripe_simulator.world import World

LIFETIME: Final = timedelta(days=7)
"""The lifetime of a hold that is neither captured nor canceled. Source: Stripe, "Place a hold on a payment method"."""

CHALLENGE_FAILED: Final = "payment_intent_authentication_failure"


@attrs.frozen(kw_only=True)
class Confirmation:
    """The parameters of a confirmation."""

    return_url: str | None = None
    off_session: bool = False
    use_stripe_sdk: bool = False


def confirm_intent(world: World, record: Record, confirmation: Confirmation) -> Json:
    """Confirm a payment intent with the card's bank.

    Returns:
        The intent: held, paid, or waiting for authentication.

    Raises:
        Refused: The intent has no payment method, or the bank declines. The error of a decline has the intent, which
            is kept and can be canceled.

    """
    if record.body["payment_method"] is None:
        raise invalid("You must provide a payment method to confirm this PaymentIntent.", "payment_method")
    card = _find_card(world, record)
    verdict = world.verdict or Verdict.from_json(card.hidden["verdict"])
    record.body["last_payment_error"] = None
    # a bank that requires authentication declines a payment that is made while the customer is absent
    if verdict.challenge and confirmation.off_session:
        verdict = Verdict(code="authentication_required", decline_code="authentication_required")
    if verdict.challenge:
        return _require_authentication(world, record, verdict, confirmation)
    return _apply_verdict(world, record, verdict)


def answer_challenge(world: World, record: Record, *, succeed: bool) -> Json:
    """Finish the authentication of an intent and return the intent.

    Raises:
        Refused: The intent does not wait for authentication.

    """
    if record.body["status"] != "requires_action":
        raise invalid(f"This PaymentIntent is {record.body['status']} and waits for no answer.", "intent")
    record.body["next_action"] = None
    if not succeed:
        error = {
            "code": CHALLENGE_FAILED,
            "message": "The provided PaymentMethod has failed authentication.",
            "type": "invalid_request_error",
        }
        return _record_failure(world, record, error)
    verdict = Verdict.from_json(record.hidden["verdict"])
    try:
        return _apply_verdict(world, record, attrs.evolve(verdict, challenge=False))
    except Refused:
        return record.body


def cancel_intent(world: World, record: Record, *, reason: str | None, canceled_at: int) -> Json:
    """Cancel a payment intent and release its hold, if it has one.

    Args:
        world: The request's view of the simulator.
        record: The intent.
        reason: Stripe's cancellation reason, or None.
        canceled_at: Seconds since 1970.

    """
    record.body |= {
        "status": "canceled",
        "amount_capturable": 0,
        "canceled_at": canceled_at,
        "cancellation_reason": reason,
        "next_action": None,
    }
    record.live = False
    world.transaction.save(record)
    world.emit("payment_intent.canceled", record)
    return record.body


def cancel_expired(world: World) -> None:
    """Cancel every hold that is older than `LIFETIME`."""
    for record in world.transaction.list_live(PAYMENT_INTENT):
        expires = record.hidden["held_at"] + int(LIFETIME.total_seconds())
        if expires <= world.seconds:
            cancel_intent(world, record, reason="automatic", canceled_at=expires)


def _require_authentication(world: World, record: Record, verdict: Verdict, confirmation: Confirmation) -> Json:
    url = f"{world.challenge_url}/{record.id}"
    if confirmation.return_url is None or confirmation.use_stripe_sdk:
        action = {
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url, "source": world.make_id("src")},
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


def _apply_verdict(world: World, record: Record, verdict: Verdict) -> Json:
    body = record.body
    body["latest_charge"] = world.make_id("ch")
    if verdict.code is not None:
        error = {
            "charge": body["latest_charge"],
            "message": describe_decline(verdict),
            "type": "card_error",
            **get_decline_fields(verdict),
        }
        _record_failure(world, record, error)
        raise Refused(
            402,
            error["message"],
            type="card_error",
            executed=True,
            charge=error["charge"],
            payment_intent=body,
            payment_method=body["last_payment_error"]["payment_method"],
            **get_decline_fields(verdict),
        )
    _attach_card(world, record)
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


def _record_failure(world: World, record: Record, error: Json) -> Json:
    card = _find_card(world, record)
    record.body |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "last_payment_error": {**error, "payment_method": card.body},
    }
    world.transaction.save(record)
    world.emit("payment_intent.payment_failed", record)
    return record.body


def _attach_card(world: World, record: Record) -> None:
    """Attach the card if `setup_future_usage` asks for it; otherwise mark a card without a customer as used up."""
    card, customer = _find_card(world, record), record.body["customer"]
    if card.body["customer"] is not None:
        return
    if customer is not None and record.body["setup_future_usage"] is not None:
        owner = world.transaction.find(CUSTOMER, customer)
        is_free = not card.hidden.get("used_up") and owner is not None and not owner.body.get("deleted")
        if world.attaches and is_free:
            payment_methods.attach_to(world, card, customer)
    else:
        card.hidden["used_up"] = True
        world.transaction.save(card)


def _find_card(world: World, record: Record) -> Record:
    card = record.body["payment_method"]
    return world.find(PAYMENT_METHOD, card, label="PaymentMethod", param="payment_method", status=400)
