import pytest
import stripe
from tests.unit.stripe_simulator.driving import Driver

from accounts_memory import ManualClock, SequenceSecrets
from accounts_stripe_simulator import Simulator, State
from accounts_stripe_simulator.state import CUSTOMER, Answer, Record, Transaction


class Broken(Exception):
    pass


def add_and_break(transaction: Transaction, id: str) -> None:
    transaction.add(Record(CUSTOMER, {"id": id, "created": 1}))
    transaction.add_answer("key", Answer("request", 200, "{}"), expires=10)
    raise Broken


def test_a_transaction_that_fails_leaves_nothing() -> None:
    state = State.in_memory()

    with pytest.raises(Broken), state.transaction() as transaction:
        add_and_break(transaction, "cus_1")

    with state.transaction() as transaction:
        assert transaction.find(CUSTOMER, "cus_1") is None
        assert transaction.find_answer("key", now=1) is None
    state.close()


def test_what_is_taken_back_inside_a_transaction_leaves_the_rest() -> None:
    state = State.in_memory()

    with state.transaction() as transaction:
        transaction.add(Record(CUSTOMER, {"id": "cus_1", "created": 1}))
        with pytest.raises(Broken), transaction.savepoint():
            add_and_break(transaction, "cus_2")

    with state.transaction() as transaction:
        assert [record.id for record in transaction.list_newest_first(CUSTOMER)] == ["cus_1"]
        assert transaction.find_answer("key", now=1) is None
    state.close()


def test_two_simulators_on_one_state_are_one_stripe(clock: ManualClock) -> None:
    state = State.in_memory()
    first, second = (Simulator(clock, SequenceSecrets(seed), state=state) for seed in range(2))
    headers = {"Authorization": "Bearer sk_test_x", "Idempotency-Key": "key"}

    made = first.handle("POST", "/v1/customers", headers, {"name": "Jane"})
    again = second.handle("POST", "/v1/customers", headers, {"name": "Jane"})

    assert again.json()["id"] == made.json()["id"]
    assert again.headers["idempotent-replayed"] == "true"
    state.close()


def test_everything_is_the_same_in_every_run(clock: ManualClock, driver: Driver, simulator: Simulator) -> None:
    other = Simulator(clock, SequenceSecrets())
    jane = driver.customer()
    headers = {"Authorization": "Bearer sk_test_x"}

    assert other.handle("POST", "/v1/customers", headers).json()["id"] == jane
    assert other.ledger() == simulator.ledger()


def test_a_state_that_is_out_of_reach_leaves_whoever_asks_in_the_dark(simulator: Simulator, driver: Driver) -> None:
    simulator.close()

    with pytest.raises(stripe.APIConnectionError, match="out of reach"):
        driver.customer(name="Jane")
