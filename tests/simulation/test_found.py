"""What the simulation has found, each as the shortest story that shows it."""

from datetime import timedelta

import pytest
from tests.simulation.backends import MemoryBackend
from tests.simulation.contents import contents
from tests.simulation.invariants import INVARIANTS, recovery_does_not_wait_for_holds_to_lapse, violations
from tests.simulation.scenarios.cards import MASTERCARD, VISA
from tests.simulation.scenarios.scenario import signed_in, two_people
from tests.simulation.world import PASSWORD, World

from accounts_core.testing.builders import NOON
from accounts_core.testing.simulation import PEACE, Explorer, Fault, Scheduler, Script, Task, WorldClock

DAY = timedelta(days=1)
CARDS_ALONE = tuple(each for each in INVARIANTS if each is not recovery_does_not_wait_for_holds_to_lapse)


@pytest.fixture
def world() -> World:
    world = World(MemoryBackend(), Scheduler(WorldClock(NOON)))
    world.live_through(two_people)
    return world


def verifying_dies_after(world: World, call: str, *, clock_is_off: timedelta) -> None:
    """Have Jane's card verified by a process that dies right after this call to the provider."""
    before = world.snapshot()

    def stage(scheduler: Scheduler) -> tuple[World, Task]:
        staged = World.at(before, world.backend, scheduler)
        process, accounts = staged.start("service", clock_is_off)
        return staged, process.spawn("act", accounts.verify_card(world.jane.id, payment_method=VISA))

    points = Explorer(lambda: WorldClock(before.now), stage, "act").points()
    number = next(place for place, point in enumerate(points, start=1) if point.name == f"gateway.{call}")
    world.backend.load(before.stored)
    process, accounts = world.start("service", clock_is_off)
    process.spawn("act", accounts.verify_card(world.jane.id, payment_method=VISA))
    world.scheduler.decider = Script({("act", number): Fault.CRASH_AFTER})
    world.scheduler.run()
    world.scheduler.decider = PEACE
    assert process.is_dead


@pytest.mark.parametrize("call", ["create_customer", "hold"])
@pytest.mark.parametrize("days", [-1, 0, 1])
def test_a_machine_whose_clock_is_off_by_a_day_leads_to_no_second_hold_and_no_second_customer(
    world: World, call: str, days: int
) -> None:
    """Its times say that a key is young which the provider has long forgotten."""
    verifying_dies_after(world, call, clock_is_off=days * DAY)
    world.clock.advance(DAY + timedelta(hours=1))
    world.recover()

    assert len(world.gateway.holds) == 1
    assert len(world.gateway._provider._customers) == 1
    assert [card.card.last4 for card in contents(world).cards[world.jane.id]] == ["4242"]


def test_a_second_card_after_a_day_without_a_worker_makes_no_second_customer(world: World) -> None:
    """The first verification came as far as making the customer, under a key that is forgotten by then."""
    verifying_dies_after(world, "create_customer", clock_is_off=timedelta(0))
    world.clock.advance(DAY + timedelta(hours=1))
    world.do(lambda accounts: accounts.verify_card(world.jane.id, payment_method=MASTERCARD))
    world.recover()

    assert len(world.gateway._provider._customers) == 1
    assert violations(world, CARDS_ALONE) == []


def test_signing_out_after_the_account_was_deleted_writes_nothing_of_it_down(world: World) -> None:
    world.live_through(signed_in)
    world.do(lambda accounts: accounts.delete_user(world.jane.id, password=PASSWORD))
    world.do(lambda accounts: accounts.sign_out(world.notes["here"].session))
    world.recover()

    assert violations(world) == []


def test_signing_out_twice_is_written_down_once(world: World) -> None:
    world.live_through(signed_in)
    for _ in range(2):
        world.do(lambda accounts: accounts.sign_out(world.notes["here"].session))

    assert [entry.action for entry in contents(world).audit].count("signed_out") == 1


def test_a_customer_that_was_deleted_before_it_was_the_users_does_not_stop_a_card(world: World) -> None:
    """The key brings the deleted one for a day; the next attempt has another key."""
    verifying_dies_after(world, "create_customer", clock_is_off=timedelta(0))
    (customer,) = world.gateway._provider._customers
    world.gateway._provider.delete_customer(customer)
    world.recover()
    world.do(lambda accounts: accounts.verify_card(world.jane.id, payment_method=VISA))
    world.recover()

    assert violations(world) == []
    assert len(contents(world).cards[world.jane.id]) == 1
