"""Whatever breaks at whichever await on a port of whichever use case, in the end everything holds.

In memory all of it is run; of second faults in the recovery, and on the databases, which `make long` has, a part that
is the same each time. `make simulate` runs the rest.
"""

from collections.abc import Iterator

import pytest
from tests.integration.postgres import PostgresServer
from tests.simulation import backends
from tests.simulation.backends import Backend, MemoryBackend
from tests.simulation.exhaustive import Matrix, explored, explored_twice
from tests.simulation.races import raced
from tests.simulation.scenarios import SCENARIOS, Scenario
from tests.simulation.tally import Take, Tally

from accounts_core import Accounts
from accounts_core.facade import methods
from accounts_core.testing.simulation import Fault

DATABASE_SCENARIOS = 7
DATABASE_SAMPLE = 13
FIRST_SAMPLE = 8
SECOND_SAMPLE = 7
PROVEN = {
    "signing in": ["changing the password", "resetting the password", "deactivating", "deleting"],
    "changing the password": ["changing the password"],
    "deleting": ["changing the password", "verifying a card", "John handing the team over"],
}
"""What a password lets one do, and what may come between its proof and that."""


def one_in(many: int, before: int) -> Take:
    """Take one run in so many, counted over all scenarios, so that it is another one in each."""
    return lambda number: (before + number) % many == 0


each_scenario = pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(scenario, id=scenario.name, marks=[pytest.mark.long] if number % 3 else [])
        for number, scenario in enumerate(SCENARIOS)
    ],
)
"""Two of three are left to `make long`."""


@pytest.fixture(scope="module", params=[pytest.param(kind, marks=pytest.mark.long) for kind in ("sqlite", "postgres")])
def database(request: pytest.FixtureRequest, postgres_server: PostgresServer) -> Iterator[Backend]:
    opened = backends.sqlite() if request.param == "sqlite" else backends.postgres(postgres_server)
    with opened as backend:
        yield backend


@each_scenario
def test_every_fault_at_every_await_is_recovered_from(scenario: Scenario) -> None:
    tally = explored(scenario, MemoryBackend())

    assert tally.violations == []
    assert tally.runs == tally.modes >= 14


def test_every_use_case_has_a_scenario() -> None:
    """What the scenarios call, run clean, is everything that there is."""
    called = Tally()
    for scenario in SCENARIOS:
        matrix = Matrix(scenario, MemoryBackend())
        matrix.points()
        called.add(matrix.tally)

    assert called.calls - {"policy"} == methods(Accounts).keys() - {"stream_personal_data"}  # the export reads it


def test_a_part_of_all_faults_is_recovered_from_on_a_database(database: Backend) -> None:
    total = Tally()
    for scenario in SCENARIOS[::DATABASE_SCENARIOS]:
        before = total.modes
        total.add(explored(scenario, database, one_in(DATABASE_SAMPLE, before)))

    assert total.violations == []
    assert total.runs > total.modes / DATABASE_SAMPLE - 2


@pytest.mark.long
def test_a_part_of_all_second_faults_is_recovered_from() -> None:
    total = Tally()
    for scenario in SCENARIOS[1::5]:
        before = total.modes
        first = one_in(FIRST_SAMPLE, before)
        total.add(explored_twice(scenario, MemoryBackend(), one_in(SECOND_SAMPLE, before), first))

    assert total.violations == []
    assert total.runs > 100


@pytest.mark.parametrize(
    "first", ["renaming", "choosing the newest", "ending all sessions", "removing the newest", "syncing"]
)
def test_whatever_comes_between_it_is_as_if_one_came_after_the_other(first: str) -> None:
    tally = raced("with cards", first, MemoryBackend())

    assert tally.violations == []
    assert tally.runs == tally.modes > 50


@pytest.mark.parametrize("second", ["renaming", "moving", "deleting", "deleting, and a worker", "a decline"])
def test_what_comes_between_while_a_first_card_is_verified(second: str) -> None:
    """The customer is made in the middle of it, and has to hear of what changes meanwhile."""
    tally = raced("with none", "verifying a card", MemoryBackend(), [second])

    assert tally.violations == []
    assert tally.runs == tally.modes > 50


@pytest.mark.parametrize("first", PROVEN)
def test_what_was_proven_a_moment_ago_is_proven_still(first: str) -> None:
    tally = raced("with cards", first, MemoryBackend(), PROVEN[first])

    assert tally.violations == []
    assert tally.runs == tally.modes > 5


@pytest.mark.parametrize(
    ("first", "second"),
    [("removing the only card", "verifying a card"), ("verifying a card", "removing the only card")],
    ids=["removing", "verifying"],
)
def test_the_only_card_is_removed_while_another_is_verified(first: str, second: str) -> None:
    tally = raced("with one", first, MemoryBackend(), [second])

    assert tally.violations == []
    assert tally.runs == tally.modes > 5


def test_two_who_verify_one_card_at_once_verify_it_once() -> None:
    both = "verifying a browser's card"
    tally = raced("with none", both, MemoryBackend(), [both])

    assert tally.violations == []
    assert tally.runs == tally.modes > 50


def test_the_worker_settles_the_races_that_it_loses() -> None:
    """`run_due` raises nothing when somebody else was first at any of its commits."""
    scenario = next(each for each in SCENARIOS if each.name == "the worker going on after a lost hold")
    matrix = Matrix(scenario, MemoryBackend())
    races = [
        (how, ran.task.error) for how, ran in matrix.ran(lambda point: [Fault.CONFLICT] if point.is_commit else [])
    ]

    assert len(races) > 3
    assert [how for how, error in races if error is not None] == []
