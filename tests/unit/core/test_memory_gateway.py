"""What `MemoryGateway` does beyond the contract: Stripe's test cards, its keys, its faults, and what tests look at."""

import re
from datetime import timedelta

import pytest

from accounts_core.errors import NotFound, ProviderAmbiguous, ProviderBusy, ProviderRefused
from accounts_core.model.customer import Customer
from accounts_core.model.payment_method import BillingDetails
from accounts_core.ports.payment_gateway import Hold, HoldRequest, HoldStatus
from accounts_core.sync import run_sync
from accounts_core.testing.builders import NOON, a_provided_card
from accounts_memory import ManualClock, MemoryGateway, SequenceSecrets

pytestmark = pytest.mark.usefixtures("drive")

DECLINES = {
    "chargeDeclined": ("card_declined", "generic_decline"),
    "chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds"),
    "chargeDeclinedLostCard": ("card_declined", "lost_card"),
    "chargeDeclinedStolenCard": ("card_declined", "stolen_card"),
    "chargeDeclinedExpiredCard": ("expired_card", None),
    "chargeDeclinedIncorrectCvc": ("incorrect_cvc", None),
    "chargeDeclinedProcessingError": ("processing_error", None),
    "chargeDeclinedVelocityLimitExceeded": ("card_declined", "card_velocity_exceeded"),
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def gateway(clock: ManualClock) -> MemoryGateway:
    return MemoryGateway(clock, SequenceSecrets())


@pytest.fixture
def customer(gateway: MemoryGateway) -> Customer:
    return run_sync(gateway.create_customer(user_ref="1", key="customer:1"))


def request(
    customer: Customer, payment_method: str = "pm_card_visa", *, amount: int = 100, return_url: str | None = None
) -> HoldRequest:
    return HoldRequest(
        verification_id="cv_1",
        customer_id=customer.id,
        payment_method=payment_method,
        amount=amount,
        currency="usd",
        return_url=return_url,
    )


def id_of(hold: Hold) -> str:
    assert hold.id is not None
    return hold.id


@pytest.mark.parametrize(
    ("token", "brand", "last4"),
    [
        ("pm_card_visa", "visa", "4242"),
        ("pm_card_mastercard", "mastercard", "4444"),
        ("pm_card_amex", "amex", "0005"),
    ],
)
async def test_a_test_card_has_the_data_of_its_card(
    gateway: MemoryGateway, customer: Customer, token: str, brand: str, last4: str
) -> None:
    hold = await gateway.hold(request(customer, token), key="hold")

    assert hold.payment_method is not None
    card = (await gateway.retrieve_payment_method(hold.payment_method)).card
    assert (card.brand, card.last4, card.country, card.funding) == (brand, last4, "US", "credit")
    assert card.networks.available == (brand,)
    assert card.checks.cvc_check == "pass"
    assert card.exp_year == NOON.year + 1
    assert re.fullmatch(r"[0-9A-Za-z]{16}", card.fingerprint or "")


@pytest.mark.parametrize("spelling", ["", "visa_"], ids=["short spelling", "long spelling"])
@pytest.mark.parametrize("reason", DECLINES)
async def test_a_declining_card_declines_with_its_reason(
    gateway: MemoryGateway, customer: Customer, spelling: str, reason: str
) -> None:
    hold = await gateway.hold(request(customer, f"pm_card_{spelling}{reason}"), key="hold")

    assert hold.status is HoldStatus.DECLINED
    assert (hold.code, hold.decline_code) == DECLINES[reason]
    assert gateway.open_holds() == []


@pytest.mark.parametrize("reason", DECLINES)
async def test_both_spellings_are_one_physical_card(gateway: MemoryGateway, reason: str) -> None:
    short = await gateway.retrieve_payment_method(f"pm_card_{reason}")
    long = await gateway.retrieve_payment_method(f"pm_card_visa_{reason}")

    assert short.id != long.id
    assert short.card == long.card


async def test_every_physical_card_has_a_fingerprint_of_its_own(gateway: MemoryGateway) -> None:
    plain = ["visa", "mastercard", "amex", "chargeCustomerFail", "authenticationRequired", "threeDSecure2Required"]

    cards = [await gateway.retrieve_payment_method(f"pm_card_{name}") for name in [*plain, *DECLINES]]

    assert len({card.card.fingerprint for card in cards}) == len(cards)


async def test_a_declining_card_cannot_be_attached_either(gateway: MemoryGateway, customer: Customer) -> None:
    with pytest.raises(ProviderRefused) as refusal:
        await gateway.attach(
            customer_id=customer.id, payment_method="pm_card_visa_chargeDeclinedLostCard", key="attach"
        )

    assert (refusal.value.code, refusal.value.details) == ("card_declined", {"decline_code": "lost_card"})
    assert await gateway.list_payment_methods(customer.id) == []


async def test_the_card_that_fails_its_charge_attaches_and_then_declines(
    gateway: MemoryGateway, customer: Customer
) -> None:
    card = await gateway.attach(customer_id=customer.id, payment_method="pm_card_chargeCustomerFail", key="attach")

    assert (await gateway.hold(request(customer, card.id), key="hold")).status is HoldStatus.DECLINED


async def test_ids_look_like_stripes(gateway: MemoryGateway, customer: Customer) -> None:
    hold = await gateway.hold(request(customer), key="hold")

    assert re.fullmatch(r"cus_[0-9A-Za-z]{14}", customer.id)
    assert re.fullmatch(r"pi_[0-9A-Za-z]{24}", id_of(hold))
    assert re.fullmatch(r"pm_[0-9A-Za-z]{24}", hold.payment_method or "")
    assert re.fullmatch(rf"{hold.id}_secret_[0-9A-Za-z]{{25}}", hold.client_secret or "")


async def test_a_hold_attaches_its_card_and_releasing_the_hold_keeps_it(
    gateway: MemoryGateway, customer: Customer
) -> None:
    hold = await gateway.hold(request(customer), key="hold")

    await gateway.release(id_of(hold), key="release")

    assert [card.id for card in await gateway.list_payment_methods(customer.id)] == [hold.payment_method]


async def test_a_challenged_hold_attaches_its_card_when_the_person_succeeded(
    gateway: MemoryGateway, customer: Customer
) -> None:
    hold = await gateway.hold(request(customer, "pm_card_authenticationRequired"), key="hold")
    assert await gateway.list_payment_methods(customer.id) == []

    gateway.authenticate(id_of(hold))

    assert [card.id for card in await gateway.list_payment_methods(customer.id)] == [hold.payment_method]


async def test_a_failed_challenge_is_a_decline_with_stripes_code(gateway: MemoryGateway, customer: Customer) -> None:
    hold = await gateway.hold(request(customer, "pm_card_authenticationRequired"), key="hold")

    gateway.authenticate(id_of(hold), succeed=False)

    answered = await gateway.retrieve_hold(id_of(hold))
    assert (answered.status, answered.code) == (HoldStatus.DECLINED, "payment_intent_authentication_failure")
    assert await gateway.list_payment_methods(customer.id) == []


async def test_only_a_challenged_hold_takes_an_answer(gateway: MemoryGateway, customer: Customer) -> None:
    hold = await gateway.hold(request(customer), key="hold")

    with pytest.raises(ValueError, match="is held and waits for no answer"):
        gateway.authenticate(id_of(hold))
    with pytest.raises(NotFound):
        gateway.authenticate("pi_unknown")


async def test_a_challenge_sends_the_person_back_to_the_return_url(gateway: MemoryGateway, customer: Customer) -> None:
    asked = request(customer, "pm_card_threeDSecure2Required", return_url="https://shop.example/back")
    hold = await gateway.hold(asked, key="hold")

    assert hold.next_action is not None
    assert hold.next_action["type"] == "redirect_to_url"
    assert hold.next_action["redirect_to_url"]["return_url"] == "https://shop.example/back"


async def test_a_challenge_without_a_return_url_is_the_sdks(gateway: MemoryGateway, customer: Customer) -> None:
    hold = await gateway.hold(request(customer, "pm_card_threeDSecure2Required"), key="hold")

    assert hold.next_action is not None
    assert hold.next_action["type"] == "use_stripe_sdk"


async def test_a_hold_that_nobody_lets_go_lapses_after_seven_days(
    gateway: MemoryGateway, customer: Customer, clock: ManualClock
) -> None:
    hold = await gateway.hold(request(customer), key="hold")

    clock.advance(timedelta(days=7) - timedelta(microseconds=1))
    assert [held.id for held in gateway.open_holds()] == [hold.id]

    clock.advance(timedelta(microseconds=1))
    assert gateway.open_holds() == []
    assert gateway.holds[id_of(hold)].status is HoldStatus.RELEASED


async def test_the_list_of_open_holds_goes_on_after_those_that_were_let_go_meanwhile(
    gateway: MemoryGateway, customer: Customer
) -> None:
    holds = [await gateway.hold(request(customer), key=f"hold:{each}") for each in range(101)]
    first = await gateway.list_open_holds(since=NOON)
    for hold in first.items:
        await gateway.release(hold.id, key=f"release:{hold.id}")

    second = await gateway.list_open_holds(since=NOON, after=first.after)

    assert [hold.id for hold in first.items] == [hold.id for hold in holds[:0:-1]]
    assert ([hold.id for hold in second.items], second.after) == ([holds[0].id], None)


async def test_a_page_of_open_holds_may_be_empty_and_not_the_last(gateway: MemoryGateway, customer: Customer) -> None:
    oldest = await gateway.hold(request(customer), key="oldest")
    for each in range(100):
        await gateway.hold(request(customer, "pm_card_chargeDeclined"), key=f"declined:{each}")

    first = await gateway.list_open_holds(since=NOON)

    assert list(first.items) == []
    assert first.after is not None
    assert [hold.id for hold in (await gateway.list_open_holds(since=NOON, after=first.after)).items] == [oldest.id]


async def test_a_list_of_customers_cannot_go_on_after_one_that_is_gone(gateway: MemoryGateway) -> None:
    """The simulator of Stripe says the same: better a refusal than a list that looks complete."""
    for each in range(101):
        await gateway.create_customer(user_ref=str(each), key=f"customer:{each}")
    first = await gateway.list_customers()
    assert first.after is not None
    await gateway.delete_customer(first.after)

    with pytest.raises(ProviderRefused) as refusal:
        await gateway.list_customers(after=first.after)

    assert (refusal.value.code, refusal.value.param) == ("resource_missing", "starting_after")


async def test_less_than_the_least_amount_is_refused(gateway: MemoryGateway, customer: Customer) -> None:
    with pytest.raises(ProviderRefused) as refusal:
        await gateway.hold(request(customer, amount=49), key="hold")

    assert (refusal.value.code, refusal.value.param) == ("amount_too_small", "amount")
    assert gateway.holds == {}


async def test_a_key_replays_its_first_answer_after_the_state_has_changed(
    gateway: MemoryGateway, customer: Customer
) -> None:
    first = await gateway.hold(request(customer), key="hold")
    await gateway.release(id_of(first), key="release")

    assert await gateway.hold(request(customer), key="hold") == first
    assert len(gateway.holds) == 1


async def test_a_key_replays_a_decline(gateway: MemoryGateway, customer: Customer) -> None:
    first = await gateway.hold(request(customer, "pm_card_chargeDeclined"), key="hold")

    assert await gateway.hold(request(customer, "pm_card_chargeDeclined"), key="hold") == first


async def test_a_key_of_one_method_is_refused_in_another(gateway: MemoryGateway, customer: Customer) -> None:
    hold = await gateway.hold(request(customer), key="one key")

    with pytest.raises(ProviderRefused) as refusal:
        await gateway.release(id_of(hold), key="one key")

    assert refusal.value.code == "idempotency_error"
    assert [held.id for held in gateway.open_holds()] == [hold.id]


async def test_a_refused_request_leaves_its_key_unused(gateway: MemoryGateway, customer: Customer) -> None:
    with pytest.raises(ProviderRefused):
        await gateway.hold(request(customer, "pm_unknown"), key="hold")

    assert (await gateway.hold(request(customer), key="hold")).status is HoldStatus.HELD


async def test_a_key_is_forgotten_after_a_day(gateway: MemoryGateway, customer: Customer, clock: ManualClock) -> None:
    first = await gateway.hold(request(customer), key="hold")
    clock.advance(timedelta(hours=24))

    assert (await gateway.hold(request(customer), key="hold")).id != first.id


async def test_a_request_that_got_lost_was_not_done(gateway: MemoryGateway, customer: Customer) -> None:
    gateway.fail_next("hold", ProviderAmbiguous("the connection broke"))

    with pytest.raises(ProviderAmbiguous, match="the connection broke"):
        await gateway.hold(request(customer), key="hold")

    assert gateway.holds == {}
    assert (await gateway.hold(request(customer), key="hold")).status is HoldStatus.HELD


async def test_an_answer_that_got_lost_comes_with_the_same_key(gateway: MemoryGateway, customer: Customer) -> None:
    gateway.fail_next("hold", ProviderAmbiguous("the answer got lost"), after=True)

    with pytest.raises(ProviderAmbiguous):
        await gateway.hold(request(customer), key="hold")

    (lost,) = gateway.open_holds()
    assert await gateway.hold(request(customer), key="hold") == lost


async def test_calls_fail_until_they_are_told_to_stop(gateway: MemoryGateway, customer: Customer) -> None:
    gateway.fail_all(lambda: ProviderAmbiguous("down"))
    errors = []
    for _ in range(2):
        with pytest.raises(ProviderAmbiguous, match="down") as raised:
            await gateway.hold(request(customer), key="hold")
        errors.append(raised.value)
    assert errors[0] is not errors[1]
    with pytest.raises(ProviderAmbiguous):
        await gateway.find_customer("nobody")
    assert gateway.holds == {}

    gateway.fail_all(lambda: ProviderAmbiguous("slow"), methods=["hold"], after=True)
    assert await gateway.find_customer("nobody") is None
    with pytest.raises(ProviderAmbiguous, match="slow"):
        await gateway.hold(request(customer), key="hold")
    (lost,) = gateway.open_holds()

    gateway.stop_failing()
    assert await gateway.hold(request(customer), key="hold") == lost


async def test_a_stored_failure_is_replayed_and_the_hold_is_found_by_its_verification(
    gateway: MemoryGateway, customer: Customer
) -> None:
    gateway.fail_next("hold", ProviderAmbiguous("500"), replayed=True)

    for _ in range(2):
        with pytest.raises(ProviderAmbiguous, match="500"):
            await gateway.hold(request(customer), key="hold")

    found = await gateway.find_hold(customer_id=customer.id, verification_id="cv_1")
    assert [found] == gateway.open_holds()


async def test_faults_wait_in_line_for_their_own_method(gateway: MemoryGateway, customer: Customer) -> None:
    gateway.fail_next("detach", ProviderBusy("first"))
    gateway.fail_next("detach", ProviderAmbiguous("second"))

    assert await gateway.retrieve_customer(customer.id) == customer
    with pytest.raises(ProviderBusy, match="first"):
        await gateway.detach("pm_1")
    with pytest.raises(ProviderAmbiguous, match="second"):
        await gateway.detach("pm_1")
    await gateway.detach("pm_1")


async def test_calls_tells_what_was_asked_in_order_failed_ones_included(
    gateway: MemoryGateway, customer: Customer
) -> None:
    gateway.fail_next("detach", ProviderBusy("busy"))
    with pytest.raises(ProviderBusy):
        await gateway.detach("pm_1")
    await gateway.find_hold(customer_id=customer.id, verification_id="cv_1")

    assert gateway.calls == [
        ("create_customer", ("1",)),
        ("detach", ("pm_1",)),
        ("find_hold", (customer.id, "cv_1")),
    ]


async def test_a_payment_method_can_be_made_known_as_it_stands(gateway: MemoryGateway, customer: Customer) -> None:
    card = a_provided_card("pm_from_a_browser", billing_details=BillingDetails(name="Jane Doe"))

    used = gateway.add_payment_method(card)

    assert await gateway.retrieve_payment_method(used) == card
    hold = await gateway.hold(request(customer, used), key="hold")
    assert (hold.status, hold.payment_method) == (HoldStatus.HELD, "pm_from_a_browser")


async def test_a_balance_can_be_set(gateway: MemoryGateway, customer: Customer) -> None:
    gateway.set_balance(customer.id, -250)

    assert (await gateway.retrieve_customer(customer.id)).balance == -250
    with pytest.raises(NotFound):
        gateway.set_balance("cus_unknown", 1)


async def test_a_hold_for_a_customer_who_is_gone_is_refused(gateway: MemoryGateway, customer: Customer) -> None:
    await gateway.delete_customer(customer.id)

    with pytest.raises(ProviderRefused) as refusal:
        await gateway.hold(request(customer), key="hold")

    assert (refusal.value.code, refusal.value.param) == ("resource_missing", "customer")


async def test_two_gateways_with_different_secrets_never_make_the_same_id(clock: ManualClock) -> None:
    gateways = [MemoryGateway(clock, SequenceSecrets(seed)) for seed in (1, 2)]

    first, second = [await each.create_customer(user_ref="1", key="customer:1") for each in gateways]

    assert first.id != second.id
