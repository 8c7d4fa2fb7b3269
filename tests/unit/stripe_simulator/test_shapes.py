import json
from typing import Any

import pytest
import stripe
from tests.unit.stripe_simulator.driving import Driver
from tests.unit.stripe_simulator.shapes import differences

from accounts_stripe import STRIPE_VERSION
from accounts_stripe_simulator import Simulator
from accounts_stripe_simulator.world import API_VERSION


def told(value: Any, schema: str) -> list[str]:
    return list(differences(value, schema, schema))


def test_the_simulator_models_the_api_version_that_the_gateway_and_the_sdk_ask_for() -> None:
    assert API_VERSION == STRIPE_VERSION
    assert stripe.api_version == API_VERSION


def test_a_customer_has_stripes_shape_deleted_or_not(client: stripe.StripeClient, driver: Driver) -> None:
    jane = driver.customer(email="jane@example.org", metadata={"user_id": "1"})

    assert told(client.v1.customers.retrieve(jane).to_dict(), "customer") == []
    assert told(client.v1.customers.delete(jane).to_dict(), "deleted_customer") == []


def test_a_payment_method_has_stripes_shape(driver: Driver) -> None:
    assert told(driver.attached(driver.customer()).to_dict(), "payment_method") == []


@pytest.mark.parametrize("return_url", [None, "https://shop.example/back"])
@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_authenticationRequired"])
def test_an_intent_has_stripes_shape(card: str, return_url: str | None, driver: Driver) -> None:
    held = driver.hold(driver.customer(), card, return_url=return_url)

    assert told(held.to_dict(), "payment_intent") == []


def test_a_canceled_intent_has_stripes_shape(client: stripe.StripeClient, driver: Driver) -> None:
    ended = client.v1.payment_intents.cancel(driver.hold(driver.customer()).id)

    assert told(ended.to_dict(), "payment_intent") == []


def test_a_decline_has_stripes_shape_and_so_has_the_intent_inside(driver: Driver) -> None:
    declined = driver.declined(driver.customer(), "pm_card_chargeDeclined")
    body = json.loads(declined.http_body or "")

    assert told(body, "error") == []
    assert told(body["error"]["payment_intent"], "payment_intent") == []


def test_every_event_has_stripes_shape(client: stripe.StripeClient, driver: Driver, simulator: Simulator) -> None:
    jane = driver.customer()
    held = driver.hold(jane)
    client.v1.payment_intents.cancel(held.id)
    client.v1.customers.delete(jane)

    events = simulator.webhooks.events()
    assert len(events) == 4
    assert [told(event, "event") for event in events] == [[], [], [], []]


def test_the_check_itself_sees_what_is_wrong() -> None:
    assert told({"id": 1, "object": "customer", "deleted": False}, "deleted_customer") == [
        "deleted_customer.deleted is False, which is none of [True]",
        "deleted_customer.id is 1, not of type string",
    ]
    assert told({"id": "cus_1"}, "deleted_customer") == [
        "deleted_customer.deleted is missing",
        "deleted_customer.object is missing",
    ]
