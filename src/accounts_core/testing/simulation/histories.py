"""Random histories from a seed: operations that are started in order and interleaved, with faults."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any, ClassVar, Final

import attrs

from accounts_core.errors import AccountsError

from .clock import WorldClock
from .decisions import PEACE, Chance, Decider
from .faults import Cancelled, Crash
from .plans import Draw, Operation, Plan
from .processes import Task
from .scheduler import Scheduler, Starter, Step
from .shrinking import shrunk

START: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
DRAWS: Final = 5
MOST_DRAWN: Final = 1 << 16


class Violated(AssertionError):
    """A check failed. The message names the check, followed by a colon and the details."""

    @property
    def what(self) -> str:
        return str(self).partition(":")[0]


class Setting:
    """A world with its operations and checks, created for each history.

    Every operation in `weights` is a method that takes a `Draw` for its choices, and either acts at once or spawns a
    task with the draw's name: `self.shop.spawn(draw.task, self.buy_one())`.
    """

    weights: ClassVar[Mapping[str, int]] = {}
    """Relative frequency of each operation, by name."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler

    def check(self) -> None:
        """Check the world while no task is running.

        Raises:
            Violated: A check failed.

        """

    def recover(self) -> None:
        """Complete all pending work without faults after the last operation; a `check` follows."""

    def tally(self) -> Mapping[str, int]:
        """Return counts by name, to be summed over many histories."""
        return {}


@attrs.frozen
class Played:
    """Result of a history; `violated` is the failed check, None if every check held."""

    plan: Plan
    violated: str | None
    what: str | None
    steps: list[Step]
    kills: int
    tally: Mapping[str, int]

    @property
    def faults(self) -> int:
        return sum(step.fault is not None for step in self.steps)

    def schedule(self) -> str:
        """Return the steps as text, one a line."""
        return "\n".join(map(str, self.steps))


@attrs.frozen(kw_only=True)
class Simulation:
    """Plays histories in a setting: `Simulation(make=Shop).play(seed=1)`."""

    make: Callable[[Scheduler], Setting]
    operations: int = 40
    at_once: int = 4
    """Maximum number of concurrent tasks."""
    check_every: int = 8
    """Number of operations between two checks, for which all tasks are completed."""
    start: datetime = START

    def play(self, seed: int) -> Played:
        """Play the history of this seed, which is always the same."""
        random = Random(seed)
        chance = Chance(
            random,
            faults_in=random.choice((0, 15, 40, 40, 120, 400)),
            switches_in=random.choice((1, 2, 3, 10, 1 << 30)),
        )
        setting = self._set(chance)
        weights = {name: weight * random.choice((0, 1, 1, 1, 3)) for name, weight in setting.weights.items()}
        if not any(weights.values()):
            weights = dict(setting.weights)
        names = random.choices(list(weights), weights=list(weights.values()), k=self.operations)
        operations = tuple(
            Operation(number, name, tuple(random.randrange(MOST_DRAWN) for _ in range(DRAWS)))
            for number, name in enumerate(names)
        )
        return self._play(setting, operations, lambda: Plan(operations, chance.faults, chance.switches))

    def replay(self, plan: Plan) -> Played:
        """Play a recorded history, or a part of one."""
        return self._play(self._set(plan.script), plan.operations, lambda: plan)

    def shrink(self, played: Played, *, runs: int = 400) -> Played:
        """Return the smallest history found in which the same check fails."""

        def fails(plan: Plan) -> bool:
            return self.replay(plan).what == played.what

        if played.what is None or not fails(played.plan):
            return played
        return self.replay(shrunk(played.plan, fails, runs=runs))

    def _set(self, decider: Decider) -> Setting:
        return self.make(Scheduler(WorldClock(self.start), decider))

    def _play(self, setting: Setting, operations: tuple[Operation, ...], plan: Callable[[], Plan]) -> Played:
        scheduler = setting.scheduler
        violated = what = None
        try:
            scheduler.run(_Operations(setting, operations, self.at_once, self.check_every))
            scheduler.decider = PEACE
            _look(setting)
            setting.recover()
            _look(setting)
        except Violated as violation:
            violated, what = str(violation), violation.what
        except Exception as error:  # noqa: BLE001  an unexpected error is a finding
            violated, what = f"{type(error).__name__}: {error}", type(error).__name__
        return Played(plan(), violated, what, scheduler.steps, scheduler.kills, setting.tally())


@attrs.define
class _Operations(Starter):
    setting: Setting
    operations: tuple[Operation, ...]
    at_once: int
    check_every: int
    started: int = 0

    def is_ready(self, running: int) -> bool:
        if self.started == len(self.operations):
            return False
        return running == 0 if self._is_to_rest() else running < self.at_once

    def start(self) -> str:
        if self._is_to_rest():
            _look(self.setting)
        operation = self.operations[self.started]
        self.started += 1
        begin: Callable[[Draw], Any] = getattr(self.setting, operation.name)
        begin(Draw(operation))
        return operation.task

    def _is_to_rest(self) -> bool:
        """Return whether a check is due, by the ids of the operations, which shrinking does not change."""
        if not self.started:
            return False
        before, after = (self.operations[place].id // self.check_every for place in (self.started - 1, self.started))
        return before != after


def _look(setting: Setting) -> None:
    scheduler = setting.scheduler
    scheduler.land_all()
    for task in scheduler.ended:
        _check_end(task)
    scheduler.ended.clear()
    decider, scheduler.decider = scheduler.decider, PEACE
    try:
        setting.check()
    finally:
        scheduler.decider = decider


def _check_end(task: Task) -> None:
    if isinstance(task.error, Violated):
        raise task.error
    if task.error is not None and not isinstance(task.error, AccountsError | Crash | Cancelled):
        raise Violated(f"{task.name.partition(':')[2]} ended with {type(task.error).__name__}: {task.error}")
