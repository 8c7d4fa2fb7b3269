"""What a customer has beside cards, as Stripe tells it."""

import pytest
from tests.unit.stripe.fakes import Answer, FakeStripe, Gateway
from tests.unit.stripe.objects import MISSING, Json, a_customer, a_page, a_payment_method, an_error

from accounts_core.errors import NotFound, ProviderAmbiguous, ProviderRefused
from accounts_core.ports.payment_gateway import CustomerUsage
from accounts_core.sync import run_sync


def a_subscription(status: str) -> Json:
    return {"id": f"sub_{status}", "object": "subscription", "customer": "cus_1", "status": status}


def a_bank_account(id: str = "pm_bank", **changes: object) -> Json:
    account = a_payment_method(id, type="us_bank_account", us_bank_account={"last4": "6789"}, **changes)
    del account["card"]
    return account


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        ("active", True),
        ("trialing", True),
        ("past_due", True),
        ("unpaid", True),
        ("paused", True),
        ("incomplete", True),
        ("a_status_of_tomorrow", True),
        ("incomplete_expired", False),
        ("canceled", False),
    ],
)
def test_a_subscription_counts_until_it_can_never_charge_again(
    gateway: Gateway, server: FakeStripe, status: str, counts: bool
) -> None:
    server.will(a_customer(), a_page(a_subscription(status)), a_page())

    assert run_sync(gateway.inspect_customer("cus_1")) == CustomerUsage(subscriptions=int(counts))


def test_everything_is_counted_to_the_last_page(gateway: Gateway, server: FakeStripe) -> None:
    server.will(
        a_customer(balance=-250),
        a_page(a_subscription("active"), more=True),
        a_page(a_subscription("trialing")),
        a_page(a_payment_method(), a_bank_account(), more=True),
        a_page(a_payment_method("pm_link", type="link")),
    )

    usage = run_sync(gateway.inspect_customer("cus_1"))

    assert usage == CustomerUsage(subscriptions=2, balance=-250, other_payment_methods=2)
    assert server.lines == [
        "GET /v1/customers/cus_1",
        "GET /v1/subscriptions",
        "GET /v1/subscriptions",
        "GET /v1/customers/cus_1/payment_methods",
        "GET /v1/customers/cus_1/payment_methods",
    ]
    assert server.asked[1].params == {"customer": "cus_1", "limit": "100"}
    assert server.asked[3].params == {"limit": "100"}


@pytest.mark.parametrize("answer", [Answer(MISSING, 404), {"id": "cus_1", "object": "customer", "deleted": True}])
def test_a_customer_that_is_gone_is_not_found(gateway: Gateway, server: FakeStripe, answer: Json) -> None:
    server.will(answer)

    with pytest.raises(NotFound):
        run_sync(gateway.inspect_customer("cus_1"))


def test_what_cannot_be_asked_is_never_nothing(gateway: Gateway, server: FakeStripe) -> None:
    """A key that may not read subscriptions, and a list that is none, say nothing about what there is."""
    server.will(a_customer(), Answer(an_error(), 403))
    with pytest.raises(ProviderRefused):
        run_sync(gateway.inspect_customer("cus_1"))

    server.will(a_customer(), {"object": "nonsense"})
    with pytest.raises(ProviderAmbiguous):
        run_sync(gateway.inspect_customer("cus_1"))


def test_personal_data_is_cleared_in_one_request(gateway: Gateway, server: FakeStripe) -> None:
    server.will(a_customer(metadata={}))

    run_sync(gateway.anonymize_customer("cus_1"))

    (asked,) = server.asked
    assert asked.line == "POST /v1/customers/cus_1"
    assert asked.params == {
        "address": "",
        "description": "",
        "email": "",
        "metadata[user_id]": "",
        "name": "",
        "phone": "",
        "shipping": "",
    }


# ---- payment methods that are no cards


def test_cards_alone_are_listed_whatever_the_server_lists(gateway: Gateway, server: FakeStripe) -> None:
    server.will(a_page(a_bank_account(), a_payment_method(), a_payment_method("pm_link", type="link")))

    assert [each.id for each in run_sync(gateway.list_payment_methods("cus_1"))] == ["pm_1"]
    assert server.asked[0].params == {"limit": "100", "type": "card"}


def test_a_bank_account_is_no_card(gateway: Gateway, server: FakeStripe) -> None:
    server.will(a_bank_account())

    with pytest.raises(ProviderRefused) as refusal:
        run_sync(gateway.retrieve_payment_method("pm_bank"))

    assert (refusal.value.code, refusal.value.param) == ("payment_method_unsupported_type", "payment_method")


@pytest.mark.parametrize("customer", [None, "cus_1"])
def test_detaching_one_that_is_no_card_is_settled_by_reading_it(
    gateway: Gateway, server: FakeStripe, customer: str | None
) -> None:
    refused = Answer(an_error(code="payment_method_unexpected_state"), 400)
    server.will(refused, a_bank_account(customer=customer))

    if customer is None:
        run_sync(gateway.detach("pm_bank"))
    else:
        with pytest.raises(ProviderRefused):
            run_sync(gateway.detach("pm_bank"))
