"""E18: `migrate()` and `close()` of both facades, over adapters with something to start or close, and without."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.core.conftest import Environment

from accounts_core import Accounts, BlockingAccounts, run_sync
from accounts_core.errors import Suspended, Unavailable
from accounts_memory import MemoryMailer, MemoryStore, PlainHasher

Make = Callable[..., Any]


class Log(list[str]):
    """What happened, in order."""


class SchemaStore(MemoryStore):
    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    async def migrate(self) -> None:
        self._log.append("migrated")

    async def close(self) -> None:
        self._log.append("store")


class OpenHasher(PlainHasher):
    log: Log

    def close(self) -> None:
        self.log.append("hasher")


class OpenMailer(MemoryMailer):
    log: Log
    error: Exception | None = None

    async def close(self) -> None:
        self.log.append("mailer")
        if self.error is not None:
            raise self.error


def ports(env: Environment, **others: Any) -> dict[str, Any]:
    return {
        "store": env.store,
        "payments": env.gateway,
        "passwords": env.hasher,
        "mailer": env.mailer,
        "clock": env.clock,
        "secrets": env.secrets,
        **others,
    }


def do(method: Callable[[], Any]) -> None:
    done = method()
    if inspect.isawaitable(done):
        run_sync(done)  # type: ignore[arg-type]  # a coroutine


@pytest.fixture(params=[Accounts, BlockingAccounts])
def make(request: pytest.FixtureRequest, env: Environment) -> Make:
    return lambda **others: request.param(**ports(env, **others))


def test_e18_where_there_is_no_schema_and_nothing_open_both_do_nothing(make: Make) -> None:
    accounts = make()

    do(accounts.migrate)
    do(accounts.close)
    do(accounts.close)


def test_e18_parts_are_closed_in_order_the_store_last(make: Make) -> None:
    log = Log()
    hasher, mailer = OpenHasher(), OpenMailer()
    hasher.log = mailer.log = log
    accounts = make(store=SchemaStore(log), passwords=hasher, mailer=mailer, limits=None)

    do(accounts.migrate)
    do(accounts.close)

    assert log == ["migrated", "hasher", "mailer", "store"]


def test_e18_one_part_that_fails_leaves_no_other_open(make: Make) -> None:
    log, mailer = Log(), OpenMailer()
    mailer.log, mailer.error = log, Unavailable("The mail server is away.")

    with pytest.raises(Unavailable, match="mail server"):
        do(make(store=SchemaStore(log), mailer=mailer, limits=None).close)

    assert log == ["mailer", "store"]


def test_e18_several_that_fail_are_raised_together(make: Make) -> None:
    class Failing(MemoryStore):
        async def close(self) -> None:
            raise Unavailable("The database is away.")

    mailer = OpenMailer()
    mailer.log, mailer.error = Log(), Unavailable("The mail server is away.")

    with pytest.raises(ExceptionGroup) as failed:
        do(make(store=Failing(), mailer=mailer, limits=None).close)

    assert [str(each) for each in failed.value.exceptions] == ["The mail server is away.", "The database is away."]


def test_a_blocking_facade_says_so_when_closing_needs_an_event_loop(env: Environment) -> None:
    class Endless:
        def __await__(self) -> Any:
            yield

    class Suspending(MemoryStore):
        async def close(self) -> None:
            await Endless()

    with pytest.raises(Suspended):
        BlockingAccounts(**ports(env, store=Suspending(), limits=None)).close()
