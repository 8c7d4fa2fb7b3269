import pytest
import stripe
from tests.unit.stripe_simulator.driving import Driver, code_of

from accounts_stripe_simulator import TEST_CARDS, Simulator


def test_every_use_of_a_test_token_makes_a_new_payment_method_of_the_same_card(driver: Driver) -> None:
    jane = driver.customer()
    first, second = driver.attached(jane), driver.attached(jane)

    assert first.id != second.id
    assert first.card is not None
    assert second.card is not None
    assert first.card.fingerprint == second.card.fingerprint


def test_every_test_card_has_a_fingerprint_of_its_own(client: stripe.StripeClient) -> None:
    cards = [client.v1.payment_methods.retrieve(token).card for token in TEST_CARDS]

    numbers = {card.number for card in TEST_CARDS.values()}
    assert len({card.fingerprint for card in cards if card}) == len(numbers)


def test_a_card_can_be_made_from_a_token_or_a_number(client: stripe.StripeClient) -> None:
    made = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    typed = client.v1.payment_methods.create(
        {"type": "card", "card": {"number": "4242424242424242", "exp_month": 3, "exp_year": 2031, "cvc": "123"}}
    )

    assert made.card is not None
    assert typed.card is not None
    assert made.card.fingerprint == typed.card.fingerprint
    assert (typed.card.last4, typed.card.exp_month, typed.card.exp_year) == ("4242", 3, 2031)


def test_a_number_that_is_no_test_card_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_methods.create({"type": "card", "card": {"number": "4111111111111111"}})

    assert code_of(refused.value) == "incorrect_number"


def test_attaching_needs_a_customer(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_methods.attach("pm_card_visa", {})

    assert (code_of(refused.value), refused.value.param) == ("parameter_missing", "customer")


def test_attaching_again_to_the_same_customer_changes_nothing(driver: Driver, simulator: Simulator) -> None:
    jane = driver.customer()
    card = driver.attached(jane)

    assert driver.attached(jane, card.id) == card
    assert simulator.webhooks.waiting() == ["payment_method.attached"]


def test_a_card_that_is_another_customers_cannot_be_attached(driver: Driver) -> None:
    card = driver.attached(driver.customer()).id

    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        driver.attached(driver.customer(), card)


def test_a_detached_card_can_neither_be_attached_nor_used_again(client: stripe.StripeClient, driver: Driver) -> None:
    jane = driver.customer()
    card = driver.attached(jane).id
    client.v1.payment_methods.detach(card)

    for refused in (lambda: driver.attached(jane, card), lambda: driver.hold(jane, card)):
        with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
            refused()
    with pytest.raises(stripe.InvalidRequestError, match="detachment is impossible"):
        client.v1.payment_methods.detach(card)


def test_detaching_the_default_clears_it(client: stripe.StripeClient, driver: Driver, simulator: Simulator) -> None:
    jane = driver.customer()
    card = driver.attached(jane).id
    client.v1.customers.update(jane, {"invoice_settings": {"default_payment_method": card}})

    client.v1.payment_methods.detach(card)

    assert simulator.ledger().defaults == {jane: None}


def test_a_bank_that_declines_says_so_when_the_card_is_attached(driver: Driver) -> None:
    jane = driver.customer()

    with pytest.raises(stripe.CardError) as refused:
        driver.attached(jane, "pm_card_visa_chargeDeclinedInsufficientFunds")

    assert (refused.value.http_status, code_of(refused.value)) == (402, "card_declined")
    assert driver.cards(jane) == []


def test_a_card_whose_charges_fail_can_be_attached_but_holds_nothing(driver: Driver) -> None:
    jane = driver.customer()
    card = driver.attached(jane, "pm_card_chargeCustomerFail").id

    assert code_of(driver.declined(jane, card)) == "card_declined"
    assert driver.cards(jane) == [card]


def test_a_customers_cards_are_listed_newest_first_both_ways(client: stripe.StripeClient, driver: Driver) -> None:
    jane = driver.customer()
    cards = [driver.attached(jane).id for _ in range(3)][::-1]

    assert driver.cards(jane) == cards
    first = client.v1.payment_methods.list({"customer": jane, "type": "card", "limit": 2})
    assert ([each.id for each in first.data], first.has_more) == (cards[:2], True)
    rest = client.v1.payment_methods.list({"customer": jane, "limit": 2, "starting_after": cards[1]})
    assert ([each.id for each in rest.data], rest.has_more) == (cards[2:], False)


def test_a_card_can_be_changed_once_it_is_a_customers(client: stripe.StripeClient, driver: Driver) -> None:
    card = driver.attached(driver.customer()).id

    changed = client.v1.payment_methods.update(card, {"card": {"exp_year": 2039}, "billing_details": {"name": "Jane"}})

    assert changed.card is not None
    assert (changed.card.exp_year, changed.billing_details.name) == (2039, "Jane")


def test_an_unknown_payment_method_is_missing(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_methods.retrieve("pm_none")

    assert (refused.value.http_status, code_of(refused.value)) == (404, "resource_missing")
