"""Payment intents with cards: https://docs.stripe.com/api/payment_intents.

The bank's responses to them are in `holds`.
"""

from typing import Final

from accounts_core.model.policy import MINIMUM_AMOUNTS
from accounts_stripe_simulator import payment_methods
from accounts_stripe_simulator.answers import invalid, unexpected_state
from accounts_stripe_simulator.holds import Confirmation, cancel_intent, confirm_intent
from accounts_stripe_simulator.lists import paginate, search, take_created_filter
from accounts_stripe_simulator.parameters import Parameters
from accounts_stripe_simulator.state import CUSTOMER, PAYMENT_INTENT, Json, Record
from accounts_stripe_simulator.world import World

URL: Final = "/v1/payment_intents"
CANCELLABLE: Final = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action")
CONFIRMABLE: Final = ("requires_payment_method", "requires_confirmation")
REASONS: Final = ("duplicate", "fraudulent", "requested_by_customer", "abandoned")
MAX_AMOUNT: Final = 99_999_999
"""The largest amount: eight digits, for every currency's minor unit."""

NO_TYPES_SINCE: Final = "2026-09-30"
"""The first API version with `allowed_payment_method_types` instead of `payment_method_types`."""


def create(world: World, params: Parameters) -> Json:
    """Create a payment intent, and confirm it with `confirm`."""
    amount, currency = params.take_integer("amount"), params.take_required("currency").lower()
    if amount is None:
        raise invalid("Missing required param: amount.", "amount", "parameter_missing")
    capture_method = params.take_text("capture_method", among=("automatic", "automatic_async", "manual"))
    types, automatic = _take_types(world, params)
    setup_future_usage = params.take_text("setup_future_usage", among=("off_session", "on_session"))
    description, metadata = params.take_text("description"), params.take_metadata()
    customer, payment_method = params.take_text("customer"), params.take_text("payment_method")
    is_confirmed, confirmation = params.take_boolean("confirm"), _take_confirmation(params)
    params.refuse_unknown()
    _check_amount(amount, currency)
    if confirmation.return_url is not None and not is_confirmed:
        raise invalid("`return_url` can only be set when `confirm` is true.", "return_url")
    if customer is not None:
        world.find_customer(customer, param="customer", status=400)
    if payment_method is not None:
        card = payment_methods.find_or_create(world, payment_method, param="payment_method", status=400)
        _check_is_card(card)
        payment_methods.check_usable(card, customer)
        payment_method = card.id
    new_id = world.make_id("pi")
    body: Json = {
        "id": new_id,
        "object": "payment_intent",
        "allowed_payment_method_types": types,
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": automatic,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": capture_method or "automatic_async",
        "client_secret": f"{new_id}_secret_{world.random_text(25)}",
        "confirmation_method": "automatic",
        "created": world.seconds,
        "currency": currency,
        "customer": customer,
        "description": description,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": metadata,
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": payment_method,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": setup_future_usage,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_confirmation" if payment_method else "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }
    record = world.add(PAYMENT_INTENT, body)
    return confirm_intent(world, record, confirmation) if is_confirmed else body


def retrieve(world: World, params: Parameters, id: str) -> Json:
    """Return a payment intent."""
    params.take_text("client_secret")
    params.refuse_unknown()
    return _find_intent(world, id).body


def list_all(world: World, params: Parameters) -> Json:
    """List payment intents."""
    customer, is_created = params.take_text("customer"), take_created_filter(params)
    if customer is not None:
        # Stripe still lists the intents of a deleted customer
        world.find(CUSTOMER, customer, label="customer", param="customer", status=400)
    records = world.transaction.list_newest_first(PAYMENT_INTENT, owner=customer)
    return paginate(filter(is_created, records), params, url=URL)


def search_all(world: World, params: Parameters) -> Json:
    """Search payment intents."""
    return search(world, world.transaction.list_newest_first(PAYMENT_INTENT), params, url=f"{URL}/search")


def confirm(world: World, params: Parameters, id: str) -> Json:
    """Confirm a payment intent."""
    record = _find_intent(world, id)
    payment_method = params.take_text("payment_method")
    confirmation = _take_confirmation(params)
    params.refuse_unknown()
    _check_status(record, CONFIRMABLE, "confirm", "confirmed")
    if payment_method is not None:
        card = payment_methods.find_or_create(world, payment_method, param="payment_method", status=400)
        _check_is_card(card)
        payment_methods.check_usable(card, record.body["customer"])
        record.body["payment_method"] = card.id
    return confirm_intent(world, record, confirmation)


def cancel(world: World, params: Parameters, id: str) -> Json:
    """Cancel a payment intent."""
    record = _find_intent(world, id)
    reason = params.take_text("cancellation_reason", among=REASONS)
    params.refuse_unknown()
    _check_status(record, CANCELLABLE, "cancel", "canceled")
    return cancel_intent(world, record, reason=reason, canceled_at=world.seconds)


def capture(world: World, params: Parameters, id: str) -> Json:
    """Capture the held amount. The ledger records it, so that a test notices a capture that must not happen."""
    record = _find_intent(world, id)
    amount = params.take_integer("amount_to_capture")
    params.refuse_unknown()
    _check_status(record, ("requires_capture",), "capture", "captured")
    amount = record.body["amount"] if amount is None else amount
    if not 0 < amount <= record.body["amount_capturable"]:
        raise invalid("The amount to capture is more than what is held.", "amount_to_capture", "amount_too_large")
    record.body |= {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
    record.live = False
    world.transaction.save(record)
    return record.body


def _find_intent(world: World, id: str) -> Record:
    return world.find(PAYMENT_INTENT, id, label="payment_intent", param="intent", status=404)


def _take_confirmation(params: Parameters) -> Confirmation:
    confirmation = Confirmation(
        return_url=params.take_text("return_url"),
        off_session=params.take_boolean("off_session"),
        use_stripe_sdk=params.take_boolean("use_stripe_sdk"),
    )
    url = confirmation.return_url
    if url is not None and ("://" not in url or not url.isprintable() or " " in url):
        raise invalid("Not a valid URL", "return_url", "url_invalid")
    if params.take_boolean("error_on_requires_action"):
        raise invalid("The simulator knows no error_on_requires_action.", "error_on_requires_action")
    return confirmation


def _take_types(world: World, params: Parameters) -> tuple[list[str] | None, Json | None]:
    """Take the parameters that select the types of payment methods. The simulator supports cards alone."""
    types, former_types = params.take_texts("allowed_payment_method_types"), params.take_texts("payment_method_types")
    automatic = params.take_nested("automatic_payment_methods") if "automatic_payment_methods" in params else None
    enabled = None
    if automatic is not None:
        enabled = {
            "enabled": automatic.take_boolean("enabled"),
            "allow_redirects": automatic.take_text("allow_redirects", among=("always", "never")) or "always",
        }
    if former_types is not None and world.version >= NO_TYPES_SINCE:
        raise invalid(
            "The `payment_method_types` parameter is no longer supported in this API version."
            " Use `allowed_payment_method_types` instead.",
            "payment_method_types",
            "payment_method_types_no_longer_supported",
        )
    if types is not None and enabled is not None:
        raise invalid(
            "You can only pass one of allowed_payment_method_types and automatic_payment_methods.",
            "automatic_payment_methods",
        )
    for name in types or former_types or ():
        if name != "card":
            raise invalid(f"The payment method type provided: {name} is invalid.", "allowed_payment_method_types")
    return types, enabled


def _check_is_card(method: Record) -> None:
    if method.body["type"] != payment_methods.CARD:
        raise invalid(
            f"The PaymentMethod provided ({method.body['type']}) is not allowed for this PaymentIntent.",
            "payment_method",
            "payment_intent_incompatible_payment_method",
        )


def _check_amount(amount: int, currency: str) -> None:
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
        raise invalid(f"Invalid currency: {currency}.", "currency")
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    least = MINIMUM_AMOUNTS.get(currency, 1)
    if amount < least:
        raise invalid(f"Amount must be at least {least} in minor units of {currency}.", "amount", "amount_too_small")
    if amount > MAX_AMOUNT:
        raise invalid(f"Amount must be no more than {MAX_AMOUNT} in minor units.", "amount", "amount_too_large")


def _check_status(record: Record, allowed: tuple[str, ...], verb: str, done: str) -> None:
    if record.body["status"] not in allowed:
        raise unexpected_state(
            f"You cannot {verb} this PaymentIntent because it has a status of {record.body['status']}."
            f" Only a PaymentIntent with one of the following statuses may be {done}: {', '.join(allowed)}.",
            "payment_intent_unexpected_state",
            payment_intent=record.body,
        )
