"""E19: one engine on several event loops works, or is refused with the names of engine and loop."""

import asyncio
import gc
import re
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.integration.sql.backends import AIOSQLITE, ASYNCPG, Backend
from tests.integration.sql.test_in_transaction import JANE, ports

from accounts_core import Accounts
from accounts_core.errors import ConfigurationError, EmailTaken, NotFound
from accounts_sql import AsyncSqlRateLimiter, AsyncSqlStore, create_async_engine

pytestmark = [
    pytest.mark.parametrize("backend", [AIOSQLITE, ASYNCPG, "psycopg async"], indirect=True),
    # the first loop ends without closing its connections, as a host's does
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect what a loop left behind here, where it is ignored, and not in a later test."""
    yield
    gc.collect()


@pytest.fixture
def backend(request: pytest.FixtureRequest, backends: dict[str, Backend]) -> Backend:
    backend = backends[ASYNCPG if request.param == "psycopg async" else request.param]
    backend.clear()
    return backend


@pytest.fixture
def url(backend: Backend, request: pytest.FixtureRequest) -> sa.URL:
    made = sa.make_url(backend.url)
    is_psycopg = request.node.callspec.params["backend"] == "psycopg async"
    return made.set(drivername="postgresql+psycopg") if is_psycopg else made


def accounts_on(engine: AsyncEngine, **options: Any) -> Accounts:
    return Accounts(**ports(AsyncSqlStore(engine, **options)), limits=AsyncSqlRateLimiter(engine))


@pytest.mark.long
@pytest.mark.parametrize("options", [{}, {"pool_size": 1, "max_overflow": 0}], ids=["as it comes", "one connection"])
@pytest.mark.parametrize("fast", [True, False], ids=["fast", "slow"])
def test_one_loop_after_the_other(url: sa.URL, options: dict[str, Any], fast: bool) -> None:
    """As `asyncio.run` twice, or a loop for each test without closing anything."""
    engine = create_async_engine(url, **options)
    accounts = accounts_on(engine, fast=fast)

    async def first() -> int:
        jane = await accounts.register(**JANE, client="192.0.2.7")
        await asyncio.gather(*(accounts.profile(jane.id) for _ in range(5)))
        return jane.id

    async def again(id: Any) -> None:
        assert (await accounts.profile(id)).name == JANE["name"]
        await asyncio.gather(*(accounts.profile(id) for _ in range(5)))
        with pytest.raises(EmailTaken):
            await accounts.register(**JANE, client="192.0.2.7")

    jane = asyncio.run(first())
    for _ in range(3):
        asyncio.run(again(jane))
    asyncio.run(engine.dispose())


def test_an_engine_that_is_disposed_of_after_each_test_works_on_the_next_loop(url: sa.URL) -> None:
    """What the documented fixture does; it leaves nothing behind."""
    engine = create_async_engine(url)
    accounts = accounts_on(engine)

    async def test() -> int:
        try:
            user = await accounts.find_user(email=JANE["email"])
            return user.id
        except NotFound:
            return (await accounts.register(**JANE)).id
        finally:
            await engine.dispose()

    assert len({asyncio.run(test()) for _ in range(3)}) == 1


def test_closing_ends_although_the_task_is_cancelled_meanwhile(url: sa.URL, caplog: pytest.LogCaptureFixture) -> None:
    """As Ctrl-C in the last moment of a command does."""
    engine = create_async_engine(url)
    accounts = accounts_on(engine)

    async def test() -> None:
        with pytest.raises(NotFound):
            await accounts.find_user(email=JANE["email"])
        closing = asyncio.create_task(accounts.close())
        for _ in range(5):
            await asyncio.sleep(0)
            closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert isinstance(engine.pool, sa.AsyncAdaptedQueuePool)
        assert engine.pool.checkedin() == 0

    asyncio.run(test())
    assert caplog.records == []


def test_closing_and_opening_again_on_the_same_loop(url: sa.URL) -> None:
    """E18: as a lifespan that is left and entered again."""
    engine = create_async_engine(url)
    accounts = accounts_on(engine)

    async def main() -> None:
        jane = await accounts.register(**JANE)
        for _ in range(2):
            await engine.dispose()
            assert await accounts.profile(jane.id) == jane
        await engine.dispose()

    asyncio.run(main())


def while_another_loop_runs(first: Coroutine[Any, Any, Any], then: Callable[[], Any]) -> Any:
    """Run a coroutine on a loop in another thread, and while that loop runs on, call `then` here."""
    is_done, may_end = Event(), Event()

    async def main() -> None:
        await first
        is_done.set()
        await asyncio.to_thread(may_end.wait, 30)

    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(asyncio.run, main())
        try:
            assert is_done.wait(30)
            return then()
        finally:
            may_end.set()
            running.result(30)


def test_two_loops_at_the_same_time_are_refused_by_name(url: sa.URL) -> None:
    """As Django's asynchronous views under WSGI: a loop for each request, in several threads."""
    engine = create_async_engine(url)
    accounts = accounts_on(engine)

    def then() -> None:
        for call in (
            lambda: accounts.find_user(email=JANE["email"]),
            lambda: accounts.sign_in(email=JANE["email"], password=JANE["password"], client="192.0.2.7"),
        ):
            with pytest.raises(ConfigurationError) as refused:
                asyncio.run(call())
            assert re.search(
                rf"Engine\({re.escape(url.drivername)}.*\) is in use on the event loop <_Unix.* running=True.*>,"
                " and cannot be used on <_UnixSelectorEventLoop .*NullPool",
                str(refused.value),
            )

    while_another_loop_runs(accounts.register(**JANE), then)
    asyncio.run(engine.dispose())


def test_without_a_pool_any_number_of_loops_work_at_the_same_time(url: sa.URL) -> None:
    accounts = accounts_on(create_async_engine(url, poolclass=sa.NullPool))

    def then() -> Any:
        return asyncio.run(accounts.find_user(email=JANE["email"]))

    assert while_another_loop_runs(accounts.register(**JANE, client="192.0.2.7"), then).name == JANE["name"]
