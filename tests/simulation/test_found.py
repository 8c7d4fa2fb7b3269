"""What the simulation has found, each as the shortest story that shows it."""

from datetime import timedelta

import pytest
from tests.simulation.backends import MemoryBackend
from tests.simulation.contents import contents
from tests.simulation.environment import PASSWORD, Environment
from tests.simulation.invariants import INVARIANTS, recovery_does_not_wait_for_holds_to_lapse, violations
from tests.simulation.scenarios.cards import MASTERCARD, VISA
from tests.simulation.scenarios.scenario import signed_in, two_people

from accounts_core.testing.builders import NOON
from accounts_core.testing.simulation import PEACE, Explorer, Fault, Scheduler, Script, Task, WorldClock

DAY = timedelta(days=1)
CARDS_ALONE = tuple(each for each in INVARIANTS if each is not recovery_does_not_wait_for_holds_to_lapse)


@pytest.fixture
def env() -> Environment:
    env = Environment(MemoryBackend(), Scheduler(WorldClock(NOON)))
    env.live_through(two_people)
    return env


def verifying_dies_after(env: Environment, call: str, *, clock_is_off: timedelta) -> None:
    """Have Jane's card verified by a process that dies right after this call to the provider."""
    before = env.snapshot()

    def stage(scheduler: Scheduler) -> tuple[Environment, Task]:
        staged = Environment.at(before, env.backend, scheduler)
        process, accounts = staged.start("service", clock_is_off)
        return staged, process.spawn("act", accounts.verify_card(env.jane.id, payment_method=VISA))

    points = Explorer(lambda: WorldClock(before.now), stage, "act").points()
    number = next(place for place, point in enumerate(points, start=1) if point.name == f"gateway.{call}")
    env.backend.load(before.stored)
    process, accounts = env.start("service", clock_is_off)
    process.spawn("act", accounts.verify_card(env.jane.id, payment_method=VISA))
    env.scheduler.decider = Script({("act", number): Fault.CRASH_AFTER})
    env.scheduler.run()
    env.scheduler.decider = PEACE
    assert process.is_dead


@pytest.mark.parametrize("call", ["create_customer", "hold"])
@pytest.mark.parametrize("days", [-1, 0, 1])
def test_a_machine_whose_clock_is_off_by_a_day_leads_to_no_second_hold_and_no_second_customer(
    env: Environment, call: str, days: int
) -> None:
    """Its times say that a key is young which the provider has long forgotten."""
    verifying_dies_after(env, call, clock_is_off=days * DAY)
    env.clock.advance(DAY + timedelta(hours=1))
    env.recover()

    assert len(env.gateway.holds) == 1
    assert len(env.gateway._provider._customers) == 1
    assert [card.card.last4 for card in contents(env).cards[env.jane.id]] == ["4242"]


def test_a_second_card_after_a_day_without_a_worker_makes_no_second_customer(env: Environment) -> None:
    """The first verification came as far as making the customer, under a key that is forgotten by then."""
    verifying_dies_after(env, "create_customer", clock_is_off=timedelta(0))
    env.clock.advance(DAY + timedelta(hours=1))
    env.do(lambda accounts: accounts.verify_card(env.jane.id, payment_method=MASTERCARD))
    env.recover()

    assert len(env.gateway._provider._customers) == 1
    assert violations(env, CARDS_ALONE) == []


def test_signing_out_after_the_account_was_deleted_writes_nothing_of_it_down(env: Environment) -> None:
    env.live_through(signed_in)
    env.do(lambda accounts: accounts.delete_user(env.jane.id, password=PASSWORD))
    env.do(lambda accounts: accounts.sign_out(env.notes["here"].session))
    env.recover()

    assert violations(env) == []


def test_signing_out_twice_is_written_down_once(env: Environment) -> None:
    env.live_through(signed_in)
    for _ in range(2):
        env.do(lambda accounts: accounts.sign_out(env.notes["here"].session))

    assert [entry.action for entry in contents(env).audit].count("signed_out") == 1


def test_a_customer_that_was_deleted_before_it_was_the_users_does_not_stop_a_card(env: Environment) -> None:
    """The key brings the deleted one for a day; the next attempt has another key."""
    verifying_dies_after(env, "create_customer", clock_is_off=timedelta(0))
    (customer,) = env.gateway._provider._customers
    env.gateway._provider.delete_customer(customer)
    env.recover()
    env.do(lambda accounts: accounts.verify_card(env.jane.id, payment_method=VISA))
    env.recover()

    assert violations(env) == []
    assert len(contents(env).cards[env.jane.id]) == 1
