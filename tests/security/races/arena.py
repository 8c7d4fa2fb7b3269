"""Where a race takes place: the accounts as this process sees them, before and after, and the processes between."""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from time import monotonic, sleep
from typing import Any, Final

import attrs
from tests.security.races.pool import PATIENCE_SECONDS, Action, Told, tell

from accounts_core.accounts import Accounts, BlockingAccounts
from accounts_core.errors import InvalidToken
from accounts_core.model.policy import Policy
from accounts_core.model.user import User
from accounts_core.ports.store import Subscriber
from accounts_core.sync import run_sync
from accounts_core.testing.plugin import SWITCH_SECONDS
from accounts_memory import MemoryMailer
from accounts_stripe_simulator import Ledger, Simulator

PASSWORD: Final = "correct horse battery staple"
OTHER_PASSWORD: Final = "an entirely different one"
SEED: Final = 1
MOST_JOBS: Final = 1000
MOST_ROUNDS: Final = 10

Fire = Callable[..., list[Told]]


@attrs.frozen(kw_only=True)
class Arena:
    """An empty store, the provider, and whoever races in them."""

    accounts: BlockingAccounts[Any]
    """The accounts, for what comes before a race and after it. Nothing is limited here."""
    simulator: Simulator
    mails: MemoryMailer
    is_in_memory: bool
    _fire: Fire
    _rows: Callable[[str], Sequence[Any]]

    def race(
        self,
        *actions: Action,
        policy: Policy | None = None,
        is_limited: bool = False,
        isolation_level: str | None = None,
        subscribers: tuple[Subscriber[Any], ...] = (),
    ) -> list[Told]:
        """Do everything at once, in an order of chance, and return what each was told, in the order of `actions`."""
        order = [*range(len(actions))]
        Random(SEED).shuffle(order)
        more = {} if isolation_level is None else {"isolation_level": isolation_level}
        fired = self._fire(
            [actions[place] for place in order],
            policy=policy or Policy(),
            is_limited=is_limited,
            subscribers=subscribers,
            **more,
        )
        told = dict(zip(order, fired, strict=True))
        return [told[place] for place in range(len(actions))]

    @property
    def may_conflict(self) -> frozenset[str]:
        """In memory nobody waits: whoever loses ten times in a row is told `Conflict`."""
        return frozenset({"Conflict"}) if self.is_in_memory else frozenset()

    def rows(self, table: str) -> Sequence[Any]:
        """Return all that is in a table, read past the ports."""
        return self._rows(table)

    @property
    def ledger(self) -> Ledger:
        return self.simulator.ledger()

    def asked(self, call: str) -> int:
        """Return how often the provider was asked what ends so: `asked("/detach")`."""
        return sum(each.request.endswith(call) for each in self.simulator.faults.calls)

    def sign_up(self, name: str, *, is_verified: bool = True) -> User:
        user = self.accounts.register(email=f"{name}@example.org", password=PASSWORD, name="Jane Doe")
        return self.accounts.mark_email_verified(user.id) if is_verified else user

    def is_good(self, token: str) -> bool:
        """Say whether a token lets anybody in."""
        try:
            self.accounts.authenticate(token)
        except InvalidToken:
            return False
        return True

    def finish_all_work(self) -> None:
        """Do what the outbox holds, as if every lease had run out, until nothing is left."""
        for _ in range(MOST_ROUNDS):
            jobs = self.accounts.list_outbox(limit=MOST_JOBS)
            if not jobs:
                return
            for job in jobs:
                self.accounts.retry_job(job.id)
            self.accounts.run_due(limit=MOST_JOBS)
        left = self.accounts.list_outbox(limit=MOST_JOBS)
        assert not left, f"there is still to do: {left}"

    def assert_no_money_is_frozen(self) -> None:
        ledger = self.ledger
        assert not ledger.open_holds
        assert not ledger.unfinished
        assert not ledger.captured
        assert not ledger.doubled_holds
        assert not ledger.doubled_customers
        assert "" not in ledger.holds


def await_that(condition: Callable[[], bool], otherwise: str) -> None:
    """Wait for what others are about to do; whoever waits in vain is told `otherwise`."""
    deadline = monotonic() + PATIENCE_SECONDS
    while not condition():
        assert monotonic() < deadline, otherwise
        sleep(0.01)


def in_threads(accounts: Accounts[Any], actions: Sequence[Action], count: int) -> list[Told]:
    """Let threads of this process race: for what is kept in memory, and in no other process."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        with ThreadPoolExecutor(count) as threads:
            return [*threads.map(lambda action: run_sync(tell(accounts, action)), actions)]
    finally:
        sys.setswitchinterval(before)
