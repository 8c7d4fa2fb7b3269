"""A world that outlives its processes: what is stored, and what the provider knows, stays when a process is gone."""

from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from typing import Any, Final, Self, cast

import attrs
from tests.unit.core.conftest import PASSWORD

from accounts_core import BlockingAccounts
from accounts_core.errors import AccountsError, NotFound
from accounts_core.model import Job, User
from accounts_core.ports.store import UnitOfWork
from accounts_core.testing.builders import NOON
from accounts_core.use_cases.verify_card import ActionRequired, Verified
from accounts_memory import ManualClock, MemoryGateway, MemoryNotifier, MemoryStore, PlainHasher, SequenceSecrets

from .striking import Cancelled, Crash, Fate, WatchedStore, watched_gateway

Core = BlockingAccounts[UnitOfWork]

MOST_ROUNDS: Final = 200
"""More rounds of a worker than any recovery takes."""


def _clock() -> ManualClock:
    return ManualClock(NOON)


@attrs.frozen
class Known:
    """What the people outside know from before, whatever becomes of the process and of what it stored."""

    jane: User
    first_card: str = ""
    customer_id: str = ""


@attrs.frozen
class Snapshot:
    """A world as it stands. Two that are equal go on equally, but for the ids that are made from now on."""

    life: int
    now: datetime
    stored: object
    provider: dict[str, Any]
    answers: dict[str, Any]
    kept_failures: frozenset[str]
    told: tuple[Verified | ActionRequired, ...]
    known: Known


@attrs.define
class World:
    """Everything outside the process, and the processes that come and go in it."""

    life: int = 0
    clock: ManualClock = attrs.field(factory=_clock)
    secrets: SequenceSecrets = attrs.field(factory=SequenceSecrets)
    store: MemoryStore = attrs.field(factory=MemoryStore)
    gateway: MemoryGateway = attrs.field(
        default=attrs.Factory(lambda self: MemoryGateway(clock=self.clock, secrets=self.secrets), takes_self=True)
    )
    kept_failures: set[str] = attrs.field(factory=set)
    told: list[Verified | ActionRequired] = attrs.field(factory=list)
    """What callers were told of their cards."""
    _known: Known | None = None

    def snapshot(self) -> Snapshot:
        return Snapshot(
            life=self.life,
            now=self.clock.now(),
            stored=self.store._state,
            provider=_collections(self.gateway._provider),
            answers=dict(self.gateway._calls._answers),
            kept_failures=frozenset(self.kept_failures),
            told=tuple(self.told),
            known=self.known,
        )

    @classmethod
    def at(cls, snapshot: Snapshot) -> Self:
        """Make a world that goes on from there, without living through what was before; its new ids are others."""
        life = snapshot.life + 1
        world = cls(
            life=life,
            clock=ManualClock(snapshot.now),
            secrets=SequenceSecrets(life),
            kept_failures=set(snapshot.kept_failures),
            told=list(snapshot.told),
            known=snapshot.known,
        )
        world.store._state = cast("Any", snapshot.stored)
        for name, collection in snapshot.provider.items():
            setattr(world.gateway._provider, name, collection.copy())
        world.gateway._calls._answers.update(snapshot.answers)
        return world

    @property
    def known(self) -> Known:
        assert self._known is not None
        return self._known

    @property
    def jane(self) -> User:
        return self.known.jane

    def start(self, fate: Fate | None = None) -> Core:
        """Start a process; without a fate nothing happens to it."""
        fate = fate or Fate()
        return BlockingAccounts(
            store=WatchedStore(self.store, fate),
            payments=watched_gateway(self.gateway, fate, self.kept_failures),
            passwords=PlainHasher(),
            notifier=MemoryNotifier(),
            clock=self.clock,
            secrets=self.secrets,
        )

    def register(self) -> None:
        self._known = Known(self.start().register(email="jane@example.org", password=PASSWORD, name="Jane Doe"))

    def know(self, *, first_card: str = "", customer_id: str = "") -> None:
        self._known = attrs.evolve(self.known, first_card=first_card, customer_id=customer_id)

    def verify(self, accounts: Core, token: str) -> str | None:
        """Verify a card, and remember the answer; return the id of the card, where it is verified."""
        answer = accounts.verify_card(self.jane.id, payment_method=token)
        self.told.append(answer)
        return answer.payment_method if isinstance(answer, Verified) else None

    def have(self, token: str) -> str:
        """Give Jane a verified card, and return its id."""
        card = self.verify(self.start(), token)
        assert card is not None
        self.clock.advance(timedelta(seconds=1))
        return card

    def find_user(self) -> User | None:
        """Return Jane as she is stored now; None when she was deleted."""
        try:
            return self.start().profile(self.jane.id)
        except NotFound:
            return None

    @property
    def customer_id(self) -> str:
        user = self.find_user()
        assert user is not None
        assert user.customer_id is not None
        return user.customer_id

    def answer_challenge(self, *, succeed: bool = True) -> None:
        """Jane proves herself to her bank, or fails to, if she is asked to."""
        for hold in self.gateway.open_holds():
            if hold.next_action is not None:
                assert hold.id is not None
                self.gateway.authenticate(hold.id, succeed)

    def outbox(self) -> list[Job]:
        return list(self.start().list_outbox(limit=1000))

    def recover(self) -> None:
        """Let a worker do what is left, moving time on to whatever is due next, until nothing is."""
        for _ in range(MOST_ROUNDS):
            waiting = [job.due for job in self.outbox() if job.parked_at is None]
            if not waiting:
                return
            self.clock.advance(max(min(waiting) - self.clock.now(), timedelta(0)))
            self.start().run_due()
        raise AssertionError(f"The worker comes to no end: {self.outbox()}")


def _collections(provider: object) -> dict[str, Any]:
    """Copy everything that a provider remembers; what is in its collections never changes."""
    return {name: value.copy() for name, value in vars(provider).items() if isinstance(value, dict | set)}


def survived() -> AbstractContextManager[None]:
    """Let a process end as it will: done, refused, cancelled or dead."""
    return suppress(Crash, Cancelled, AccountsError)
