import pytest
import stripe
from tests.unit.stripe_simulator.driving import Driver

from accounts_core.sync import run_sync
from accounts_memory import ManualClock, SequenceSecrets
from accounts_stripe_simulator import ConnectionLost, Fault, FaultKind, Simulator, SimulatorHTTPClient

INTENTS = "POST /v1/payment_intents"


class Waits:
    """Remembers how long somebody would have waited, in seconds."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def sync(self, seconds: float) -> None:
        self.seconds.append(seconds)

    async def later(self, seconds: float) -> None:
        self.seconds.append(seconds)


def waiting_client(simulator: Simulator, waits: Waits) -> stripe.StripeClient:
    transport = SimulatorHTTPClient(simulator, timeout_seconds=20, sleep=waits.sync, sleep_async=waits.later)
    return stripe.StripeClient("sk_test_x", http_client=transport)


def test_a_lost_request_does_nothing(driver: Driver, simulator: Simulator) -> None:
    jane = driver.customer()
    simulator.faults.on(INTENTS, Fault.lose_request())

    with pytest.raises(stripe.APIConnectionError):
        driver.hold(jane)

    assert simulator.ledger().open_holds == []


def test_a_lost_answer_is_found_again_under_its_key(driver: Driver, simulator: Simulator) -> None:
    jane = driver.customer()
    simulator.faults.on(INTENTS, Fault.lose_answer())

    with pytest.raises(stripe.APIConnectionError):
        driver.hold(jane, key="v1:hold")

    assert simulator.ledger().open_holds == [driver.hold(jane, key="v1:hold").id]


def test_the_sdk_retries_a_lost_answer_under_the_same_key_and_at_once(simulator: Simulator) -> None:
    client = stripe.StripeClient("sk_test_x", http_client=SimulatorHTTPClient(simulator), max_network_retries=2)
    jane = client.v1.customers.create({}).id
    simulator.faults.on("*", Fault.lose_answer(), times=2)

    Driver(client).hold(jane)

    assert len(simulator.ledger().open_holds) == 1
    assert len({call.key for call in simulator.faults.calls[1:]}) == 1


def test_a_request_can_be_told_by_its_number(driver: Driver, simulator: Simulator) -> None:
    simulator.faults.at(2, Fault.lose_request())
    driver.customer()

    with pytest.raises(stripe.APIConnectionError):
        driver.customer()

    assert driver.customer()


def test_a_fault_can_pass_some_requests_by_and_stay_for_ever(driver: Driver, simulator: Simulator) -> None:
    simulator.faults.on("POST /v1/customers", Fault.rate_limit(), times=None, skip=1)
    driver.customer()

    for _ in range(3):
        with pytest.raises(stripe.RateLimitError):
            driver.customer()
    simulator.faults.clear()
    assert driver.customer()


def test_a_fault_knows_a_route_by_its_name(client: stripe.StripeClient, driver: Driver, simulator: Simulator) -> None:
    jane = driver.customer()
    simulator.faults.on("POST /v1/payment_intents/{intent}/cancel", Fault.lose_request())
    held = driver.hold(jane)

    with pytest.raises(stripe.APIConnectionError):
        client.v1.payment_intents.cancel(held.id)


def test_chance_gives_the_same_faults_for_the_same_seed(clock: ManualClock) -> None:
    def faults_of(seed: int) -> list[FaultKind | None]:
        simulator = Simulator(clock, SequenceSecrets())
        simulator.faults.at_random(0.5, seed=seed)
        for _ in range(50):
            try:
                simulator.handle("GET", "/v1/customers", {"Authorization": "Bearer sk_test_x"})
            except ConnectionLost:
                continue
        return [call.fault.kind if call.fault else None for call in simulator.faults.calls]

    assert faults_of(1) == faults_of(1)
    assert faults_of(1) != faults_of(2)
    assert 10 < sum(kind is None for kind in faults_of(1)) < 40


def test_a_delay_takes_its_time_and_then_answers(simulator: Simulator) -> None:
    waits = Waits()
    client = waiting_client(simulator, waits)
    simulator.faults.on("*", Fault.delay(3), times=2)

    client.v1.customers.create({})
    run_sync(client.v1.customers.create_async({}))

    assert waits.seconds == [3, 3]
    assert len(simulator.ledger().attached) == 2


def test_a_delay_beyond_the_clients_patience_is_executed_and_its_answer_lost(simulator: Simulator) -> None:
    waits = Waits()
    client = waiting_client(simulator, waits)
    simulator.faults.on("*", Fault.delay(60), times=2)

    with pytest.raises(stripe.APIConnectionError, match="timed out"):
        client.v1.customers.create({})
    with pytest.raises(stripe.APIConnectionError, match="timed out"):
        run_sync(client.v1.customers.create_async({}))

    assert waits.seconds == [20, 20]
    assert len(simulator.ledger().attached) == 2


@pytest.mark.parametrize("after", [False, True])
def test_what_hangs_is_given_up_after_the_clients_time_limit(after: bool, simulator: Simulator) -> None:
    waits = Waits()
    client = waiting_client(simulator, waits)
    simulator.faults.on("*", Fault.hang(after=after), times=2)

    with pytest.raises(stripe.APIConnectionError, match="timed out"):
        client.v1.customers.create({})
    with pytest.raises(stripe.APIConnectionError, match="timed out"):
        run_sync(client.v1.customers.create_async({}))

    assert waits.seconds == [20, 20]
    assert len(simulator.ledger().attached) == (2 if after else 0)


def test_the_pure_way_in_never_waits(simulator: Simulator) -> None:
    simulator.faults.at(1, Fault.hang())
    simulator.faults.at(2, Fault.delay(3600))

    with pytest.raises(ConnectionLost):
        simulator.handle("GET", "/v1/customers", {"Authorization": "Bearer sk_test_x"})
    assert simulator.handle("GET", "/v1/customers", {"Authorization": "Bearer sk_test_x"}).status == 200


def test_the_async_sdk_needs_no_event_loop(simulator: Simulator) -> None:
    client = stripe.StripeClient("sk_test_x", http_client=SimulatorHTTPClient(simulator), max_network_retries=1)
    simulator.faults.on("POST /v1/customers", Fault.lose_request())

    made = run_sync(client.v1.customers.create_async({"name": "Jane"}))

    assert run_sync(client.v1.customers.retrieve_async(made.id)).name == "Jane"


def test_a_request_without_a_key_or_with_a_live_one_is_refused_without_repeating_it(simulator: Simulator) -> None:
    for key in ("", "Bearer ", "Bearer sk_live_51secret", "Basic abc"):
        refused = simulator.handle("GET", "/v1/customers", {"Authorization": key})

        assert refused.status == 401
        assert b"51secret" not in refused.body


def test_an_unknown_path_is_refused_as_stripe_does(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL") as refused:
        client.v1.charges.list()

    assert refused.value.http_status == 404
