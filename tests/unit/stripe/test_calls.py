from typing import Any

import attrs
import pytest
from tests.unit.stripe.typed_params import complaints

from accounts_core.model.email_address import EmailAddress
from accounts_core.ports.payment_gateway import HoldRequest
from accounts_core.testing.builders import NOON
from accounts_stripe import calls
from accounts_stripe.calls import Call

REQUEST = HoldRequest(
    verification_id="ver_1",
    customer_id="cus_1",
    payment_method="pm_1",
    amount=100,
    currency="usd",
    return_url="https://shop.example/cards",
)

HOLD = calls.create_intent(REQUEST, key="ver_1:hold")

ALL = [
    calls.create_customer("7", key="customer:7"),
    calls.search_customers("7"),
    calls.list_customers(),
    calls.list_customers().after("cus_1"),
    calls.retrieve_customer("cus_1"),
    calls.update_customer("cus_1", email=EmailAddress("jane@example.org"), name="Jane"),
    calls.update_customer("cus_1", email=None, name=None),
    calls.anonymize_customer("cus_1"),
    calls.list_subscriptions("cus_1"),
    calls.list_all_payment_methods("cus_1"),
    calls.set_default("cus_1", "pm_1"),
    calls.set_default("cus_1", None),
    calls.delete_customer("cus_1"),
    calls.retrieve_payment_method("pm_1"),
    calls.list_payment_methods("cus_1"),
    calls.list_payment_methods("cus_1").after("pm_1"),
    calls.attach("pm_1", customer_id="cus_1", key="ver_1:attach"),
    calls.detach("pm_1"),
    HOLD,
    calls.create_intent(attrs.evolve(REQUEST, return_url=None), key="ver_1:hold"),
    calls.retrieve_intent("pi_1"),
    calls.list_intents("cus_1"),
    calls.list_intents("cus_1").after("pi_1"),
    calls.list_intents_since(NOON),
    calls.cancel_intent("pi_1", key="ver_1:release"),
]


@pytest.mark.parametrize("call", ALL, ids=str)
def test_every_request_is_one_that_the_sdk_declares(call: Call) -> None:
    assert complaints(call) == []


def test_no_request_is_left_unchecked() -> None:
    makers = {
        name
        for name, each in vars(calls).items()
        if getattr(each, "__module__", None) == calls.__name__ and callable(each) and name != "Call"
    }

    assert {"create_intent", "cancel_intent"} <= makers
    made = {(each.service, each.method, *sorted(each.params)) for each in ALL if "starting_after" not in each.params}
    assert len(made) == len(makers) + 1  # a hold with and without the address to come back to


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"capture_method": "manualy"}, "manualy"),
        ({"allowed_payment_method_types": ["cards"]}, "cards"),
        ({"setup_future_usage": "offsession"}, "offsession"),
        ({"payment_method_types": ["card"]}, "no 'payment_method_types'"),
        ({"amount": "100"}, "is no int"),
        ({"metadata": {"verification_id": 1}}, "metadata"),
        ({"payment_method_options": {"card": {"request_three_d_secure": "maybe"}}}, "maybe"),
        ({"payment_method_options": {"card": {"surprise": True}}}, "no 'surprise'"),
    ],
)
def test_the_check_sees_unknown_keys_wrong_types_and_typos_in_enums(changes: dict[str, Any], complaint: str) -> None:
    found = complaints(attrs.evolve(HOLD, params={**HOLD.params, **changes}))

    assert any(complaint in each for each in found)


def test_the_check_sees_what_is_missing() -> None:
    params = {name: value for name, value in HOLD.params.items() if name != "currency"}

    assert complaints(attrs.evolve(HOLD, params=params)) == ["payment_intents.create: 'currency' is missing"]


def test_a_hold_freezes_and_never_takes() -> None:
    assert HOLD.key == "ver_1:hold"
    assert HOLD.params == {
        "amount": 100,
        "currency": "usd",
        "customer": "cus_1",
        "payment_method": "pm_1",
        "allowed_payment_method_types": ["card"],
        "capture_method": "manual",
        "confirm": True,
        "setup_future_usage": "off_session",
        "return_url": "https://shop.example/cards",
        "metadata": {"purpose": "card_verification", "verification_id": "ver_1"},
    }


def test_without_an_address_to_come_back_to_none_is_sent() -> None:
    assert "return_url" not in calls.create_intent(attrs.evolve(REQUEST, return_url=None), key="k").params


def test_a_customer_is_made_of_what_never_changes_so_that_its_key_never_meets_another_request() -> None:
    assert calls.create_customer("7", key="customer:7").params == {"metadata": {"user_id": "7"}}


def test_an_empty_text_clears_the_default() -> None:
    assert calls.set_default("cus_1", None).params == {"invoice_settings": {"default_payment_method": ""}}
