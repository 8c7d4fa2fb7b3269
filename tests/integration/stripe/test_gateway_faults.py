"""What goes wrong between the gateways and Stripe, and what is left behind: nothing."""

from collections.abc import Iterator

import pytest

from accounts_core.errors import ProviderAmbiguous, ProviderBusy
from accounts_core.ports.payment_gateway import Hold, HoldRequest, HoldStatus
from accounts_core.sync import run_sync
from accounts_core.testing.builders import NOON
from accounts_memory import ManualClock, SequenceSecrets
from accounts_stripe import BlockingStripeGateway, StripeGateway
from accounts_stripe_simulator import Fault, Simulator, SimulatorHTTPClient

JANE = "69a42bc00000000000000007"
HOLD, CANCEL = "POST /v1/payment_intents", "POST /v1/payment_intents/*/cancel"
ATTACH = "POST /v1/payment_methods/*/attach"

Gateway = StripeGateway | BlockingStripeGateway


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    simulator = Simulator(ManualClock(NOON), SequenceSecrets(), attaches=False)
    yield simulator
    assert simulator.ledger().captured == {}
    simulator.close()


@pytest.fixture(params=[StripeGateway, BlockingStripeGateway])
def gateway(request: pytest.FixtureRequest, simulator: Simulator) -> Gateway:
    made: Gateway = request.param.connect("sk_test_faults", http_client=SimulatorHTTPClient(simulator))
    return made


@pytest.fixture
def wanted(gateway: Gateway) -> HoldRequest:
    customer = run_sync(gateway.create_customer(user_ref=JANE, key="customer:7"))
    return HoldRequest(
        verification_id="ver_1",
        customer_id=customer.id,
        payment_method="pm_card_visa",
        amount=100,
        currency="usd",
        return_url=None,
    )


def hold(gateway: Gateway, request: HoldRequest) -> Hold:
    return run_sync(gateway.hold(request, key="ver_1:hold"))


def held(gateway: Gateway, request: HoldRequest) -> str:
    hold_id = hold(gateway, request).id
    assert hold_id is not None
    return hold_id


@pytest.mark.parametrize("fault", [Fault.lose_request(), Fault.lose_answer(), Fault.key_in_use()])
def test_what_is_lost_once_or_twice_is_made_good_by_repeating_it(
    gateway: Gateway, simulator: Simulator, wanted: HoldRequest, fault: Fault
) -> None:
    simulator.faults.on(HOLD, fault, times=2)

    assert hold(gateway, wanted).status is HoldStatus.HELD
    assert len(simulator.ledger().open_holds) == 1


@pytest.mark.parametrize("fault", [Fault.lose_request(), Fault.lose_answer()])
def test_what_stays_lost_is_unknown_and_the_same_key_finds_it(
    gateway: Gateway, simulator: Simulator, wanted: HoldRequest, fault: Fault
) -> None:
    simulator.faults.on(HOLD, fault, times=3)
    with pytest.raises(ProviderAmbiguous) as lost:
        hold(gateway, wanted)

    assert not lost.value.replays
    assert hold(gateway, wanted).status is HoldStatus.HELD
    assert len(simulator.ledger().open_holds) == 1


def test_a_failure_that_stripe_keeps_under_the_key_is_known_as_that_and_the_hold_is_found(
    gateway: Gateway, simulator: Simulator, wanted: HoldRequest
) -> None:
    simulator.faults.on(HOLD, Fault.fail(after=True))
    for _ in range(2):
        with pytest.raises(ProviderAmbiguous) as failure:
            hold(gateway, wanted)
        assert failure.value.replays

    found = run_sync(gateway.find_hold(customer_id=wanted.customer_id, verification_id="ver_1"))

    assert found is not None
    assert [found.id] == simulator.ledger().open_holds


def test_a_rate_limit_leaves_nothing_behind(gateway: Gateway, simulator: Simulator, wanted: HoldRequest) -> None:
    simulator.faults.on(HOLD, Fault.rate_limit())

    with pytest.raises(ProviderBusy):
        hold(gateway, wanted)

    assert run_sync(gateway.find_hold(customer_id=wanted.customer_id, verification_id="ver_1")) is None


@pytest.mark.parametrize("after", [False, True])
def test_a_failure_that_stripe_keeps_does_not_keep_the_sum_frozen(
    gateway: Gateway, simulator: Simulator, wanted: HoldRequest, after: bool
) -> None:
    hold_id = held(gateway, wanted)
    simulator.faults.on(CANCEL, Fault.fail(after=after))

    assert run_sync(gateway.release(hold_id, key="ver_1:release")).status is HoldStatus.RELEASED
    assert simulator.ledger().open_holds == []


@pytest.mark.parametrize("after", [False, True])
def test_a_failure_that_stripe_keeps_does_not_keep_the_card_away(
    gateway: Gateway, simulator: Simulator, wanted: HoldRequest, after: bool
) -> None:
    answer = hold(gateway, wanted)
    assert answer.payment_method is not None
    simulator.faults.on(ATTACH, Fault.fail(after=after))

    card = run_sync(
        gateway.attach(customer_id=wanted.customer_id, payment_method=answer.payment_method, key="ver_1:attach")
    )

    assert simulator.ledger().attached == {wanted.customer_id: [card.id]}


def test_a_customer_whose_answer_was_lost_is_found_though_search_lags(gateway: Gateway, simulator: Simulator) -> None:
    simulator.faults.on("POST /v1/customers", Fault.fail(after=True))
    with pytest.raises(ProviderAmbiguous):
        run_sync(gateway.create_customer(user_ref=JANE, key="customer:7"))

    found = run_sync(gateway.find_customer(JANE))

    assert found is not None
    assert simulator.ledger().customers == {JANE: [found.id]}
