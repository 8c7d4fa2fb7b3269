from datetime import timedelta

import pytest
import stripe
from tests.unit.stripe_simulator.driving import Driver, code_of

from accounts_core.model.policy import MINIMUM_AMOUNTS
from accounts_memory import ManualClock, SequenceSecrets
from accounts_stripe_simulator import TEST_CARDS, Fault, Simulator, SimulatorHTTPClient


def test_a_hold_freezes_the_sum_and_attaches_its_card(
    client: stripe.StripeClient, driver: Driver, simulator: Simulator
) -> None:
    jane = driver.customer()
    held = driver.hold(jane, metadata={"verification_id": "ver_1"})

    assert (held.status, held.amount_capturable, held.amount_received) == ("requires_capture", 100, 0)
    assert driver.cards(jane) == [held.payment_method]
    assert simulator.ledger().open_holds == [held.id]
    assert simulator.ledger().holds == {"ver_1": [held.id]}


def test_a_simulator_may_be_told_that_a_hold_does_not_attach_its_card(clock: ManualClock) -> None:
    simulator = Simulator(clock, SequenceSecrets(), attaches=False)
    driver = Driver(stripe.StripeClient("sk_test_x", http_client=SimulatorHTTPClient(simulator)))
    jane = driver.customer()
    card = driver.hold(jane).payment_method

    assert driver.cards(jane) == []
    assert isinstance(card, str)
    assert driver.attached(jane, card).customer == jane


def test_without_setup_future_usage_a_card_that_nobody_has_is_used_up(driver: Driver) -> None:
    jane = driver.customer()
    card = driver.hold(jane, setup_future_usage=None).payment_method

    assert isinstance(card, str)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        driver.attached(jane, card)


def test_another_customers_card_holds_nothing(driver: Driver) -> None:
    card = driver.attached(driver.customer()).id

    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        driver.hold(driver.customer(), card)


def test_a_canceled_hold_freezes_nothing(client: stripe.StripeClient, driver: Driver, simulator: Simulator) -> None:
    held = driver.hold(driver.customer())

    ended = client.v1.payment_intents.cancel(held.id, {"cancellation_reason": "abandoned"})

    assert (ended.status, ended.cancellation_reason, ended.amount_capturable) == ("canceled", "abandoned", 0)
    assert simulator.ledger().open_holds == []


def test_canceling_twice_is_refused_with_the_intent_inside(client: stripe.StripeClient, driver: Driver) -> None:
    held = driver.hold(driver.customer())
    client.v1.payment_intents.cancel(held.id)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.cancel(held.id)

    assert code_of(refused.value) == "payment_intent_unexpected_state"
    assert refused.value.error is not None
    assert refused.value.error.payment_intent is not None
    assert refused.value.error.payment_intent.status == "canceled"


def test_a_hold_lapses_after_seven_days(client: stripe.StripeClient, driver: Driver, clock: ManualClock) -> None:
    held = driver.hold(driver.customer())

    clock.advance(timedelta(days=7) - timedelta(seconds=1))
    assert client.v1.payment_intents.retrieve(held.id).status == "requires_capture"
    clock.advance(timedelta(seconds=1))

    lapsed = client.v1.payment_intents.retrieve(held.id)
    assert (lapsed.status, lapsed.cancellation_reason) == ("canceled", "automatic")


def test_a_lapsed_hold_shows_in_the_books_without_anybody_asking(
    driver: Driver, clock: ManualClock, simulator: Simulator
) -> None:
    driver.hold(driver.customer())
    clock.advance(timedelta(days=7))

    assert simulator.ledger().open_holds == []
    assert simulator.webhooks.waiting()[-1] == "payment_intent.canceled"


@pytest.mark.parametrize("token", sorted(name for name, card in TEST_CARDS.items() if card.verdict.code))
def test_a_declined_card_gives_a_402_with_the_intent_which_can_be_canceled(
    token: str, client: stripe.StripeClient, driver: Driver, simulator: Simulator
) -> None:
    declined = driver.declined(driver.customer(), token)

    verdict = TEST_CARDS[token].verdict
    assert declined.error is not None
    assert (declined.http_status, declined.error.type) == (402, "card_error")
    assert (declined.error.code, declined.error.decline_code) == (verdict.code, verdict.decline_code)
    intent = declined.error.payment_intent
    assert intent is not None
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.decline_code == verdict.decline_code
    assert simulator.ledger().unfinished == [intent.id]
    assert client.v1.payment_intents.cancel(intent.id).status == "canceled"
    assert simulator.ledger().unfinished == []


def test_an_intent_can_be_made_first_and_confirmed_later(client: stripe.StripeClient, driver: Driver) -> None:
    made = driver.hold(driver.customer(), confirm=None, payment_method=None)
    confirmed = client.v1.payment_intents.confirm(made.id, {"payment_method": "pm_card_mastercard"})

    assert (made.status, confirmed.status) == ("requires_payment_method", "requires_capture")


@pytest.mark.parametrize("currency", sorted(MINIMUM_AMOUNTS))
def test_each_currency_has_a_least_amount_in_minor_units(currency: str, driver: Driver) -> None:
    jane, least = driver.customer(), MINIMUM_AMOUNTS[currency]

    assert driver.hold(jane, currency=currency, amount=least).amount == least
    with pytest.raises(stripe.InvalidRequestError) as refused:
        driver.hold(jane, currency=currency, amount=least - 1)
    assert code_of(refused.value) == "amount_too_small"


def test_payment_method_types_is_refused_by_the_pinned_version_and_taken_by_older_ones(
    client: stripe.StripeClient, driver: Driver
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        driver.hold(driver.customer(), allowed_payment_method_types=None, payment_method_types=["card"])
    old = client.raw_request(
        "post",
        "/v1/payment_intents",
        amount=100,
        currency="usd",
        payment_method_types=["card"],
        stripe_version="2025-03-31.basil",
    )

    assert code_of(refused.value) == "payment_method_types_no_longer_supported"
    assert old.code == 200


def test_allowed_types_and_automatic_ones_exclude_each_other(driver: Driver) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="only pass one of"):
        driver.hold(driver.customer(), automatic_payment_methods={"enabled": True})


def test_intents_are_listed_by_customer_and_time_newest_first(
    client: stripe.StripeClient, driver: Driver, clock: ManualClock
) -> None:
    jane = driver.customer()
    driver.hold(driver.customer())
    old = driver.hold(jane).id
    moment = int(clock.advance(timedelta(hours=1)).timestamp())
    new = driver.hold(jane).id

    assert [each.id for each in client.v1.payment_intents.list({"customer": jane}).data] == [new, old]
    recent = client.v1.payment_intents.list({"customer": jane, "created": {"gte": moment}})
    assert [each.id for each in recent.data] == [new]


def test_a_page_may_follow_an_intent_that_was_canceled_meanwhile(client: stripe.StripeClient, driver: Driver) -> None:
    jane = driver.customer()
    old, new = driver.hold(jane), driver.hold(jane)
    client.v1.payment_intents.cancel(new.id)

    listed = client.v1.payment_intents.list({"limit": 1, "starting_after": new.id})

    assert ([each.id for each in listed.data], listed.has_more) == ([old.id], False)


def test_capturing_works_and_violates_the_books(
    client: stripe.StripeClient, driver: Driver, simulator: Simulator
) -> None:
    held = driver.hold(driver.customer())
    assert not simulator.ledger().is_violated

    client.v1.payment_intents.capture(held.id)

    assert simulator.ledger().captured == {"usd": 100}
    assert simulator.ledger().is_violated


def test_a_hold_without_manual_capture_takes_the_money_and_the_books_say_so(
    driver: Driver, simulator: Simulator
) -> None:
    driver.hold(driver.customer(), capture_method="automatic")

    assert simulator.ledger().is_violated


# ---- strong authentication


def test_a_challenge_is_an_answer_that_says_where_to_send_the_person(driver: Driver, simulator: Simulator) -> None:
    jane = driver.customer()
    asked = driver.hold(jane, "pm_card_authenticationRequired", return_url="https://shop.example/back")

    assert asked.status == "requires_action"
    assert asked.next_action is not None
    assert asked.next_action.redirect_to_url is not None
    assert asked.next_action.redirect_to_url.return_url == "https://shop.example/back"
    assert asked.next_action.redirect_to_url.url == f"{simulator.url}/simulator/challenges/{asked.id}"
    assert asked.client_secret is not None
    assert asked.client_secret.startswith(f"{asked.id}_secret_")
    assert (simulator.ledger().open_holds, simulator.ledger().unfinished) == ([], [asked.id])
    assert driver.cards(jane) == []


@pytest.mark.parametrize("url", ["back", "https://shop.example/\r\nSet-Cookie: a=b", "https://shop.example/a b"])
def test_the_return_url_has_to_be_one(url: str, driver: Driver) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        driver.hold(driver.customer(), return_url=url)

    assert code_of(refused.value) == "url_invalid"


def test_without_a_return_url_the_browsers_library_is_asked(driver: Driver) -> None:
    asked = driver.hold(driver.customer(), "pm_card_threeDSecure2Required")

    assert asked.next_action is not None
    assert asked.next_action.type == "use_stripe_sdk"


def test_a_challenge_that_is_met_holds_the_sum_and_attaches_the_card(
    client: stripe.StripeClient, driver: Driver, simulator: Simulator
) -> None:
    jane = driver.customer()
    asked = driver.hold(jane, "pm_card_authenticationRequired")

    simulator.authenticate(asked.id)

    held = client.v1.payment_intents.retrieve(asked.id)
    assert (held.status, held.next_action) == ("requires_capture", None)
    assert driver.cards(jane) == [held.payment_method]
    assert "payment_intent.amount_capturable_updated" in simulator.webhooks.waiting()


def test_a_challenge_that_is_failed_holds_nothing(
    client: stripe.StripeClient, driver: Driver, simulator: Simulator
) -> None:
    asked = driver.hold(driver.customer(), "pm_card_authenticationRequired")

    simulator.authenticate(asked.id, succeed=False)

    failed = client.v1.payment_intents.retrieve(asked.id)
    assert failed.status == "requires_payment_method"
    assert failed.last_payment_error is not None
    assert failed.last_payment_error.code == "payment_intent_authentication_failure"
    assert simulator.ledger().open_holds == []
    assert simulator.webhooks.waiting()[-1] == "payment_intent.payment_failed"


def test_only_what_waits_for_an_answer_can_be_answered(driver: Driver, simulator: Simulator) -> None:
    with pytest.raises(ValueError, match="waits for no answer"):
        simulator.authenticate(driver.hold(driver.customer()).id)
    with pytest.raises(ValueError, match="No such payment_intent"):
        simulator.authenticate("pi_none")


def test_a_challenge_can_be_given_up(client: stripe.StripeClient, driver: Driver, simulator: Simulator) -> None:
    asked = driver.hold(driver.customer(), "pm_card_authenticationRequired")

    assert client.v1.payment_intents.cancel(asked.id).status == "canceled"
    assert simulator.ledger().unfinished == []


def test_a_bank_that_wants_to_see_the_person_declines_when_nobody_is_there(driver: Driver) -> None:
    declined = driver.declined(driver.customer(), "pm_card_authenticationRequired", off_session=True)

    assert code_of(declined) == "authentication_required"


def test_any_card_can_be_declined_or_challenged_by_a_fault(driver: Driver, simulator: Simulator) -> None:
    jane = driver.customer()
    simulator.faults.on("POST /v1/payment_intents", Fault.decline("card_declined", "do_not_honor"))
    simulator.faults.on("POST /v1/payment_intents", Fault.challenge())

    declined = driver.declined(jane, "pm_card_visa")

    assert declined.error is not None
    assert declined.error.decline_code == "do_not_honor"
    assert driver.hold(jane).status == "requires_action"
    assert driver.hold(jane).status == "requires_capture"
