"""The second pool of an engine, on which limits are counted beside a host's transaction, in a forked process."""

import threading

from tests.integration.forks.children import fork

from accounts_sql import create_engine
from accounts_sql.connections.second_pool import with_own_pool


def test_f1_a_fork_beside_a_thread_that_is_in_the_second_pool_gives_the_child_one_of_its_own(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    own = with_own_pool(engine)
    inside, leave = threading.Event(), threading.Event()

    def session() -> int:
        with own.connect() as connection:
            return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())

    def in_the_pool() -> None:
        with own.pool._pool.mutex:  # type: ignore[attr-defined]  # the lock of a queue's pool has no public name
            inside.set()
            leave.wait()

    def child() -> tuple[int, int]:
        found = session()
        engine.dispose()
        return found, own.pool.checkedin()  # type: ignore[attr-defined]  # as above

    parents = session()
    thread = threading.Thread(target=in_the_pool)
    thread.start()
    inside.wait()
    try:
        childs, kept = fork(child).result()
    finally:
        leave.set()
        thread.join()

    assert childs != parents
    assert kept == 0
    assert session() == parents
    engine.dispose()
