"""Every fault at every await of every use case, then recovery, then the invariants."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

import attrs

from accounts_core.errors import AccountsError
from accounts_core.model.verification import TAKEOVER_AFTER
from accounts_core.services.outbox_writer import LEASE
from accounts_core.testing.simulation import (
    Cancelled,
    Crash,
    ExploredRun,
    Explorer,
    Fault,
    Point,
    Scheduler,
    Task,
    WorldClock,
    faults_at,
)

from .backends import Backend
from .contents import essence
from .environment import Act, Core, Environment, Snapshot
from .invariants import violations
from .scenarios import Scenario
from .scenarios.scenario import DONE
from .tally import Noted, Take, Tally, every

ACT: Final = "act"
AGAIN: Final = "the same in another process"
WORKER: Final = "a worker, while this process sleeps,"


@attrs.frozen
class Left:
    """An environment that a broken run left; `ending` is how its caller saw it end, None for never."""

    how: str
    snapshot: Snapshot
    ending: str | None
    is_alone: bool = True
    """Whether nobody came between."""


@attrs.frozen
class Matrix:
    """One scenario on one backend."""

    scenario: Scenario
    backend: Backend
    tally: Tally = attrs.field(factory=lambda: Tally(scenarios=1))
    _essences: dict[str, Any] = attrs.field(factory=dict)

    # ---- breaking it

    def single(self, take: Take = every) -> list[Left]:
        """Break the act in every way that is taken, and return the different environments that are left."""
        start = self._prepared()
        explorer = self._explorer(start, self.scenario.act)
        points = explorer.points()
        self.tally.awaits += len(points)
        self._foresee(explorer, start)
        ways = [(explorer, how, script) for how, script in explorer.breakages(points, self._faults)]
        for name, act in ((AGAIN, self.scenario.act), (WORKER, _work)):
            rival = self._explorer(start, self.scenario.act, (name, act))
            ways += [(rival, how, script) for how, script in rival.overtakings(points, name, self._is_open_to_others)]
        self.tally.modes += len(ways)
        taken = [way for number, way in enumerate(ways) if take(number)]
        return self._different(self._left(by.run(how, script), is_alone=by is explorer) for by, how, script in taken)

    def points(self) -> list[Point]:
        """Run the act clean, and return the points that it comes to."""
        return self._explorer(self._prepared(), self.scenario.act).points()

    def ran(self, faults: Callable[[Point], Iterable[Fault]]) -> Iterator[tuple[str, ExploredRun[Environment]]]:
        """Break the act with these faults, and yield how, and the run."""
        explorer = self._explorer(self._prepared(), self.scenario.act)
        for how, script in explorer.breakages(explorer.points(), faults):
            yield how, explorer.run(how, script)

    def double(self, first: Left, take: Take = every) -> list[Left]:
        """Break the recovery from a broken run in every way that leaves another environment, and return these."""
        explorer = self._explorer(first.snapshot, self._recovery)
        ways = list(explorer.breakages(explorer.points(), self._second_faults))
        self.tally.modes += len(ways)
        taken = [way for number, way in enumerate(ways) if take(number)]
        return self._different(
            attrs.evolve(
                self._left(explorer.run(f"{first.how}; then {how}", script)),
                ending=first.ending,
                is_alone=first.is_alone,
            )
            for how, script in taken
        )

    def _left(self, ran: ExploredRun[Environment], *, is_alone: bool = True) -> Left:
        self.tally.runs += 1
        self.tally.kills += ran.world.scheduler.kills
        self._check_ending(ran.how, ran.task)
        ending = _ending(ran.task)
        if ending is None:
            self.tally.in_doubt += 1
        else:
            self.tally.acknowledged += 1
        return Left(ran.how, ran.world.snapshot(), ending, is_alone)

    def _check_ending(self, how: str, task: Task) -> None:
        error = task.error
        if error is not None and not isinstance(error, AccountsError | Crash | Cancelled):
            self.tally.violations.append(f"{self._name}: {how}: it ended with {error!r}")

    def _different(self, runs: Iterable[Left]) -> list[Left]:
        """Leave out the runs that left the very same environment as one before: what comes then is the same, too."""
        seen: dict[object, Left] = {}
        env = Environment.begin(self.backend)
        for each in runs:
            seen.setdefault((env.trace(each.snapshot), each.ending, each.is_alone), each)
        self.tally.states += len(seen)
        return list(seen.values())

    # ---- recovering

    def check(self, left: Left) -> None:
        """Recover in each of the three ways, and note what does not hold then."""
        for comes_then in (self._nobody_comes_back, self._the_person_tries_again, self._again_later):
            self.tally.recoveries += 1
            env = Environment.at(left.snapshot, self.backend, policy=self.scenario.policy)
            comes_then(env)
            env.recover()
            found = violations(env)
            if comes_then == self._nobody_comes_back:
                found += self._halves(left, env)
            self.tally.violations += [f"{self._name}: {left.how}: {comes_then.__name__}: {each}" for each in found]

    def check_second(self, left: Left) -> None:
        """Recover once more, with nobody coming back."""
        self.tally.recoveries += 1
        env = Environment.at(left.snapshot, self.backend, policy=self.scenario.policy)
        self._nobody_comes_back(env)
        env.recover()
        found = violations(env) + self._halves(left, env)
        self.tally.violations += [f"{self._name}: {left.how}: {each}" for each in found]

    def _nobody_comes_back(self, env: Environment) -> None:
        """But the provider sends again what was not received."""
        if self.scenario.comes_anyway is not None:
            env.live_through(self.scenario.comes_anyway)

    def _the_person_tries_again(self, env: Environment) -> None:
        with suppress(AccountsError):
            env.live_through(self.scenario.act)

    def _again_later(self, env: Environment) -> None:
        env.clock.advance(TAKEOVER_AFTER)
        self._the_person_tries_again(env)

    # ---- all of it or nothing

    def _foresee(self, explorer: Explorer[Environment], start: Snapshot) -> None:
        """Find out what there is in the end when the act never began, and when nothing happened to it."""
        never = Environment.at(start, self.backend, policy=self.scenario.policy)
        never.recover()
        self._essences["never"] = essence(never)
        clean = explorer.run("clean")
        self._check_ending("clean", clean.task)
        clean.world.recover()
        self._essences["clean"] = essence(clean.world)
        self._essences["ending"] = ending = _ending(clean.task)
        if ending != self.scenario.ending:
            self.tally.violations.append(f"{self._name}: clean: it ended with {ending}, not {self.scenario.ending}")
        self.tally.violations += [f"{self._name}: clean: {each}" for each in violations(clean.world)]

    def _halves(self, left: Left, env: Environment) -> list[str]:
        """What was acknowledged has to be there; what was not may be, but then all of it."""
        if not self.scenario.in_one_step or not left.is_alone:
            return []
        found, never, clean = essence(env), self._essences["never"], self._essences["clean"]
        if _is_refused(found) and not _is_refused(clean):  # as what the provider keeps failing at is, in the end
            found, never = ({**each, "trail": None, "users": None} for each in (found, never))
        if found == clean or (left.ending != self._essences["ending"] and found == never):
            return []
        differing = [
            f"{name} is {found[name]}, was {never[name]}, and would have been {clean[name]}"
            for name in found
            if not found[name] == never[name] == clean[name]
        ]
        return [f"neither all nor nothing, as it ended with {left.ending}: {'; '.join(differing)}"]

    # ---- details

    @property
    def _name(self) -> str:
        return f"{self.backend.name}: {self.scenario.name}"

    def _prepared(self) -> Snapshot:
        env = Environment.begin(self.backend)
        env.live_through(self.scenario.prepare)
        env.notes["began"] = env.clock.now()
        return env.snapshot()

    def _explorer(self, start: Snapshot, act: Act, rival: tuple[str, Act] | None = None) -> Explorer[Environment]:
        def stage(scheduler: Scheduler) -> tuple[Environment, Task]:
            env = Environment.at(start, self.backend, scheduler, policy=self.scenario.policy)
            process, accounts = env.start("service")
            task = process.spawn(ACT, act(env, Noted(accounts, self.tally.calls)))  # type: ignore[arg-type]  # a double
            if rival is not None:
                other, others = env.start("another")
                other.spawn(rival[0], rival[1](env, others))
            return env, task

        return Explorer(lambda: WorldClock(start.now), stage, ACT)

    async def _recovery(self, env: Environment, accounts: Core) -> None:
        if self.scenario.comes_anyway is not None:
            await self.scenario.comes_anyway(env, accounts)
        env.clock.advance(LEASE)
        await accounts.run_due()

    def _faults(self, point: Point) -> list[Fault]:
        """Where a commit that is under way makes everybody wait, one that comes late is one that does not say so."""
        return [
            each for each in faults_at(point) if not (each is Fault.LATE and point.is_commit and self.backend.waits)
        ]

    def _second_faults(self, point: Point) -> list[Fault]:
        """Leave out what leaves the same environment.

        Between two things that last nothing does: to crash there is to crash after the first. What fails within a unit
        of work fails it as if it had not begun.
        """
        if point.lasts:
            return self._faults(point)
        return [] if point.in_unit else [Fault.FAIL, Fault.CANCEL_BEFORE]

    def _is_open_to_others(self, point: Point) -> bool:
        return not (self.backend.waits and point.in_unit)


def _is_refused(found: dict[str, Any]) -> bool:
    return any(action == "card_rejected" for (_, action), _ in found["trail"])


async def _work(env: Environment, accounts: Core) -> object:
    env.clock.advance(LEASE)
    return await accounts.run_due()


def _ending(task: Task) -> str | None:
    """Say how the caller saw it end: done, refused and why, or not at all."""
    if task.error is None:
        return DONE
    if isinstance(task.error, Crash | Cancelled):
        return None
    return type(task.error).__name__


def explored(scenario: Scenario, backend: Backend, take: Take = every) -> Tally:
    """Break a scenario once in every way that is taken, and recover."""
    matrix = Matrix(scenario, backend)
    for left in matrix.single(take):
        matrix.check(left)
    return matrix.tally


def explored_twice(scenario: Scenario, backend: Backend, take: Take = every, first: Take = every) -> Tally:
    """Break a scenario in every way, then its recovery in every way that is taken, and recover once more.

    With `first`, only the environments of the first fault that it takes are gone on from.
    """
    matrix = Matrix(scenario, backend)
    envs = [each for number, each in enumerate(matrix.single()) if first(number)]
    matrix.tally.runs = matrix.tally.modes = matrix.tally.kills = matrix.tally.states = 0
    for once in envs:
        for twice in matrix.double(once, take):
            matrix.check_second(twice)
    return matrix.tally
