"""An environment in which users use their accounts, while machines fail, clocks jump and the provider is away."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar, Final

from tests.simulation.backends import MemoryBackend
from tests.simulation.environment import Core, Environment

from accounts_core.errors import AccountsError, ClientError, RateLimitExceeded
from accounts_core.testing.simulation import Draw, Process, Scheduler, Setting

from .facts import End, Fact, Group, Person

PEOPLE: Final = 3
SERVICES: Final = ("service 1", "service 2")
WORKERS: Final = ("worker 1", "worker 2")
LONGEST_ON_THE_WAY: Final = timedelta(seconds=30)
"""How long a request that its caller has given up on may still be under way: clients wait for about as long."""
SPANS: Final = (1, 3, 20, 90, 600, 4000, 30_000, 86_400)
JUMPS: Final = (-86_400, -3600, -60, 0, 0, 60, 3600, 86_400)

Changes = Mapping[Fact, Any]


class History(Setting):
    """Machines, clocks and workers. Others add what people and the provider do, and `Ledger` what has to hold."""

    weights: ClassVar[Mapping[str, int]] = {
        "work": 10,
        "kill": 2,
        "wait": 6,
        "jump": 2,
        "run_cleanup": 1,
        "repair": 2,
    }

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(scheduler)
        self.env = Environment(MemoryBackend(), scheduler)
        self.people = [Person(number) for number in range(PEOPLE)]
        self.groups: list[Group] = []
        self.machines: dict[str, tuple[Process, Core]] = {}
        self.off: dict[str, timedelta] = {}
        self.customers: set[str] = set()
        self.guesses: dict[str, list[Any]] = {}
        self.is_clock_off = False
        self.counts = {"acknowledged": 0, "refused": 0, "in doubt": 0, "settled": 0}

    # ---- machines

    def on(self, machine: str) -> tuple[Process, Core]:
        """Return the process on this machine, started again if it is gone."""
        if machine not in self.machines or self.machines[machine][0].is_dead:
            self.machines[machine] = self.env.start(machine, self.off.get(machine, timedelta(0)))
        return self.machines[machine]

    def spawn(self, draw: Draw, act: Callable[[Core], Any], machines: tuple[str, ...] = SERVICES) -> None:
        process, accounts = self.on(draw.of(machines))
        process.spawn(draw.task, act(accounts))

    def kill(self, draw: Draw) -> None:
        machine = draw.of(SERVICES + WORKERS)
        self.scheduler.note(machine, draw.task, "is killed")
        self.on(machine)[0].kill()

    def work(self, draw: Draw) -> None:
        limit = draw.of((100, 100, 1, 3))
        self.spawn(draw, lambda accounts: accounts.run_due(limit=limit), WORKERS)

    def wait(self, draw: Draw) -> None:
        span = timedelta(seconds=draw.of(SPANS))
        if span > LONGEST_ON_THE_WAY:
            self.scheduler.land_all()
        self.scheduler.note("", draw.task, f"{span} later")
        self.scheduler.clock.advance(span)

    def jump(self, draw: Draw) -> None:
        """Somebody sets a machine's clock."""
        machine, off = draw.of(SERVICES + WORKERS), timedelta(seconds=draw.of(JUMPS))
        self.scheduler.note(machine, draw.task, f"its clock is off by {off.total_seconds():.0f} s now")
        self.is_clock_off |= bool(off)
        self.off[machine] = off
        self.on(machine)[0].clock.off = off

    def repair(self, draw: Draw) -> None:
        self.spawn(draw, lambda accounts: accounts.repair_times(), WORKERS)

    def run_cleanup(self, draw: Draw) -> None:
        self.spawn(draw, lambda accounts: accounts.run_cleanup(), WORKERS)

    # ---- how a change ends

    async def change(self, changes: Changes, call: Callable[[], Awaitable[Any]]) -> Any:
        """Ask for a change; note what is known of it afterwards. Raises what the call does."""
        for fact in changes:
            fact.begin()
        end = End.IN_DOUBT
        try:
            result = await call()
            end = End.DONE
            return result
        except (ClientError, RateLimitExceeded):
            end = End.REFUSED
            raise
        except AccountsError:
            if not self.scheduler.current.commits:
                end = End.REFUSED  # nothing was ever to be committed
            raise
        finally:
            self.counts[{End.DONE: "acknowledged", End.REFUSED: "refused", End.IN_DOUBT: "in doubt"}[end]] += 1
            for fact, value in changes.items():
                fact.end(value, end)

    def someone(self, draw: Draw, *, account: str = "active") -> Person | None:
        """Choose somebody whose account may be in this state."""
        known = [each for each in self.people if account in each.account.possible and each.known_id is not None]
        return draw.of(known) if known else None
