"""A simulation finds the bug of a shop, plays it again from its seed and from its plan, and tells it in few lines."""

from collections.abc import Mapping
from typing import ClassVar

import pytest
from tests.unit.core.simulation.shop import CarefulShop, Shop

from accounts_core.testing.simulation import Operation, Plan, Played, Setting, Simulation

SEEDS = range(60)


def first_violated(simulation: Simulation) -> Played:
    return next(played for seed in SEEDS if (played := simulation.play(seed)).violated)


def test_one_seed_is_one_history() -> None:
    for seed in SEEDS:
        once, again = (Simulation(make=Shop).play(seed) for _ in range(2))

        assert once == again


def test_different_seeds_are_different_histories() -> None:
    schedules = {Simulation(make=Shop).play(seed).schedule() for seed in SEEDS}

    assert len(schedules) > len(SEEDS) * 0.8


def test_a_bug_is_found() -> None:
    assert first_violated(Simulation(make=Shop)).what == "An order is paid for once"


def test_without_the_bug_nothing_is_found() -> None:
    played = [Simulation(make=CarefulShop).play(seed) for seed in SEEDS]

    assert [each.violated for each in played if each.violated] == []
    assert sum(each.faults for each in played) > 30
    assert sum(each.tally["paid"] for each in played) > 30


@pytest.mark.parametrize("seed", SEEDS)
def test_a_plan_plays_the_same_again(seed: int) -> None:
    played = Simulation(make=Shop).play(seed)

    again = Simulation(make=Shop).replay(Plan.loads(played.plan.dumps()))

    assert (again.violated, again.steps) == (played.violated, played.steps)


def test_what_fails_is_shrunk_to_what_it_takes() -> None:
    simulation = Simulation(make=Shop)

    shrunk = simulation.shrink(first_violated(simulation))

    assert shrunk.what == "An order is paid for once"
    assert shrunk.plan.size == (1, 1, 0)
    assert len(shrunk.steps) <= 3


def test_a_history_in_which_everything_holds_is_not_shrunk() -> None:
    simulation = Simulation(make=CarefulShop)
    played = simulation.play(1)

    assert simulation.shrink(played) is played


def test_shrinking_is_bounded() -> None:
    played_times = 0

    class CountedShop(Shop):
        def check(self) -> None:
            nonlocal played_times
            played_times += len(self.scheduler.steps) == 0
            super().check()

    simulation = Simulation(make=CountedShop)
    played = first_violated(simulation)
    played_times = 0

    simulation.shrink(played, runs=5)

    assert played_times <= 8


def test_a_schedule_says_when_who_did_what_and_what_went_wrong() -> None:
    simulation = Simulation(make=Shop)

    lines = simulation.shrink(first_violated(simulation)).schedule().splitlines()

    assert any("shop" in line and "bank.take  <- it " in line for line in lines)
    assert all(line.startswith("03-01 12:00:00") for line in lines)


def test_what_a_program_does_not_expect_is_a_finding() -> None:
    class Broken(Setting):
        weights: ClassVar[Mapping[str, int]] = {"fall": 1}

        def fall(self, draw: object) -> None:
            raise ZeroDivisionError("by nothing")

    played = Simulation(make=Broken).replay(Plan((Operation(0, "fall"),)))

    assert played.violated == "ZeroDivisionError: by nothing"
