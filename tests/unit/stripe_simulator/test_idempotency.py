from datetime import timedelta

import pytest
import stripe
from tests.unit.stripe_simulator.driving import Driver, code_of

from accounts_memory import ManualClock
from accounts_stripe_simulator import Fault, Simulator
from accounts_stripe_simulator.requests import Request

HEADERS = {"Authorization": "Bearer sk_test_x", "Idempotency-Key": "key"}


def test_the_same_key_and_parameters_are_the_same_request(driver: Driver, simulator: Simulator) -> None:
    jane = driver.customer()

    assert driver.hold(jane, key="v1:hold") == driver.hold(jane, key="v1:hold")
    assert len(simulator.ledger().open_holds) == 1


def test_a_replayed_answer_says_that_it_is_one(simulator: Simulator) -> None:
    first, again = (simulator.handle("POST", "/v1/customers", HEADERS, "name=Jane") for _ in range(2))

    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.body == first.body


def test_a_replay_shows_the_first_answer_not_the_present_state(client: stripe.StripeClient, driver: Driver) -> None:
    jane = driver.customer()
    held = driver.hold(jane, key="v1:hold")
    client.v1.payment_intents.cancel(held.id)

    assert driver.hold(jane, key="v1:hold").status == "requires_capture"


def test_other_parameters_under_the_same_key_are_refused(driver: Driver) -> None:
    jane = driver.customer()
    driver.hold(jane, key="v1:hold")

    with pytest.raises(stripe.IdempotencyError) as refused:
        driver.hold(jane, key="v1:hold", amount=200)

    assert refused.value.http_status == 400


def test_another_path_under_the_same_key_is_refused(client: stripe.StripeClient, driver: Driver) -> None:
    held = driver.hold(driver.customer(), key="one")

    with pytest.raises(stripe.IdempotencyError):
        client.v1.payment_intents.cancel(held.id, {}, {"idempotency_key": "one"})


def test_a_decline_is_replayed(driver: Driver, simulator: Simulator) -> None:
    jane = driver.customer()
    first, again = (driver.declined(jane, "pm_card_chargeDeclined", key="v1:hold") for _ in range(2))

    assert again.http_body == first.http_body
    assert len(simulator.ledger().unfinished) == 1


def test_refused_parameters_do_not_use_the_key_up(driver: Driver) -> None:
    jane = driver.customer()
    with pytest.raises(stripe.InvalidRequestError):
        driver.hold(jane, key="v1:hold", amount=1)

    assert driver.hold(jane, key="v1:hold", amount=100).status == "requires_capture"


def test_refused_parameters_leave_nothing_behind(client: stripe.StripeClient, simulator: Simulator) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.create({"amount": 100, "currency": "usd", "confirm": True})

    assert simulator.ledger().unfinished == []


def test_too_many_requests_do_not_use_the_key_up(driver: Driver, simulator: Simulator) -> None:
    jane = driver.customer()
    simulator.faults.on("POST /v1/payment_intents", Fault.rate_limit())
    with pytest.raises(stripe.RateLimitError):
        driver.hold(jane, key="v1:hold")

    assert driver.hold(jane, key="v1:hold").status == "requires_capture"


@pytest.mark.parametrize("after", [False, True])
def test_a_500_is_replayed_and_says_that_retrying_is_of_no_use(
    after: bool, driver: Driver, simulator: Simulator
) -> None:
    jane = driver.customer()
    simulator.faults.on("POST /v1/payment_intents", Fault.fail(after=after))

    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            driver.hold(jane, key="v1:hold")
        assert failed.value.http_status == 500
        assert failed.value.headers is not None
        assert failed.value.headers["stripe-should-retry"] == "false"

    assert len(simulator.ledger().open_holds) == int(after)


def test_a_key_whose_request_still_runs_is_in_use(simulator: Simulator) -> None:
    simulator.faults.at(1, Fault.delay(5))
    first = simulator.exchange(_create())
    next(first)

    busy = simulator.handle("POST", "/v1/customers", HEADERS)

    assert (busy.status, busy.json()["error"]["code"]) == (409, "idempotency_key_in_use")
    with pytest.raises(StopIteration) as finished:
        next(first)
    assert finished.value.value.status == 200
    assert simulator.handle("POST", "/v1/customers", HEADERS).headers["idempotent-replayed"] == "true"


def test_a_request_that_is_given_up_frees_its_key(simulator: Simulator) -> None:
    simulator.faults.at(1, Fault.delay(5))
    first = simulator.exchange(_create())
    next(first)
    first.close()

    assert simulator.handle("POST", "/v1/customers", HEADERS).status == 200


def test_a_key_in_use_can_be_scripted(driver: Driver, simulator: Simulator) -> None:
    simulator.faults.on("POST /v1/customers", Fault.key_in_use())

    with pytest.raises(stripe.APIError) as busy:
        driver.customer()

    assert (busy.value.http_status, code_of(busy.value)) == (409, "idempotency_key_in_use")


def test_a_key_lives_for_a_day(driver: Driver, clock: ManualClock, simulator: Simulator) -> None:
    jane = driver.customer()
    first = driver.hold(jane, key="v1:hold").id

    clock.advance(timedelta(hours=24) - timedelta(seconds=1))
    assert driver.hold(jane, key="v1:hold").id == first
    clock.advance(timedelta(seconds=1))
    assert driver.hold(jane, key="v1:hold").id != first


def test_a_key_has_at_most_255_characters(driver: Driver) -> None:
    jane = driver.customer()

    assert driver.hold(jane, key="k" * 255).status == "requires_capture"
    with pytest.raises(stripe.InvalidRequestError, match="at most 255"):
        driver.hold(jane, key="k" * 256)


def test_only_a_post_has_a_key(simulator: Simulator) -> None:
    simulator.handle("POST", "/v1/customers", HEADERS)

    assert simulator.handle("GET", "/v1/customers", HEADERS).status == 200


def _create() -> Request:
    return Request.parse("POST", "/v1/customers", HEADERS, "")
