"""F1: what was in use at the moment of the fork is the parent's, and a clear error in the child."""

import gc
import threading
from typing import Any

import pytest
import sqlalchemy as sa
from tests.integration.forks.children import fork
from tests.integration.forks.conftest import Open
from tests.integration.forks.ways import DRIVERS, SERVERS, SYNC, Way

from accounts_core.model.ids import UserId
from accounts_core.testing.builders import NOON
from accounts_sql import SqlLimits, SqlStore

JANE = UserId(1)
FEW = 25

FORKED, NO_SQLITE = "InheritedConnection", "InheritedSqlite"


def kinds(way: Way, *steps: Any) -> list[str]:
    """Take each step in this process; return the name of what it raised, or of what it returned."""
    names = []
    with way.anew() as drive:
        for step in steps:
            try:
                names.append(type(drive(step())).__name__)
            except Exception as error:  # noqa: BLE001  it is what is looked at
                names.append(type(error).__name__)
    return names


@pytest.mark.parametrize("leaving", [None, RuntimeError], ids=["committing", "rolling back"])
@pytest.mark.parametrize("driver", DRIVERS)
def test_f1_an_open_unit_is_the_parents_and_an_error_in_the_child(
    open_way: Open, driver: str, leaving: type[Exception] | None
) -> None:
    way = open_way(driver)
    token = way.sign_up("jane")["jane@example.org"]

    async def forking() -> Any:
        opened = way.store.begin()
        work = await opened.__aenter__()
        jane = await work.users.get(JANE)
        saved = await work.users.save(jane.rename("Jane Doe", at=NOON))

        async def find_anew() -> Any:
            async with way.store.read() as views:
                return await views.users.find(JANE)

        async def leave() -> Any:
            return await opened.__aexit__(leaving, leaving() if leaving else None, None)

        child = fork(lambda: kinds(way, lambda: work.users.get(JANE), leave, find_anew))
        seen = child.result()
        assert await work.users.get(JANE) == saved
        await opened.__aexit__(None, None, None)
        return seen

    own = "User" if driver in SERVERS else NO_SQLITE
    left = FORKED if leaving is None else "RuntimeError"
    assert way.drive(forking()) in ([FORKED, left, own], [FORKED, "bool", own])
    assert way.drive(way.who(token, FEW)) == {"jane@example.org": FEW}

    async def find() -> Any:
        async with way.store.read() as views:
            return (await views.users.find(JANE)).name

    assert way.drive(find()) == "Jane Doe"


@pytest.mark.parametrize("driver", SYNC)
def test_f1_a_hosts_open_transaction_is_the_parents_and_an_error_in_the_child(open_way: Open, driver: str) -> None:
    way = open_way(driver)
    way.sign_up("jane")

    with way.engine.begin() as connection:
        store = SqlStore(connection)
        connection.execute(sa.text("SELECT 1"))

        async def find() -> Any:
            async with store.read() as views:
                return await views.users.find(JANE)

        def child() -> list[str]:
            async def of_the_hosts_own() -> Any:
                return connection.execute(sa.text("SELECT 1"))

            async def commit() -> Any:
                return connection.commit()

            seen = kinds(way, find, of_the_hosts_own, commit)
            connection.close()
            return seen

        assert fork(child).result() == [FORKED, FORKED, FORKED]
        assert kinds(way, find) == ["User"]


@pytest.mark.parametrize("driver", DRIVERS)
def test_f1_what_the_garbage_collector_finds_in_the_child_does_nothing_to_the_parent(
    open_way: Open, driver: str
) -> None:
    way = open_way(driver)
    token = way.sign_up("jane")["jane@example.org"]

    def child() -> bool:
        way.engine.pool  # noqa: B018  used, and left to itself
        gc.collect()
        with way.anew() as drive:
            drive(way.who(token, 1))
        gc.collect()
        return True

    assert fork(child).result()
    assert way.drive(way.who(token, FEW)) == {"jane@example.org": FEW}


@pytest.mark.parametrize("driver", SYNC)
def test_f1_a_fork_beside_busy_threads_hangs_nobody(open_way: Open, driver: str) -> None:
    way = open_way(driver)
    token = way.sign_up("jane")["jane@example.org"]
    stopping = threading.Event()
    answers: list[dict[str, int]] = []

    def busy() -> None:
        while not stopping.is_set():
            answers.append(way.drive(way.who(token, 1)))

    def child() -> dict[str, int]:
        with way.anew() as drive:
            known: dict[str, int] = drive(way.who(token, FEW))
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


@pytest.mark.parametrize("driver", SYNC)
def test_f1_locks_of_the_pool_that_another_thread_holds_are_not_the_childs(open_way: Open, driver: str) -> None:
    way = open_way(driver)
    token = way.sign_up("jane")["jane@example.org"]
    pool: Any = way.pool
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with pool._overflow_lock, pool._pool.mutex:
            held.set()
            done.wait()

    # on SQLite the fork itself waits for whoever is in the pool, as it should: a pool that nobody uses is held here
    if driver == "sqlite3":
        pool = SqlLimits(way.engine)._engine.pool
    thread = threading.Thread(target=hold)
    if driver == "psycopg":
        thread.start()
        held.wait()
    try:
        child = fork(lambda: way.drive(way.who(token, FEW)))
        assert child.result() == {"jane@example.org": FEW}
    finally:
        done.set()
        if thread.ident:
            thread.join()


@pytest.mark.parametrize("driver", SYNC)
def test_f1_a_lock_of_sqlalchemys_events_that_another_thread_holds_is_not_the_childs(
    open_way: Open, driver: str
) -> None:
    way = open_way(driver)
    token = way.sign_up("jane")["jane@example.org"]
    mutex = way.pool.dispatch.connect._get_exec_once_mutex()
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with mutex:
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        assert fork(lambda: way.drive(way.who(token, FEW))).result() == {"jane@example.org": FEW}
    finally:
        done.set()
        thread.join()
