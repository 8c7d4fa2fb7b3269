from datetime import timedelta

import pytest
import stripe
from tests.unit.stripe_simulator.driving import Driver, code_of

from accounts_memory import ManualClock
from accounts_stripe_simulator import Simulator


def test_a_customer_keeps_what_it_was_made_with(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create({"email": "jane@example.org", "name": "Jane", "metadata": {"user_id": "7"}})

    found = client.v1.customers.retrieve(made.id)

    assert (found.email, found.name, found.metadata) == ("jane@example.org", "Jane", made.metadata)
    assert found.metadata is not None
    assert found.metadata["user_id"] == "7"


def test_metadata_is_laid_over_what_is_there_and_an_empty_value_removes_a_key(client: stripe.StripeClient) -> None:
    jane = client.v1.customers.create({"metadata": {"a": "1", "b": "2", "3": "three"}}).id

    changed = client.v1.customers.update(jane, {"metadata": {"a": "", "c": "4"}})

    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"b": "2", "3": "three", "c": "4"}


def test_the_default_is_one_of_the_customers_own_cards(client: stripe.StripeClient, driver: Driver) -> None:
    jane, john = driver.customer(), driver.customer()
    card = driver.attached(jane).id

    client.v1.customers.update(jane, {"invoice_settings": {"default_payment_method": card}})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.update(john, {"invoice_settings": {"default_payment_method": card}})

    settings = client.v1.customers.retrieve(jane).invoice_settings
    assert settings is not None
    assert settings.default_payment_method == card
    assert code_of(refused.value) == "resource_missing"


def test_an_empty_default_clears_it(client: stripe.StripeClient, driver: Driver, simulator: Simulator) -> None:
    jane = driver.customer()
    client.v1.customers.update(jane, {"invoice_settings": {"default_payment_method": driver.attached(jane).id}})

    client.v1.customers.update(jane, {"invoice_settings": {"default_payment_method": ""}})

    assert simulator.ledger().defaults == {jane: None}


def test_a_deleted_customer_says_so_and_takes_nothing_more(client: stripe.StripeClient, driver: Driver) -> None:
    jane = driver.customer()
    client.v1.customers.delete(jane)

    assert client.v1.customers.retrieve(jane).deleted is True
    for refused in (
        lambda: client.v1.customers.update(jane, {"name": "Jane"}),
        lambda: client.v1.customers.delete(jane),
        lambda: client.v1.customers.payment_methods.list(jane),
        lambda: driver.attached(jane),
        lambda: driver.hold(jane),
    ):
        with pytest.raises(stripe.InvalidRequestError) as error:
            refused()
        assert code_of(error.value) == "resource_missing"


def test_deleting_a_customer_detaches_its_cards_for_good(client: stripe.StripeClient, driver: Driver) -> None:
    jane, john = driver.customer(), driver.customer()
    card = driver.attached(jane).id
    client.v1.customers.delete(jane)

    assert client.v1.payment_methods.retrieve(card).customer is None
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        driver.attached(john, card)


def test_a_deleted_customers_intents_are_still_listed_and_can_be_canceled(
    client: stripe.StripeClient, driver: Driver, simulator: Simulator
) -> None:
    jane = driver.customer()
    held = driver.hold(jane).id
    client.v1.customers.delete(jane)

    assert simulator.ledger().open_holds == [held]
    assert [each.id for each in client.v1.payment_intents.list({"customer": jane}).data] == [held]
    assert client.v1.payment_intents.cancel(held).status == "canceled"


def test_customers_are_listed_newest_first_by_email_and_by_time(
    client: stripe.StripeClient, driver: Driver, clock: ManualClock
) -> None:
    old = driver.customer(email="jane@example.org")
    moment = int(clock.advance(timedelta(minutes=5)).timestamp())
    new, other = driver.customer(email="jane@example.org"), driver.customer()

    def listed(**params: object) -> list[str]:
        return [each.id for each in client.v1.customers.list(params).data]  # type: ignore[arg-type]

    assert listed() == [other, new, old]
    assert listed(email="jane@example.org") == [new, old]
    assert listed(created={"gte": moment}) == [other, new]
    assert listed(created={"lt": moment}) == [old]


def test_pages_follow_one_another_until_there_is_no_more(client: stripe.StripeClient, driver: Driver) -> None:
    made = [driver.customer() for _ in range(5)][::-1]

    first = client.v1.customers.list({"limit": 2})

    assert ([each.id for each in first.data], first.has_more) == (made[:2], True)
    assert [each.id for each in first.auto_paging_iter()] == made
    back = client.v1.customers.list({"limit": 2, "ending_before": made[3]})
    assert ([each.id for each in back.data], back.has_more) == (made[1:3], True)


def test_search_finds_by_metadata_and_is_a_minute_behind(
    client: stripe.StripeClient, driver: Driver, clock: ManualClock
) -> None:
    jane = driver.customer(metadata={"user_id": "7"})
    driver.customer(metadata={"user_id": "8"})

    def found() -> list[str]:
        return [each.id for each in client.v1.customers.search({"query": "metadata['user_id']:'7'"}).data]

    assert found() == []
    clock.advance(timedelta(minutes=1))
    assert found() == [jane]


def test_a_parameter_that_stripe_does_not_know_is_refused_with_its_name(driver: Driver) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        driver.customer(invoice_settings={"default_paymentmethod": "pm_1"})

    assert (code_of(refused.value), refused.value.param) == ("parameter_unknown", "invoice_settings")


def test_an_object_can_be_expanded(client: stripe.StripeClient, driver: Driver) -> None:
    jane = driver.customer(name="Jane")
    held = driver.hold(jane, expand=["customer", "payment_method"])

    assert isinstance(held.customer, stripe.Customer)
    assert held.customer.name == "Jane"
    assert isinstance(held.payment_method, stripe.PaymentMethod)
    listed = client.v1.payment_intents.list({"customer": jane, "expand": ["data.payment_method"]}).data[0]
    assert listed.payment_method == held.payment_method


@pytest.mark.parametrize("path", ["id", "missing", "customer.missing"])
def test_a_path_that_cannot_be_expanded_is_refused_in_stripes_words(driver: Driver, path: str) -> None:
    jane = driver.customer()

    with pytest.raises(stripe.InvalidRequestError) as refused:
        driver.hold(jane, expand=[path, "customer"])

    assert refused.value.user_message == f"This property cannot be expanded ({path})."
    assert refused.value.param == "expand"
