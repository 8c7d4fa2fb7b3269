"""What a host has at Stripe beside the cards that are verified here: subscriptions and other payment methods."""

from typing import Any

import pytest
import stripe
from tests.unit.stripe_simulator.driving import Driver, code_of
from tests.unit.stripe_simulator.test_shapes import told

from accounts_stripe_simulator import Simulator


def subscribe(client: stripe.StripeClient, customer: str, **params: Any) -> stripe.Subscription:
    request: Any = {"customer": customer, "items": [{"price": "price_gold"}], **params}
    return client.v1.subscriptions.create(request)


def test_a_subscription_begins_is_listed_and_ends(client: stripe.StripeClient, driver: Driver) -> None:
    jane, john = driver.customer(), driver.customer()
    first, second = subscribe(client, jane), subscribe(client, jane, trial_period_days=7)
    subscribe(client, john)

    def listed(**params: Any) -> list[tuple[str, str]]:
        request: Any = {"customer": jane, **params}
        return [(each.id, each.status) for each in client.v1.subscriptions.list(request).data]

    assert listed() == [(second.id, "trialing"), (first.id, "active")]

    assert client.v1.subscriptions.cancel(first.id).status == "canceled"

    assert listed() == [(second.id, "trialing")]
    assert listed(status="all") == [(second.id, "trialing"), (first.id, "canceled")]
    assert listed(status="ended") == listed(status="canceled") == [(first.id, "canceled")]
    assert client.v1.subscriptions.retrieve(first.id).ended_at is not None
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.subscriptions.cancel(first.id)


def test_a_subscription_needs_a_customer_and_a_price(client: stripe.StripeClient, driver: Driver) -> None:
    wrong: list[Any] = [{"customer": "cus_none", "items": [{"price": "price_gold"}]}, {"customer": driver.customer()}]
    for params in wrong:
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.subscriptions.create(params)


def test_deleting_a_customer_cancels_its_subscriptions(
    client: stripe.StripeClient, driver: Driver, simulator: Simulator
) -> None:
    jane = driver.customer()
    subscription = subscribe(client, jane).id

    client.v1.customers.delete(jane)

    assert client.v1.subscriptions.retrieve(subscription).status == "canceled"
    types = [event["type"] for event in simulator.webhooks.events()]
    assert types == [
        "customer.subscription.created",
        "customer.subscription.deleted",
        "customer.deleted",
    ]


@pytest.mark.parametrize("kind", ["link", "sepa_debit", "us_bank_account"])
def test_a_payment_method_of_another_kind_is_attached_listed_and_detached(
    client: stripe.StripeClient, driver: Driver, kind: str
) -> None:
    jane = driver.customer()
    card = driver.attached(jane).id
    made = client.v1.payment_methods.create({"type": kind})
    other = client.v1.payment_methods.attach(made.id, {"customer": jane}).id

    assert told(client.v1.payment_methods.retrieve(other).to_dict(), "payment_method") == []
    assert driver.cards(jane) == [other, card]
    listed = client.v1.customers.payment_methods.list(jane, {"type": "card"}).data
    assert [each.id for each in listed] == [card]
    listed = client.v1.customers.payment_methods.list(jane, {"type": kind}).data
    assert [each.id for each in listed] == [other]

    client.v1.customers.update(jane, {"invoice_settings": {"default_payment_method": other}})
    client.v1.payment_methods.detach(other)

    assert driver.cards(jane) == [card]
    settings = client.v1.customers.retrieve(jane).invoice_settings
    assert settings is not None
    assert settings.default_payment_method is None


def test_a_payment_method_of_another_kind_is_no_card(
    client: stripe.StripeClient, driver: Driver, simulator: Simulator
) -> None:
    jane = driver.customer()
    made = client.v1.payment_methods.create({"type": "link"}).id
    client.v1.payment_methods.attach(made, {"customer": jane})

    with pytest.raises(stripe.InvalidRequestError) as refused:
        driver.hold(jane, made)
    assert code_of(refused.value) == "payment_intent_incompatible_payment_method"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_methods.update(made, {"card": {"exp_year": 2030}})
    with pytest.raises(ValueError, match="type link"):
        simulator.renew_card(made, last4="0007", exp_month=1, exp_year=2030)
    with pytest.raises(stripe.InvalidRequestError, match="Invalid type"):
        client.v1.payment_methods.create({"type": "giropay"})


@pytest.mark.parametrize("field", ["email", "name"])
def test_what_stripe_does_not_take_is_refused_by_name_and_changes_nothing(
    client: stripe.StripeClient, driver: Driver, field: str
) -> None:
    value = {"email": "jörg@example.org", "name": "x" * 257}[field]
    jane = driver.customer(email="jane@example.org", name="Jane")

    params: Any = {"description": "Changed.", field: value}
    for customer in (None, jane):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.customers.update(customer, params) if customer else client.v1.customers.create(params)
        assert refused.value.param == field

    kept = client.v1.customers.retrieve(jane)
    assert (kept.email, kept.name, kept.description) == ("jane@example.org", "Jane", None)


def test_addresses_are_kept_and_cleared(client: stripe.StripeClient) -> None:
    jane = client.v1.customers.create(
        {"address": {"city": "Rome"}, "shipping": {"name": "Jane", "address": {"city": "Oslo"}}, "phone": "+39 1"}
    )
    assert jane.address is not None
    assert jane.shipping is not None
    assert (jane.address.city, jane.shipping.to_dict()["address"]["city"]) == ("Rome", "Oslo")
    assert told(jane.to_dict(), "customer") == []

    cleared = client.v1.customers.update(jane.id, {"address": "", "shipping": "", "phone": ""})

    assert (cleared.address, cleared.shipping, cleared.phone) == (None, None, None)
