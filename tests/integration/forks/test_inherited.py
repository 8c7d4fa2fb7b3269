"""F1: what was in use at the moment of the fork is the parent's, and a clear error in the child."""

import gc
import os
import threading
from typing import Any

import pytest
import sqlalchemy as sa
from tests.integration.forks.children import fork, held
from tests.integration.forks.conftest import Open
from tests.integration.forks.drivers import MOST_DRIVERS, SERVERS, SYNC, Backend

from accounts_core.errors import ConfigurationError
from accounts_core.model.ids import UserId
from accounts_core.sync import run_sync
from accounts_core.testing.builders import NOON
from accounts_sql import SqlStore, create_engine, migrate

JANE = UserId(1)
FEW = 25

FORKED, NO_SQLITE = "InheritedConnection", "InheritedSqlite"


def kinds(backend: Backend, *steps: Any) -> list[str]:
    """Take each step in this process; return the name of what it raised, or of what it returned."""
    names = []
    with backend.anew() as drive:
        for step in steps:
            try:
                names.append(type(drive(step())).__name__)
            except Exception as error:  # noqa: BLE001  it is what is looked at
                names.append(type(error).__name__)
    return names


@pytest.mark.parametrize("leaving", [None, RuntimeError], ids=["committing", "rolling back"])
@pytest.mark.parametrize("driver", MOST_DRIVERS)
def test_f1_an_open_unit_is_the_parents_and_an_error_in_the_child(
    open_backend: Open, driver: str, leaving: type[Exception] | None
) -> None:
    backend = open_backend(driver)
    token = backend.sign_up("jane")["jane@example.org"]

    async def forking() -> Any:
        opened = backend.store.begin()
        work = await opened.__aenter__()
        jane = await work.users.get(JANE)
        saved = await work.users.save(jane.rename("Jane Doe", at=NOON))

        async def find_anew() -> Any:
            async with backend.store.reader() as reader:
                return await reader.users.find(JANE)

        async def leave() -> Any:
            return await opened.__aexit__(leaving, leaving() if leaving else None, None)

        child = fork(lambda: kinds(backend, lambda: work.users.get(JANE), leave, find_anew))
        seen = child.result()
        assert await work.users.get(JANE) == saved
        await opened.__aexit__(None, None, None)
        return seen

    own = "User" if driver in SERVERS else NO_SQLITE
    left = FORKED if leaving is None else "RuntimeError"
    assert backend.drive(forking()) in ([FORKED, left, own], [FORKED, "bool", own])
    assert backend.drive(backend.who(token, FEW)) == {"jane@example.org": FEW}

    async def find() -> Any:
        async with backend.store.reader() as reader:
            return (await reader.users.find(JANE)).name

    assert backend.drive(find()) == "Jane Doe"


@pytest.mark.parametrize("driver", SYNC)
def test_f1_a_hosts_open_transaction_is_the_parents_and_an_error_in_the_child(open_backend: Open, driver: str) -> None:
    backend = open_backend(driver)
    backend.sign_up("jane")

    with backend.engine.begin() as connection:
        store = SqlStore(connection)
        connection.execute(sa.text("SELECT 1"))

        async def find() -> Any:
            async with store.reader() as reader:
                return await reader.users.find(JANE)

        def child() -> list[str]:
            async def of_the_hosts_own() -> Any:
                return connection.execute(sa.text("SELECT 1"))

            async def commit() -> Any:
                return connection.commit()

            seen = kinds(backend, find, of_the_hosts_own, commit)
            connection.close()
            return seen

        assert fork(child).result() == [FORKED, FORKED, FORKED]
        assert kinds(backend, find) == ["User"]


@pytest.mark.long
@pytest.mark.parametrize("driver", MOST_DRIVERS)
def test_f1_what_the_garbage_collector_finds_in_the_child_does_nothing_to_the_parent(
    open_backend: Open, driver: str
) -> None:
    backend = open_backend(driver)
    token = backend.sign_up("jane")["jane@example.org"]

    def child() -> bool:
        backend.engine.pool  # noqa: B018  used, and left to itself
        gc.collect()
        with backend.anew() as drive:
            drive(backend.who(token, 1))
        gc.collect()
        return True

    assert fork(child).result()
    assert backend.drive(backend.who(token, FEW)) == {"jane@example.org": FEW}


@pytest.mark.parametrize("driver", SYNC)
def test_f1_a_fork_beside_busy_threads_hangs_nobody(open_backend: Open, driver: str) -> None:
    backend = open_backend(driver)
    token = backend.sign_up("jane")["jane@example.org"]
    stopping = threading.Event()
    answers: list[dict[str, int]] = []

    def busy() -> None:
        while not stopping.is_set():
            answers.append(backend.drive(backend.who(token, 1)))

    def child() -> dict[str, int]:
        with backend.anew() as drive:
            known: dict[str, int] = drive(backend.who(token, FEW))
            return known

    threads = [threading.Thread(target=busy) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        seen = [fork(child).result() for _ in range(5)]
    finally:
        stopping.set()
        for thread in threads:
            thread.join()

    assert seen == [{"jane@example.org": FEW}] * 5
    assert {answer for each in answers for answer in each} == {"jane@example.org"}


def test_f1_locks_of_the_pool_that_another_thread_holds_are_not_the_childs(open_backend: Open) -> None:
    backend = open_backend("psycopg")
    token = backend.sign_up("jane")["jane@example.org"]
    pool: Any = backend.pool

    async def leave() -> Any:
        async with backend.store.begin():
            with held(pool._overflow_lock, pool._pool.mutex):
                child = fork(lambda: kinds(backend, lambda: backend.who(token, FEW)))
            return child.result()

    assert backend.drive(leave()) == ["dict"]


@pytest.mark.parametrize("driver", SYNC)
def test_f1_a_lock_of_sqlalchemys_events_that_another_thread_holds_is_not_the_childs(
    open_backend: Open, driver: str
) -> None:
    backend = open_backend(driver)
    token = backend.sign_up("jane")["jane@example.org"]
    with held(backend.pool.dispatch.connect._get_exec_once_mutex()):
        child = fork(lambda: backend.drive(backend.who(token, FEW)))
        assert child.result() == {"jane@example.org": FEW}


def test_f1_a_database_in_memory_stays_with_its_process() -> None:
    engine = create_engine("sqlite://")
    migrate(engine)
    store = SqlStore(engine)

    async def find() -> Any:
        async with store.reader() as reader:
            return await reader.users.find(JANE)

    def child() -> str:
        try:
            run_sync(find())
        except ConfigurationError:
            migrate(engine)
            return "empty" if run_sync(find()) is None else "filled"
        return "shared"

    assert fork(child).result() == "empty"
    assert run_sync(find()) is None
    engine.dispose()


@pytest.mark.parametrize("driver", ["sqlite3"])
def test_f1_a_pool_that_is_used_up_at_the_fork_keeps_nobody_waiting(open_backend: Open, driver: str) -> None:
    """Those who waited in the pool of before the fork get their turn in it."""
    backend = open_backend(driver, pool_size=1, max_overflow=0)
    token = backend.sign_up("jane")["jane@example.org"]
    answers: list[Any] = []
    with backend.engine.connect():
        waiting = threading.Thread(target=lambda: answers.append(backend.drive(backend.who(token, 1))))
        waiting.start()
        assert fork(lambda: kinds(backend)).result() == []
    waiting.join()

    assert answers == [{"jane@example.org": 1}]


@pytest.mark.parametrize("driver", ["psycopg"])
def test_f1_a_listener_of_the_hosts_that_fails_keeps_no_engine_from_a_pool_of_its_own(
    open_backend: Open, driver: str
) -> None:
    failing = create_engine("sqlite://")
    backend = open_backend(driver)
    token = backend.sign_up("jane")["jane@example.org"]

    def fail(_: object) -> None:
        raise RuntimeError("no")

    sa.event.listen(failing, "engine_disposed", fail)
    ours, ran = os.getpid(), backend.engine.pool

    def child() -> bool:
        assert os.getpid() != ours
        return backend.engine.pool is not ran and bool(backend.drive(backend.who(token, 1)))

    assert fork(child).result()
    sa.event.remove(failing, "engine_disposed", fail)
