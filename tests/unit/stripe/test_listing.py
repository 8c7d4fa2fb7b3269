"""Lists that are read a page at a time: what is asked, what is left out, and where the next page begins."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.stripe.fakes import FakeStripe, Gateway
from tests.unit.stripe.objects import CREATED, a_customer, a_page, an_intent

from accounts_core.errors import ProviderAmbiguous
from accounts_core.ports.payment_gateway import OpenHold, Page
from accounts_core.sync import run_sync

SINCE = datetime(2026, 3, 1, 12, tzinfo=UTC)
SINCE_SECONDS = "1772366400"


def open_holds(gateway: Gateway, after: str | None = None) -> Page[OpenHold]:
    return run_sync(gateway.list_open_holds(since=SINCE, after=after))


# ---- customers


def test_a_page_of_customers_is_one_request(gateway: Gateway, server: FakeStripe) -> None:
    server.will(a_page(a_customer("cus_2"), a_customer("cus_1"), more=True))

    page = run_sync(gateway.list_customers())

    (asked,) = server.asked
    assert (asked.line, asked.params) == ("GET /v1/customers", {"limit": "100"})
    assert [each.id for each in page.items] == ["cus_2", "cus_1"]
    assert {each.user_ref for each in page.items} == {"69a42bc00000000000000007"}
    assert page.after == "cus_1"


def test_the_next_page_of_customers_begins_after_the_last_one(gateway: Gateway, server: FakeStripe) -> None:
    server.will(a_page(a_customer("cus_0")))

    page = run_sync(gateway.list_customers(after="cus_1"))

    assert server.asked[0].params == {"limit": "100", "starting_after": "cus_1"}
    assert page.after is None


@pytest.mark.parametrize("metadata", [{}, None, {"order": "5"}])
def test_customers_that_carry_no_user_are_left_out_and_still_lead_on(
    gateway: Gateway, server: FakeStripe, metadata: dict[str, str] | None
) -> None:
    server.will(a_page(a_customer("cus_1", metadata=metadata), more=True))

    page = run_sync(gateway.list_customers())

    assert (list(page.items), page.after) == ([], "cus_1")


# ---- open holds


def test_a_page_of_open_holds_is_one_request(gateway: Gateway, server: FakeStripe) -> None:
    server.will(a_page(an_intent(), an_intent(id="pi_0"), more=True))

    page = open_holds(gateway)

    (asked,) = server.asked
    assert asked.line == "GET /v1/payment_intents"
    assert asked.params == {"created[gte]": SINCE_SECONDS, "limit": "100"}
    assert page.items[0] == OpenHold(
        id="pi_1",
        verification_id="ver_1",
        customer_id="cus_1",
        amount=100,
        currency="usd",
        created=datetime.fromtimestamp(CREATED, UTC),
    )
    assert page.after == "pi_0"


def test_a_moment_within_a_second_counts_from_the_beginning_of_it(gateway: Gateway, server: FakeStripe) -> None:
    """Stripe's times are whole seconds: rounded up, a hold of that very second would be missed."""
    server.will(a_page())

    run_sync(gateway.list_open_holds(since=SINCE + timedelta(microseconds=999_999)))

    assert server.asked[0].params["created[gte]"] == SINCE_SECONDS


def test_the_next_page_of_holds_begins_after_the_last_one(gateway: Gateway, server: FakeStripe) -> None:
    server.will(a_page(an_intent()))

    page = open_holds(gateway, after="pi_2")

    assert server.asked[0].params == {"created[gte]": SINCE_SECONDS, "limit": "100", "starting_after": "pi_2"}
    assert page.after is None


@pytest.mark.parametrize("status", ["requires_capture", "requires_action", "processing", "a_state_of_tomorrow"])
def test_what_freezes_money_or_still_may_is_open(gateway: Gateway, server: FakeStripe, status: str) -> None:
    server.will(a_page(an_intent(status)))

    assert [each.id for each in open_holds(gateway).items] == ["pi_1"]


@pytest.mark.parametrize("status", ["canceled", "succeeded", "requires_payment_method", "requires_confirmation"])
def test_what_freezes_nothing_is_left_out_and_still_leads_on(gateway: Gateway, server: FakeStripe, status: str) -> None:
    server.will(a_page(an_intent(status), more=True))

    page = open_holds(gateway)

    assert (list(page.items), page.after) == ([], "pi_1")


@pytest.mark.parametrize("metadata", [{}, None, {"verification_id": "ver_1"}, {"purpose": "subscription"}])
def test_the_hosts_own_payments_are_no_holds_of_ours(
    gateway: Gateway, server: FakeStripe, metadata: dict[str, str] | None
) -> None:
    server.will(a_page(an_intent(metadata=metadata)))

    assert list(open_holds(gateway).items) == []


def test_a_hold_may_have_lost_its_customer(gateway: Gateway, server: FakeStripe) -> None:
    server.will(a_page(an_intent(customer=None), an_intent(customer=a_customer("cus_9"))))

    assert [each.customer_id for each in open_holds(gateway).items] == [None, "cus_9"]


@pytest.mark.parametrize("broken", [{"object": "list"}, a_page(an_intent(created="yesterday"))])
def test_a_page_that_cannot_be_read_is_not_taken_for_an_empty_one(
    gateway: Gateway, server: FakeStripe, broken: dict[str, object]
) -> None:
    server.will(broken)

    with pytest.raises(ProviderAmbiguous):
        open_holds(gateway)
