"""What each method asks, and what it makes of each answer."""

import pytest
from tests.unit.stripe.fakes import KEY, Answer, FakeStripe, Gateway, no_answer
from tests.unit.stripe.objects import (
    MISSING,
    a_customer,
    a_decline,
    a_page,
    a_payment_method,
    an_error,
    an_intent,
)

from accounts_core.errors import ConfigurationError, NotFound, ProviderAmbiguous, ProviderBusy, ProviderRefused
from accounts_core.model.email_address import EmailAddress
from accounts_core.ports.payment_gateway import HoldRequest, HoldStatus
from accounts_core.sync import run_sync
from accounts_stripe import StripeGateway

REQUEST = HoldRequest(
    verification_id="ver_1",
    customer_id="cus_1",
    payment_method="pm_1",
    amount=100,
    currency="usd",
    return_url="https://shop.example/cards",
)
CANNOT_CANCEL = Answer(an_error(code="payment_intent_unexpected_state"), 400)
STORED_FAILURE = Answer(an_error("api_error"), 500, {"stripe-should-retry": "false"})
GONE = Answer(MISSING, 404)


# ---- holds


def test_a_hold_is_one_keyed_request(gateway: Gateway, server: FakeStripe) -> None:
    server.will(an_intent())

    hold = run_sync(gateway.hold(REQUEST, key="ver_1:hold"))

    (asked,) = server.asked
    assert (hold.id, hold.status) == ("pi_1", HoldStatus.HELD)
    assert (asked.line, asked.key) == ("POST /v1/payment_intents", "ver_1:hold")
    assert asked.params == {
        "amount": "100",
        "currency": "usd",
        "customer": "cus_1",
        "payment_method": "pm_1",
        "allowed_payment_method_types[0]": "card",
        "capture_method": "manual",
        "confirm": "true",
        "setup_future_usage": "off_session",
        "return_url": "https://shop.example/cards",
        "metadata[purpose]": "card_verification",
        "metadata[verification_id]": "ver_1",
    }


def test_a_decline_is_an_answer_with_the_intent_that_has_to_be_closed(gateway: Gateway, server: FakeStripe) -> None:
    intent = an_intent("requires_payment_method", payment_method=None)
    server.will(Answer(a_decline(payment_intent=intent, payment_method=a_payment_method("pm_9")), 402))

    hold = run_sync(gateway.hold(REQUEST, key="k"))

    assert (hold.id, hold.status, hold.payment_method) == ("pi_1", HoldStatus.DECLINED, "pm_9")
    assert (hold.code, hold.decline_code) == ("card_declined", "insufficient_funds")
    assert (hold.verification_id, hold.amount, hold.currency) == ("ver_1", 100, "usd")


def test_a_decline_before_anything_was_made_has_no_id(gateway: Gateway, server: FakeStripe) -> None:
    server.will(Answer(an_error("card_error", "expired_card"), 402))

    hold = run_sync(gateway.hold(REQUEST, key="k"))

    assert (hold.id, hold.status, hold.code, hold.decline_code) == (None, HoldStatus.DECLINED, "expired_card", None)


def test_a_hold_that_is_being_processed_is_read_again_because_its_key_has_one_answer(
    gateway: Gateway, server: FakeStripe
) -> None:
    server.will(an_intent("processing"), an_intent("requires_capture"))

    assert run_sync(gateway.hold(REQUEST, key="k")).status is HoldStatus.HELD
    assert server.lines == ["POST /v1/payment_intents", "GET /v1/payment_intents/pi_1"]


def test_a_hold_that_stays_in_processing_is_unknown(gateway: Gateway, server: FakeStripe) -> None:
    server.will(an_intent("processing"), an_intent("processing"))

    with pytest.raises(ProviderAmbiguous):
        run_sync(gateway.hold(REQUEST, key="k"))


def test_a_lost_hold_is_never_asked_for_again_under_another_key(gateway: Gateway, server: FakeStripe) -> None:
    server.will(STORED_FAILURE)

    with pytest.raises(ProviderAmbiguous) as lost:
        run_sync(gateway.hold(REQUEST, key="k"))

    assert lost.value.replays
    assert len(server.asked) == 1


def test_a_captured_hold_is_said_aloud(gateway: Gateway, server: FakeStripe) -> None:
    server.will(an_intent("succeeded"))

    with pytest.raises(ConfigurationError, match="captured"):
        run_sync(gateway.retrieve_hold("pi_1"))


def test_a_hold_is_found_in_the_customers_list_by_its_verification(gateway: Gateway, server: FakeStripe) -> None:
    other = an_intent(id="pi_9", metadata={})
    server.will(a_page(other, other, more=True), a_page(an_intent(), an_intent(id="pi_0"), more=True))

    hold = run_sync(gateway.find_hold(customer_id="cus_1", verification_id="ver_1"))

    assert hold is not None
    assert hold.id == "pi_1"
    assert server.lines == ["GET /v1/payment_intents"] * 2
    assert [each.params for each in server.asked] == [
        {"customer": "cus_1", "limit": "100"},
        {"customer": "cus_1", "limit": "100", "starting_after": "pi_9"},
    ]


@pytest.mark.parametrize("answer", [Answer(a_page()), Answer(a_page(an_intent(metadata={}))), GONE])
def test_a_hold_that_was_never_made_is_none(gateway: Gateway, server: FakeStripe, answer: Answer) -> None:
    server.will(answer)

    assert run_sync(gateway.find_hold(customer_id="cus_1", verification_id="ver_1")) is None


def test_a_list_that_cannot_be_read_is_not_taken_for_an_empty_one(gateway: Gateway, server: FakeStripe) -> None:
    """An empty list means that nothing is held: a guess here would freeze a second sum."""
    server.will({"object": "list", "items": []})

    with pytest.raises(ProviderAmbiguous):
        run_sync(gateway.find_hold(customer_id="cus_1", verification_id="ver_1"))


# ---- release


def test_releasing_is_one_cancel_with_an_idempotency_key(gateway: Gateway, server: FakeStripe) -> None:
    server.will(an_intent("canceled"))

    assert run_sync(gateway.release("pi_1", key="ver_1:release")).status is HoldStatus.RELEASED
    (asked,) = server.asked
    assert (asked.line, asked.key) == ("POST /v1/payment_intents/pi_1/cancel", "ver_1:release")
    assert asked.params == {"cancellation_reason": "abandoned"}


def test_what_is_canceled_already_is_let_go(gateway: Gateway, server: FakeStripe) -> None:
    server.will(CANNOT_CANCEL, an_intent("canceled"))

    assert run_sync(gateway.release("pi_1", key="k")).status is HoldStatus.RELEASED
    assert server.lines == ["POST /v1/payment_intents/pi_1/cancel", "GET /v1/payment_intents/pi_1"]


@pytest.mark.parametrize("first", [CANNOT_CANCEL, STORED_FAILURE])
def test_a_refusal_or_failure_that_is_stored_under_the_key_does_not_keep_the_sum_frozen(
    gateway: Gateway, server: FakeStripe, first: Answer
) -> None:
    server.will(first, an_intent("requires_capture"), an_intent("canceled"))

    assert run_sync(gateway.release("pi_1", key="k")).status is HoldStatus.RELEASED
    assert [each.line for each in server.asked if each.key != "k"] == [
        "GET /v1/payment_intents/pi_1",
        "POST /v1/payment_intents/pi_1/cancel",
    ]


def test_of_two_who_let_go_at_once_the_slower_one_succeeds_too(gateway: Gateway, server: FakeStripe) -> None:
    server.will(STORED_FAILURE, an_intent(), CANNOT_CANCEL, an_intent("canceled"))

    assert run_sync(gateway.release("pi_1", key="k")).status is HoldStatus.RELEASED


def test_what_cannot_be_canceled_just_now_is_tried_again_later(gateway: Gateway, server: FakeStripe) -> None:
    server.will(CANNOT_CANCEL, an_intent(), CANNOT_CANCEL, an_intent())

    with pytest.raises(ProviderBusy):
        run_sync(gateway.release("pi_1", key="k"))


def test_a_release_whose_answer_is_lost_is_unknown_and_left_to_the_same_key(
    gateway: Gateway, server: FakeStripe
) -> None:
    server.will(no_answer())

    with pytest.raises(ProviderAmbiguous):
        run_sync(gateway.release("pi_1", key="k"))
    assert len(server.asked) == 1


def test_a_cancel_that_did_not_cancel_is_no_release(gateway: Gateway, server: FakeStripe) -> None:
    server.will(an_intent("requires_capture"))

    with pytest.raises(ProviderAmbiguous):
        run_sync(gateway.release("pi_1", key="k"))


def test_releasing_a_captured_hold_is_an_error(gateway: Gateway, server: FakeStripe) -> None:
    server.will(CANNOT_CANCEL, an_intent("succeeded"))

    with pytest.raises(ConfigurationError, match="captured"):
        run_sync(gateway.release("pi_1", key="k"))


# ---- payment methods


def test_what_the_customer_has_already_is_attached(gateway: Gateway, server: FakeStripe) -> None:
    server.will(Answer(an_error(), 400), a_payment_method(customer="cus_1"))

    assert run_sync(gateway.attach(customer_id="cus_1", payment_method="pm_1", key="k")).customer_id == "cus_1"


@pytest.mark.parametrize("owner", [None, "cus_2"])
def test_what_is_another_customers_or_was_detached_is_refused(
    gateway: Gateway, server: FakeStripe, owner: str | None
) -> None:
    server.will(Answer(an_error(code="payment_method_unexpected_state"), 400), a_payment_method(customer=owner))

    with pytest.raises(ProviderRefused, match="payment_method_unexpected_state"):
        run_sync(gateway.attach(customer_id="cus_1", payment_method="pm_1", key="k"))


def test_an_attach_whose_failure_is_stored_is_settled_by_reading(gateway: Gateway, server: FakeStripe) -> None:
    server.will(STORED_FAILURE, a_payment_method(customer="cus_1"))
    assert run_sync(gateway.attach(customer_id="cus_1", payment_method="pm_1", key="k")).customer_id == "cus_1"

    server.will(STORED_FAILURE, a_payment_method(), a_payment_method(customer="cus_1"))
    assert run_sync(gateway.attach(customer_id="cus_1", payment_method="pm_1", key="k")).customer_id == "cus_1"
    assert server.asked[-1].line == "POST /v1/payment_methods/pm_1/attach"
    assert server.asked[-1].key != "k"


@pytest.mark.parametrize(("param", "what"), [("customer", "customer"), ("payment_method", "payment method")])
def test_attaching_says_which_of_the_two_is_missing(
    gateway: Gateway, server: FakeStripe, param: str, what: str
) -> None:
    server.will(Answer(an_error(code="resource_missing", param=param), 404))

    with pytest.raises(NotFound) as missing:
        run_sync(gateway.attach(customer_id="cus_1", payment_method="pm_1", key="k"))

    assert missing.value.what == what


@pytest.mark.parametrize("after", [GONE, Answer(a_payment_method(customer=None))])
def test_what_is_gone_or_nobodys_is_detached(gateway: Gateway, server: FakeStripe, after: Answer) -> None:
    server.will(Answer(an_error(), 400), after)

    run_sync(gateway.detach("pm_1"))

    assert server.lines == ["POST /v1/payment_methods/pm_1/detach", "GET /v1/payment_methods/pm_1"]


def test_what_stays_somebodys_is_not_detached(gateway: Gateway, server: FakeStripe) -> None:
    server.will(Answer(an_error(code="mandate_active"), 400), a_payment_method(customer="cus_1"))

    with pytest.raises(ProviderRefused, match="mandate_active"):
        run_sync(gateway.detach("pm_1"))


def test_every_page_of_a_customers_cards_is_read(gateway: Gateway, server: FakeStripe) -> None:
    server.will(a_page(a_payment_method("pm_3"), a_payment_method("pm_2"), more=True), a_page(a_payment_method("pm_1")))

    found = run_sync(gateway.list_payment_methods("cus_1"))

    assert [each.id for each in found] == ["pm_3", "pm_2", "pm_1"]
    assert server.asked[0].params == {"type": "card", "limit": "100"}
    assert server.asked[1].params["starting_after"] == "pm_2"


# ---- customers


@pytest.mark.parametrize(("chosen", "sent"), [("pm_1", "pm_1"), (None, "")])
def test_the_default_is_set_and_cleared(gateway: Gateway, server: FakeStripe, chosen: str | None, sent: str) -> None:
    server.will(a_customer())

    run_sync(gateway.set_default("cus_1", chosen))

    assert server.asked[0].params == {"invoice_settings[default_payment_method]": sent}


@pytest.mark.parametrize(
    ("param", "what"), [("id", "customer"), ("invoice_settings[default_payment_method]", "payment method")]
)
def test_setting_the_default_says_which_of_the_two_is_missing(
    gateway: Gateway, server: FakeStripe, param: str, what: str
) -> None:
    server.will(Answer(an_error(code="resource_missing", param=param), 404))

    with pytest.raises(NotFound) as missing:
        run_sync(gateway.set_default("cus_1", "pm_1"))

    assert missing.value.what == what


def test_an_update_sends_the_address_as_typed(gateway: Gateway, server: FakeStripe) -> None:
    server.will(a_customer(email="Jane@example.org", name="Zoë Doe"))

    run_sync(gateway.update_customer("cus_1", email=EmailAddress("Jane@example.org"), name="Zoë Doe"))

    assert server.asked[0].params == {"email": "Jane@example.org", "name": "Zoë Doe"}


def test_a_customer_that_is_gone_is_deleted(gateway: Gateway, server: FakeStripe) -> None:
    server.will(GONE)

    run_sync(gateway.delete_customer("cus_1"))

    assert server.lines == ["DELETE /v1/customers/cus_1"]


# ---- the SDK's own retries


def test_a_lost_request_is_repeated_twice_under_its_key(server: FakeStripe) -> None:
    server.will(no_answer(), Answer(an_error("api_error"), 500), an_intent())
    gateway = StripeGateway.connect(KEY, http_client=server)

    assert run_sync(gateway.hold(REQUEST, key="ver_1:hold")).status is HoldStatus.HELD
    assert [each.key for each in server.asked] == ["ver_1:hold"] * 3
    assert len(server.slept) == 2


def test_a_third_failure_is_the_last(server: FakeStripe) -> None:
    server.will(no_answer(), no_answer(), no_answer())
    gateway = StripeGateway.connect(KEY, http_client=server)

    with pytest.raises(ProviderAmbiguous):
        run_sync(gateway.hold(REQUEST, key="ver_1:hold"))
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [401, 403, 429])
@pytest.mark.parametrize("lost", [no_answer(), Answer(an_error("api_error"), 500)])
def test_a_repeat_that_is_turned_away_says_nothing_of_the_attempt_that_was_lost(
    server: FakeStripe, lost: Answer | Exception, status: int
) -> None:
    server.will(lost, Answer(an_error(), status))
    gateway = StripeGateway.connect(KEY, http_client=server)

    with pytest.raises(ProviderAmbiguous) as error:
        run_sync(gateway.hold(REQUEST, key="ver_1:hold"))
    assert not error.value.replays


def test_a_repeat_that_is_declined_is_declined(server: FakeStripe) -> None:
    server.will(no_answer(), Answer(a_decline(), 402))
    gateway = StripeGateway.connect(KEY, http_client=server)

    assert run_sync(gateway.hold(REQUEST, key="ver_1:hold")).status is HoldStatus.DECLINED
