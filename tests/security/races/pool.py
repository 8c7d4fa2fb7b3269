"""Processes that wait at a barrier, fire together, and tell what each of their calls was answered."""

import asyncio
import multiprocessing
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Barrier
from typing import Any, Final, Self

import attrs
import sqlalchemy as sa
from tests.driven import driven
from tests.integration.sql.backends import hurried

from accounts_argon2 import Argon2Hasher, AsyncArgon2Hasher, Cost
from accounts_core import MailDispatch
from accounts_core.accounts import Accounts, BlockingAccounts
from accounts_core.errors import AccountsError
from accounts_core.model.policy import Policy
from accounts_core.ports.store import Subscriber
from accounts_core.sync import run_sync
from accounts_memory import MemoryMailer
from accounts_sql import (
    AsyncSqlRateLimiter,
    AsyncSqlStore,
    SqlRateLimiter,
    SqlStore,
    create_async_engine,
    create_engine,
)
from accounts_stripe import BlockingStripeGateway, StripeGateway
from accounts_system import SystemClock, SystemSecrets

PROCESSES: Final = 4
PATIENCE_SECONDS: Final = 120
STRIPE_KEY: Final = "sk_test_simulator"
SLOW_TO_IMPORT: Final = (
    "accounts_sql",
    "accounts_stripe",
    "accounts_argon2",
    "accounts_core.accounts",
    "asyncpg",
    "psycopg",
)
"""Imported once, by a process that does nothing else, and of which the others are copies."""
QUICK: Final = Cost(memory_kib=8, passes=1)
"""A real hash, salt and all, that costs next to nothing: these races are not about hashing."""
AT_ONCE: Final = {"sqlite": 2, "postgresql": 6}
"""Calls that each process has under way. On SQLite they take turns, and whoever loses its turn sleeps."""

Action = Callable[[Accounts[Any]], Awaitable[Any]]
"""What a process does: it can be pickled, and so can what it returns."""


@attrs.frozen(kw_only=True)
class Opening:
    """What each process opens the accounts with."""

    database_url: str
    stripe_url: str
    policy: Policy = Policy()  # noqa: RUF009  frozen
    is_limited: bool = False
    isolation_level: str | None = None
    subscribers: tuple[Subscriber[Any], ...] = ()


@attrs.frozen(kw_only=True)
class Told:
    """What a call was answered, and when, by the machine's one monotonic clock."""

    value: Any = None
    error: str | None = None
    """The name of the core's error; whatever else was raised is no answer, and fails the race."""
    asked_at: float
    answered_at: float

    @property
    def outcome(self) -> str:
        return self.error or "done"


@attrs.frozen
class _Failed:
    """A process could not do what it was told to."""

    traceback: str


@attrs.define
class Pool:
    """The processes. They are slow to start, so many races share them; each race opens the accounts anew."""

    _processes: list[ForkServerProcess]
    _orders: list["Connection[Any, Any]"]
    _barrier: Barrier
    """Held on to: the processes look its semaphores up by name, and those go with it."""

    @classmethod
    def start(cls) -> Self:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([*SLOW_TO_IMPORT])
        barrier = context.Barrier(PROCESSES, timeout=PATIENCE_SECONDS)
        processes, orders = [], []
        for number in range(PROCESSES):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, barrier), name=f"racer-{number}", daemon=True)
            process.start()
            theirs.close()
            processes.append(process)
            orders.append(ours)
        return cls(processes, orders, barrier)

    def race(self, opening: Opening, actions: Sequence[Action]) -> list[Told]:
        """Deal the actions out to the processes, let them fire together, and return what each was told, in order."""
        for number, order in enumerate(self._orders):
            order.send((opening, [*actions[number::PROCESSES]]))
        told: list[Told | None] = [None] * len(actions)
        failures = []
        for number, order in enumerate(self._orders):
            assert order.poll(PATIENCE_SECONDS), f"racer {number} does not answer"
            match order.recv():
                case _Failed() as failed:
                    failures.append(failed.traceback)
                case answers:
                    told[number::PROCESSES] = answers
        assert not failures, "\n".join(failures)
        return [each for each in told if each is not None]

    def close(self) -> None:
        for order in self._orders:
            order.send(None)
        for process in self._processes:
            process.join(PATIENCE_SECONDS)
            assert process.exitcode == 0, f"{process.name} ended with {process.exitcode}"


def _work(orders: "Connection[Any, Any]", barrier: Barrier) -> None:
    """Be one of the processes."""
    with asyncio.Runner() as runner:
        while (order := orders.recv()) is not None:
            try:
                opening, actions = order
                orders.send(runner.run(_perform(opening, actions, barrier)))
            except Exception:  # noqa: BLE001  the parent shows it
                orders.send(_Failed(traceback.format_exc()))


async def _perform(opening: Opening, actions: Sequence[Action], barrier: Barrier) -> list[Told]:
    is_sqlite = opening.database_url.startswith("sqlite")
    async with (_blocking if is_sqlite else _suspending)(opening) as accounts:
        at_once = AT_ONCE["sqlite" if is_sqlite else "postgresql"]
        run = _in_threads if is_sqlite else _in_tasks
        await run(accounts, [_connect] * at_once, at_once)
        barrier.wait()
        return await run(accounts, actions, at_once)


async def _connect(accounts: Accounts[Any]) -> None:
    await accounts.list_outbox(limit=1)


async def tell(accounts: Accounts[Any], action: Action) -> Told:
    """Do it, and note what came of it."""
    value, error, asked_at = None, None, time.monotonic()
    try:
        value = await action(accounts)
    except AccountsError as raised:
        error = type(raised).__name__
    return Told(value=value, error=error, asked_at=asked_at, answered_at=time.monotonic())


async def _in_tasks(accounts: Accounts[Any], actions: Sequence[Action], at_once: int) -> list[Told]:
    places = asyncio.Semaphore(at_once)

    async def one(action: Action) -> Told:
        async with places:
            return await tell(accounts, action)

    return await asyncio.gather(*(one(action) for action in actions))


async def _in_threads(accounts: Accounts[Any], actions: Sequence[Action], at_once: int) -> list[Told]:
    with ThreadPoolExecutor(at_once) as threads:
        return [*threads.map(lambda action: run_sync(tell(accounts, action)), actions)]


@asynccontextmanager
async def _suspending(opening: Opening) -> AsyncIterator[Accounts[Any]]:
    options: dict[str, Any] = {} if opening.isolation_level is None else {"isolation_level": opening.isolation_level}
    engine = create_async_engine(opening.database_url, **options)
    try:
        async with (
            StripeGateway.connect(STRIPE_KEY, api_base=opening.stripe_url) as gateway,
            AsyncArgon2Hasher(QUICK) as passwords,
        ):
            store, limits = AsyncSqlStore(engine, opening.subscribers), AsyncSqlRateLimiter(engine)
            yield Accounts(**_ports(opening, store, limits, gateway, passwords))
    finally:
        await engine.dispose()


@asynccontextmanager
async def _blocking(opening: Opening) -> AsyncIterator[Accounts[Any]]:
    engine: sa.Engine = hurried(create_engine(opening.database_url))
    try:
        with BlockingStripeGateway.connect(STRIPE_KEY, api_base=opening.stripe_url) as gateway:
            store, limits = SqlStore(engine, opening.subscribers), SqlRateLimiter(engine)
            yield driven(BlockingAccounts(**_ports(opening, store, limits, gateway, Argon2Hasher(QUICK))))
    finally:
        engine.dispose()


def _ports(opening: Opening, store: Any, limits: Any, payments: Any, passwords: Any) -> dict[str, Any]:
    return {
        "mail_dispatch": MailDispatch.WORKER,
        "store": store,
        "limits": limits if opening.is_limited else None,
        "payments": payments,
        "passwords": passwords,
        "mailer": MemoryMailer(),
        "clock": SystemClock(),
        "secrets": SystemSecrets(),
        "policy": opening.policy,
    }
