"""Stripe finds metadata by search alone, and search lags: so the newest customers are listed as well."""

import pytest
from tests.unit.stripe.fakes import Answer, FakeStripe, Gateway
from tests.unit.stripe.objects import CREATED, MISSING, a_customer, a_page, an_error

from accounts_core.errors import ProviderBusy
from accounts_core.sync import run_sync

JANE = "69a42bc00000000000000007"
HOUR = 3600
NO_SEARCH = Answer(an_error(), 400)


def find(gateway: Gateway) -> str | None:
    found = run_sync(gateway.find_customer(JANE))
    return found.id if found else None


def test_one_made_a_moment_ago_is_found_though_search_does_not_know_it(gateway: Gateway, server: FakeStripe) -> None:
    server.will(a_page(), a_page(a_customer("cus_2", user_ref="69a42bc00000000000000008"), a_customer("cus_1")))

    assert find(gateway) == "cus_1"
    assert server.lines == ["GET /v1/customers/search", "GET /v1/customers"]
    assert server.asked[0].params == {"query": "metadata['user_id']:'69a42bc00000000000000007'", "limit": "100"}


def test_an_old_one_is_found_by_search_and_read_again(gateway: Gateway, server: FakeStripe) -> None:
    old = a_customer("cus_1", created=CREATED - 9 * HOUR)
    server.will(a_page(old), a_page(a_customer("cus_2", user_ref="69a42bc00000000000000008")), old)

    assert find(gateway) == "cus_1"
    assert server.lines[-1] == "GET /v1/customers/cus_1"


@pytest.mark.parametrize("now", [Answer(MISSING, 404), Answer({"id": "cus_1", "deleted": True})])
def test_a_deleted_one_that_search_still_knows_is_not_found(gateway: Gateway, server: FakeStripe, now: Answer) -> None:
    server.will(a_page(a_customer("cus_1", created=CREATED - 9 * HOUR)), a_page(), now)

    assert find(gateway) is None


def test_one_that_was_given_to_another_user_meanwhile_is_not_found(gateway: Gateway, server: FakeStripe) -> None:
    old = a_customer("cus_1", created=CREATED - 9 * HOUR)
    server.will(a_page(old), a_page(), {**old, "metadata": {"user_id": "8"}})

    assert find(gateway) is None


def test_of_several_the_oldest_is_found(gateway: Gateway, server: FakeStripe) -> None:
    """Within one second the order of Stripe's lists decides: newest first."""
    newest, same_second = a_customer("cus_4"), a_customer("cus_3")
    older, oldest = a_customer("cus_2", created=CREATED - 9 * HOUR), a_customer("cus_1", created=CREATED - 10 * HOUR)

    server.will(a_page(newest, older, oldest), a_page(newest, same_second), oldest)
    assert find(gateway) == "cus_1"
    assert server.lines[-1] == "GET /v1/customers/cus_1"

    for searched in (a_page(), a_page(newest)):
        server.will(searched, a_page(newest, same_second))
        assert find(gateway) == "cus_3"


def test_listing_ends_an_hour_before_the_newest_customer(gateway: Gateway, server: FakeStripe) -> None:
    """Search is never further behind; and whatever the time is now, it is not before the newest customer."""
    server.will(
        a_page(),
        a_page(a_customer("cus_3", user_ref="69a42bc00000000000000008"), more=True),
        a_page(
            a_customer("cus_2", created=CREATED - HOUR),
            a_customer("cus_1", created=CREATED - HOUR - 1),
            more=True,
        ),
    )

    assert find(gateway) == "cus_2"
    assert server.asked[-1].params["starting_after"] == "cus_3"


def test_where_search_is_refused_all_are_listed(gateway: Gateway, server: FakeStripe) -> None:
    server.will(
        NO_SEARCH,
        a_page(a_customer("cus_2"), more=True),
        a_page(a_customer("cus_1", created=CREATED - 99 * HOUR)),
    )

    assert find(gateway) == "cus_1"


def test_a_search_that_cannot_answer_now_is_no_refusal(gateway: Gateway, server: FakeStripe) -> None:
    server.will(Answer(an_error(), 429))

    with pytest.raises(ProviderBusy):
        find(gateway)
