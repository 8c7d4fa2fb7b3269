"""Stripe's objects, in the shapes of its published OpenAPI description."""

from typing import Any

Json = dict[str, Any]

CREATED = 1_700_000_000


def a_customer(id: str = "cus_1", user_ref: str = "69a42bc00000000000000007", **changes: Any) -> Json:
    return {
        "id": id,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": CREATED,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": "0759376C",
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {"user_id": user_ref},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    } | changes


def a_card(**changes: Any) -> Json:
    return {
        "brand": "visa",
        "checks": {"address_line1_check": None, "address_postal_code_check": "pass", "cvc_check": "pass"},
        "country": "US",
        "exp_month": 8,
        "exp_year": 2030,
        "fingerprint": "Xt5EWLLDS7FJjR1c",
        "funding": "credit",
        "generated_from": None,
        "last4": "4242",
        "networks": {"available": ["visa"], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    } | changes


def a_payment_method(id: str = "pm_1", **changes: Any) -> Json:
    return {
        "id": id,
        "object": "payment_method",
        "billing_details": {
            "address": {
                "city": "Bern",
                "country": "CH",
                "line1": "Gasse 1",
                "line2": None,
                "postal_code": "3000",
                "state": None,
            },
            "email": "jane@example.org",
            "name": "Jane Doe",
            "phone": None,
        },
        "card": a_card(),
        "created": CREATED,
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    } | changes


def an_intent(status: str = "requires_capture", **changes: Any) -> Json:
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": 100,
        "amount_capturable": 100 if status == "requires_capture" else 0,
        "amount_received": 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "manual",
        "client_secret": "pi_1_secret_abc",
        "confirmation_method": "automatic",
        "created": CREATED,
        "currency": "usd",
        "customer": "cus_1",
        "last_payment_error": None,
        "latest_charge": "ch_1",
        "livemode": False,
        "metadata": {"purpose": "card_verification", "verification_id": "ver_1"},
        "next_action": None,
        "payment_method": "pm_1",
        "payment_method_types": ["card"],
        "setup_future_usage": "off_session",
        "status": status,
    } | changes


def a_page(*objects: Json, more: bool = False) -> Json:
    return {"object": "list", "url": "/v1/things", "data": list(objects), "has_more": more}


def an_error(type: str = "invalid_request_error", code: str | None = None, **fields: Any) -> Json:
    named = {"code": code} if code is not None else {}
    return {"error": {"type": type, "message": "Something is wrong.", **named, **fields}}


def a_decline(decline_code: str = "insufficient_funds", **fields: Any) -> Json:
    return an_error("card_error", "card_declined", decline_code=decline_code, **fields)


MISSING = an_error(code="resource_missing", param="id")
