"""Every await of a task is found, and everything goes wrong at each of them."""

from tests.unit.core.simulation.shop import Bank

from accounts_core.errors import ProviderError
from accounts_core.testing.builders import NOON
from accounts_core.testing.simulation import Explorer, Fault, Port, Scheduler, Task, WorldClock, faults_at, watched


async def pay_twice(bank: Bank) -> None:
    for order in ("a", "b"):
        await bank.take(order, key=order)


def stage(scheduler: Scheduler) -> tuple[Bank, Task]:
    bank, process, other = Bank(), scheduler.process("shop"), scheduler.process("another")
    task = process.spawn("pay", pay_twice(watched(process, bank, Port.GATEWAY)))
    other.spawn("rival", watched(other, bank, Port.GATEWAY).take("rival"))
    return bank, task


EXPLORER = Explorer(lambda: WorldClock(NOON), stage, "pay")


def test_the_points_are_found_by_running_it() -> None:
    assert [point.name for point in EXPLORER.points()] == ["gateway.take", "gateway.take"]


def test_everything_goes_wrong_at_each_point_and_what_is_late_comes_at_two_moments() -> None:
    ways = list(EXPLORER.breakages(EXPLORER.points()))

    assert len(ways) == 2 * (len(set(Fault) - {Fault.CONFLICT}) + 1)
    assert len({how for how, _ in ways}) == len(ways)


def test_each_way_strikes_where_it_says() -> None:
    points = EXPLORER.points()
    for how, script in EXPLORER.breakages(points):
        ran = EXPLORER.run(how, script)
        (((_, number), fault),) = script.faults.items()

        assert fault in faults_at(points[number - 1])
        if fault is not Fault.REPEATED:
            assert ran.task.error is not None, how
        if fault is Fault.FAIL:
            assert isinstance(ran.task.error, ProviderError)
            assert len(ran.world.taken) == number


def test_a_rival_comes_between_at_each_point() -> None:
    ways = [EXPLORER.run(how, script) for how, script in EXPLORER.overtakings(EXPLORER.points(), "rival")]

    assert [ran.world.taken for ran in ways] == [["rival", "a", "b"], ["a", "rival", "b"]]
