"""An environment that outlives its processes: stored rows and the provider's objects stay when a process is gone."""

from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias, TypeVar

import attrs
from tests.customers import CUSTOMER

from accounts_core import Accounts, MailDispatch, Policy, run_sync
from accounts_core.errors import NotFound
from accounts_core.model import OutboxJob, User, UserId
from accounts_core.ports.payment_gateway import HoldStatus
from accounts_core.ports.store import UnitOfWork
from accounts_core.testing.builders import NOON
from accounts_core.testing.simulation import Port, Process, Scheduler, WorldClock, watched, watched_store
from accounts_core.use_cases.cards.verify_card import ActionRequired, VerificationResult
from accounts_memory import MemoryGateway, MemoryMailer, PlainHasher, SequenceSecrets

from .backends import Backend, plain

R = TypeVar("R")

Core: TypeAlias = Accounts[Any, UnitOfWork]
Act: TypeAlias = Callable[["Environment", Core], Coroutine[Any, Any, object]]

PASSWORD: Final = "correct horse battery staple"
OTHER_PASSWORD: Final = "an entirely different one"
JANE: Final = "jane@example.org"
JOHN: Final = "john@example.org"

MOST_ROUNDS: Final = 200
"""More rounds of a worker than any recovery takes."""


@attrs.frozen
class Snapshot:
    """An environment as it stands. Two that are equal go on equally, but for the ids that are made from now on."""

    generation: int
    now: datetime
    stored: Any
    provider: dict[str, Any]
    answers: dict[str, Any]
    kept_failures: frozenset[str]
    delivered: tuple[Any, ...]
    notes: dict[str, Any]


class Environment:
    """Everything outside the processes, and the processes that come and go in it. `notes` is what people remember."""

    def __init__(
        self, backend: Backend, scheduler: Scheduler, *, generation: int = 0, policy: Policy | None = None
    ) -> None:
        self.backend = backend
        self.scheduler = scheduler
        self.clock = scheduler.clock
        self.generation = generation
        self.policy = policy
        self.secrets = SequenceSecrets(generation)
        self.gateway = MemoryGateway(clock=self.clock, secrets=self.secrets)
        self.mailer = MemoryMailer()
        self.hasher = PlainHasher()
        self.notes: dict[str, Any] = {"told": ()}
        self._processes = 0

    # ---- going back

    @classmethod
    def begin(cls, backend: Backend, *, policy: Policy | None = None) -> "Environment":
        """Make an empty environment."""
        backend.clear()
        return cls(backend, Scheduler(WorldClock(NOON)), policy=policy)

    @classmethod
    def at(
        cls,
        snapshot: Snapshot,
        backend: Backend,
        scheduler: Scheduler | None = None,
        *,
        policy: Policy | None = None,
    ) -> "Environment":
        """Make an environment that continues from a snapshot. The ids that it makes are new ones."""
        env = cls(
            backend, scheduler or Scheduler(WorldClock(snapshot.now)), generation=snapshot.generation + 1, policy=policy
        )
        env.backend.load(snapshot.stored)
        for name, collection in snapshot.provider.items():
            setattr(env.gateway._provider, name, collection.copy())
        env.gateway._calls._answers.update(snapshot.answers)
        env.scheduler.kept_failures.update(snapshot.kept_failures)
        env.mailer.delivered.extend(snapshot.delivered)
        env.notes = dict(snapshot.notes)
        return env

    def snapshot(self) -> Snapshot:
        provider = vars(self.gateway._provider)
        return Snapshot(
            generation=self.generation,
            now=self.clock.now(),
            stored=self.backend.save(),
            provider={name: each.copy() for name, each in provider.items() if isinstance(each, dict | set)},
            answers=dict(self.gateway._calls._answers),
            kept_failures=frozenset(self.scheduler.kept_failures),
            delivered=tuple(self.mailer.delivered),
            notes=dict(self.notes),
        )

    def trace(self, snapshot: Snapshot) -> bytes:
        """Return something that is the same for two snapshots only when they are the same."""
        rest = attrs.asdict(snapshot, recurse=False) | {"stored": None, "kept_failures": sorted(snapshot.kept_failures)}
        return self.backend.trace(snapshot.stored) + plain(rest)

    # ---- processes

    def start(self, name: str = "", off: timedelta = timedelta(0)) -> tuple[Process, Core]:
        """Start a process on this environment."""
        self._processes += 1
        process = self.scheduler.process(name or f"process {self._processes}", off=off)
        return process, self.accounts(process)

    def accounts(self, process: Process) -> Core:
        return Accounts(
            mail_dispatch=MailDispatch.WORKER,
            store=watched_store(process, self.backend.store),
            payments=watched(process, self.gateway, Port.GATEWAY),
            passwords=watched(process, self.hasher, Port.HASHER),
            mailer=watched(process, self.mailer, Port.MAILER),
            limits=watched(process, self.backend.limits, Port.LIMITS),
            clock=process.clock,
            secrets=self.secrets,
            policy=self.policy,
            profile_type=CUSTOMER,
        )

    def do(self, act: Callable[[Core], Awaitable[R]]) -> R:
        """Do something now, in a process of its own, with nothing in the way."""
        process, accounts = self.start()

        async def doing() -> R:
            return await act(accounts)

        return process.call(doing())

    def live_through(self, act: Act) -> None:
        """Do as `do` does, for what takes the environment along."""
        self.do(lambda accounts: act(self, accounts))

    # ---- what people do

    @property
    def jane(self) -> User:
        jane: User = self.notes["jane"]
        return jane

    async def verify(self, accounts: Core, token: str) -> str | None:
        """Verify a card of Jane's, and remember the answer; return the card's id where it is verified."""
        answer = await accounts.verify_card(self.jane.id, payment_method=token)
        self.notes["told"] += (answer,)
        return answer.payment_method if isinstance(answer, VerificationResult) else None

    async def have(self, accounts: Core, token: str) -> str:
        """Give Jane a verified card, and return its id."""
        card = await self.verify(accounts, token)
        assert card is not None
        self.clock.advance(timedelta(seconds=1))
        return card

    def mailed(self, purpose: str, to: str | None = None) -> str:
        """Return the token of the newest mail with this purpose."""
        return next(
            notice.values["token"]
            for notice in reversed(self.mailer.delivered)
            if notice.kind == purpose and to in {None, notice.to.address}
        )

    def answer_challenge(self, *, succeed: bool = True) -> None:
        """Jane proves herself to her bank, or fails to, if she is asked to."""
        for hold in self.gateway.open_holds():
            if hold.status is HoldStatus.CHALLENGED:
                assert hold.id is not None
                self.gateway.authenticate(hold.id, succeed)

    # ---- recovering

    def outbox(self) -> list[OutboxJob]:
        async def read() -> list[OutboxJob]:
            async with self.backend.store.reader() as reader:
                return list(await reader.outbox.list(limit=10_000))

        return run_sync(read())

    def recover(self) -> None:
        """Let a worker do what is left, moving time on to whatever is due next, until nothing is."""
        for _ in range(MOST_ROUNDS):
            waiting = [job.due for job in self.outbox() if job.dead_lettered_at is None]
            if not waiting:
                return
            self.clock.advance(max(min(waiting) - self.clock.now(), timedelta(0)))
            self.do(lambda accounts: accounts.run_due())
        raise AssertionError(f"The worker comes to no end: {self.outbox()}")

    def find_user(self, id: UserId) -> User | None:
        """Return a user as stored now; None for one who was deleted."""
        try:
            return self.do(lambda accounts: accounts.profile(id))
        except NotFound:
            return None


__all__ = ["JANE", "JOHN", "OTHER_PASSWORD", "PASSWORD", "ActionRequired", "Core", "Environment", "Snapshot"]
