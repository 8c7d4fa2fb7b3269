"""The accounts on each driver, made before the fork as a program makes them at import."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, TypeAlias, TypeVar

import attrs
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.ext.asyncio import create_async_engine as plain_async_engine
from tests.driven import driven

from accounts_argon2 import Argon2Hasher, Cost
from accounts_core import Accounts, BlockingAccounts, MailDispatch
from accounts_core.sync import run_sync
from accounts_memory import MemoryGateway, MemoryMailer, PlainHasher
from accounts_sql import (
    AsyncSqlRateLimiter,
    AsyncSqlStore,
    SqlRateLimiter,
    SqlStore,
    create_async_engine,
    create_engine,
    migrate,
    prepare,
)
from accounts_system import SystemClock, SystemSecrets

T = TypeVar("T")
Drive: TypeAlias = Callable[[Coroutine[Any, Any, Any]], Any]

PASSWORD: Final = "correct horse battery staple"
CHEAP: Final = Cost(memory_kib=8, passes=1)

SYNC: Final = ("sqlite3", "psycopg")
ASYNC: Final = ("aiosqlite", "asyncpg", "psycopg async")
DRIVERS: Final = (*SYNC, *ASYNC)
MOST_DRIVERS: Final = [
    each if each in {"sqlite3", "asyncpg"} else pytest.param(each, marks=pytest.mark.long) for each in DRIVERS
]
"""Both databases, with and without an event loop; the others are left to `make long`."""
SERVERS: Final = ("psycopg", "asyncpg", "psycopg async")


@attrs.frozen
class Backend:
    """One driver. `drive` runs coroutines in the process that made it; a child gets another from `anew`."""

    driver: str
    engine: Any
    store: Any
    limits: Any
    accounts: Accounts[Any]
    drive: Drive
    anew: Callable[[], AbstractContextManager[Drive]]

    @property
    def pool(self) -> sa.QueuePool:
        pool: sa.QueuePool = self.engine.pool
        return pool

    def sign_up(self, *names: str) -> dict[str, str]:
        """Register people and return the token of each, by email address."""
        return {f"{name}@example.org": self.drive(self._token(f"{name}@example.org")) for name in names}

    async def _token(self, email: str) -> str:
        await self.accounts.register(email=email, password=PASSWORD, name=email.partition("@")[0])
        return str((await self.accounts.sign_in(email=email, password=PASSWORD)).token)

    async def who(self, token: str, times: int) -> dict[str, int]:
        """Ask so often whose token this is; return how often which answer came, an error by its name."""
        answers: dict[str, int] = {}
        for _ in range(times):
            try:
                answer = (await self.accounts.authenticate(token)).user.email.address
            except Exception as error:  # noqa: BLE001  every one of them is counted
                answer = f"{type(error).__name__}: {error}"
            answers[answer] = answers.get(answer, 0) + 1
        return answers

    async def who_at_once(self, tokens: dict[str, str], times: int, at_once: int) -> list[str]:
        """Ask for everybody's token in turn, many at once; return the answers that were not the token's own person."""

        async def ask(email: str, token: str) -> list[str]:
            answers = await self.who(token, times)
            return [answer for answer in answers if answer != email]

        people = list(tokens.items())
        asked = [ask(*people[turn % len(people)]) for turn in range(at_once)]
        if self.driver in SYNC:
            return [wrong for one in asked for wrong in await one]
        return [wrong for answers in await asyncio.gather(*asked) for wrong in answers]


@contextmanager
def opened(driver: str, url: str, *, of_the_host: bool = False, **options: Any) -> Iterator[Backend]:
    """Migrate a database, make the accounts on it, and close all of it at the end."""
    if driver in SYNC:
        engine = sa.create_engine(_url(driver, url), **options) if of_the_host else create_engine(url, **options)
        if of_the_host:
            prepare(engine)
        migrate(engine)
        store, limits = SqlStore(engine), SqlRateLimiter(engine)
        yield Backend(driver, engine, store, limits, _accounts(store, limits), run_sync, _at_once)
        engine.dispose()
        return
    migrate(url)
    with asyncio.Runner() as runner:
        ours = not of_the_host and driver != "psycopg async"
        async_engine: AsyncEngine = (
            create_async_engine(url, **options) if ours else plain_async_engine(_url(driver, url), **options)
        )
        if not ours:
            prepare(async_engine)

        async def made() -> Backend:
            async_store, async_limits = AsyncSqlStore(async_engine), AsyncSqlRateLimiter(async_engine)
            accounts = _accounts(async_store, async_limits)
            return Backend(driver, async_engine, async_store, async_limits, accounts, runner.run, _on_a_loop)

        yield runner.run(made())
        runner.run(async_engine.dispose())


@contextmanager
def _at_once() -> Iterator[Drive]:
    yield run_sync


@contextmanager
def _on_a_loop() -> Iterator[Drive]:
    with asyncio.Runner() as runner:
        yield runner.run


def _accounts(store: Any, limits: Any) -> Accounts[Any]:
    clock, secrets = SystemClock(), SystemSecrets()
    ports: dict[str, Any] = {
        "mail_dispatch": MailDispatch.WORKER,
        "store": store,
        "payments": MemoryGateway(clock=clock, secrets=secrets),
        "mailer": MemoryMailer(),
        "clock": clock,
        "secrets": secrets,
        "limits": limits,
    }
    if isinstance(store, SqlStore):
        return driven(BlockingAccounts(passwords=Argon2Hasher(CHEAP), **ports))
    return Accounts(passwords=PlainHasher(), **ports)


def _url(driver: str, url: str) -> sa.URL:
    names = {
        "sqlite3": "sqlite+pysqlite",
        "psycopg": "postgresql+psycopg",
        "aiosqlite": "sqlite+aiosqlite",
        "asyncpg": "postgresql+asyncpg",
        "psycopg async": "postgresql+psycopg",
    }
    return sa.make_url(url).set(drivername=names[driver])
