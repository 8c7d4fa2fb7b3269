"""Whatever breaks at whichever await on a port, in the end no cent is frozen and no card is half added.

Each scenario is run once clean, which finds its points. Then it is run again for every point and every blow that can
fall there; the process is thrown away, a new one starts, and a worker does what is left while time moves on. Where two
blows leave the very same world behind, one recovery stands for both.
"""

from functools import partial
from typing import Final

import pytest

from accounts_core.model.verification import TAKEOVER_AFTER
from accounts_core.use_cases.effects import LEASE

from .conftest import Tally
from .exploring import Broken, broken, distinct, points, unrecovered
from .invariants import violations
from .restarting import Snapshot, World, survived
from .scenarios import SCENARIOS, Scenario, work_later
from .striking import Blow, Fate, Point

FEWEST_POINTS: Final = 8
"""A scenario that crosses fewer was not watched."""

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


def prepared(scenario: Scenario) -> Snapshot:
    world = World()
    world.register()
    scenario.prepare(world)
    return world.snapshot()


def act(scenario: Scenario, world: World, fate: Fate) -> None:
    scenario.act(world, world.start(fate))


def nobody_comes_back(scenario: Scenario, world: World) -> None:
    """But the provider sends again what was not received."""
    if scenario.comes_anyway is not None:
        scenario.comes_anyway(world, world.start())


def the_person_tries_again(scenario: Scenario, world: World) -> None:
    with survived():
        scenario.act(world, world.start())


def the_person_tries_again_later(scenario: Scenario, world: World) -> None:
    world.clock.advance(TAKEOVER_AFTER)
    the_person_tries_again(scenario, world)


def stay_away(world: World) -> None:
    pass


def dying_after_what_stays(point: Point) -> list[Blow]:
    return [Blow.CRASH_AFTER] if point.is_of_gateway or point.is_commit else []


@each_scenario
def test_a_scenario_that_nothing_happens_to_ends_well(scenario: Scenario) -> None:
    world = World.at(prepared(scenario))
    with survived():
        scenario.act(world, world.start())
    world.recover()

    assert violations(world) == []


@each_scenario
def test_whatever_breaks_the_rest_is_done_later(scenario: Scenario, tally: Tally) -> None:
    def run(world: World, fate: Fate) -> None:
        act(scenario, world, fate)

    start = prepared(scenario)
    found = points(start, run)
    runs = list(broken(start, run))
    worlds = distinct(runs)

    failures = [
        failure
        for each in worlds
        for comes_then in (nobody_comes_back, the_person_tries_again, the_person_tries_again_later)
        for failure in unrecovered(each, partial(comes_then, scenario))
    ]

    assert failures == []
    assert len(found) >= FEWEST_POINTS
    tally.count(points=len(found), runs=len(runs), worlds=len(worlds))


@each_scenario
def test_a_worker_that_dies_in_turn_is_recovered_from_too(scenario: Scenario, tally: Tally) -> None:
    """The first crash is any, the second one is right after something that stays: a provider's call or a commit."""

    def run(world: World, fate: Fate) -> None:
        act(scenario, world, fate)

    def recovery(world: World, fate: Fate) -> None:
        nobody_comes_back(scenario, world)
        world.clock.advance(LEASE)
        world.start(fate).run_due()

    twice = [
        Broken(f"{first.how}; then {second.how}", second.left)
        for first in distinct(broken(prepared(scenario), run))
        for second in broken(first.left, recovery, dying_after_what_stays)
    ]

    assert [failure for each in distinct(twice) for failure in unrecovered(each, stay_away)] == []
    tally.count_second(runs=len(twice))


def test_the_worker_settles_the_races_that_it_loses() -> None:
    """`run_due` raises nothing when somebody else was first at any of its commits."""
    scenario = next(each for each in SCENARIOS if each.act is work_later)

    def run(world: World, fate: Fate) -> None:
        world.clock.advance(LEASE)
        world.start(fate).run_due()
        world.know(first_card="reached")

    races = list(broken(prepared(scenario), run, lambda point: [Blow.CONFLICT] if point.is_commit else []))

    assert len(races) > 3
    assert [race.how for race in races if race.left.known.first_card != "reached"] == []
