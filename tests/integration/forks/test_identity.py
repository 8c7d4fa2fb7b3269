"""F1: nobody is answered with somebody else after a fork, and nobody hangs."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from tests.integration.forks.children import fork, in_children
from tests.integration.forks.conftest import Open
from tests.integration.forks.drivers import ASYNC, MOST_DRIVERS, SERVERS, Backend

from accounts_core.errors import RateLimitExceeded
from accounts_core.ports.rate_limiter import RateLimit
from accounts_core.testing.builders import NOON

TIMES = 400
"""As often as in the report, in which 186 to 382 of the answers were the other person."""


FEW = 25


def asking(backend: Backend, token: str, times: int) -> Callable[[], dict[str, int]]:
    def ask() -> dict[str, int]:
        with backend.anew() as drive:
            answers: dict[str, int] = drive(backend.who(token, times))
            return answers

    return ask


@pytest.mark.parametrize("driver", ["sqlite3", "aiosqlite", "psycopg", "asyncpg"])
def test_f1_two_children_and_their_parent_each_get_their_own_person(open_backend: Open, driver: str) -> None:
    answer_each_with_themselves(open_backend(driver), TIMES)


@pytest.mark.parametrize("driver", MOST_DRIVERS)
def test_f1_it_is_so_for_the_hosts_own_engine(open_backend: Open, driver: str) -> None:
    answer_each_with_themselves(open_backend(driver, of_the_host=True), FEW)


def answer_each_with_themselves(backend: Backend, times: int) -> None:
    tokens = backend.sign_up("jane", "john", "parent")
    answers: list[dict[str, int]] = []
    connected: list[object] = []
    sa.event.listen(backend.pool, "connect", lambda connection, _: connected.append(connection))

    def in_parent() -> None:
        answers.append(backend.drive(backend.who(tokens["parent@example.org"], times)))

    children = in_children(
        asking(backend, tokens["jane@example.org"], times),
        asking(backend, tokens["john@example.org"], times),
        meanwhile=in_parent,
    )

    assert children == [{"jane@example.org": times}, {"john@example.org": times}]
    assert answers == [{"parent@example.org": times}]
    # a child that ended took nothing of its parent's with it
    in_parent()
    assert answers[-1] == {"parent@example.org": times}
    if backend.driver in SERVERS:
        assert connected == [], "the parent had to connect anew"


@pytest.mark.parametrize("driver", MOST_DRIVERS)
def test_f1_a_child_of_a_child_has_connections_of_its_own(open_backend: Open, driver: str) -> None:
    backend = open_backend(driver)
    tokens = backend.sign_up("jane", "john")
    jane, john = tokens["jane@example.org"], tokens["john@example.org"]

    def child() -> list[dict[str, int]]:
        with backend.anew() as drive:
            before = drive(backend.who(jane, FEW))
            grandchild = fork(asking(backend, john, FEW))
            return [before, drive(backend.who(jane, FEW)), grandchild.result()]

    assert fork(child).result() == [{"jane@example.org": FEW}, {"jane@example.org": FEW}, {"john@example.org": FEW}]


@pytest.mark.parametrize("driver", MOST_DRIVERS)
def test_f1_what_children_write_is_kept_when_they_and_the_parent_have_closed(open_backend: Open, driver: str) -> None:
    backend = open_backend(driver)
    backend.sign_up("jane")

    def child(name: str) -> None:
        async def register() -> None:
            await backend.accounts.register(
                email=f"{name}@example.org", password="correct horse battery staple", name=name
            )

        with backend.anew() as drive:
            drive(register())

    async def dispose() -> None:
        if driver in ASYNC:
            await backend.engine.dispose()
        else:
            backend.engine.dispose()

    # on SQLite the last to close removes the log of what is not in the file yet
    in_children(partial(child, "john"), partial(child, "joan"), meanwhile=lambda: backend.drive(dispose()))

    async def known() -> list[str]:
        async with backend.store.begin() as work:
            found = [await work.users.get(number) for number in (1, 2, 3)]
        return sorted(user.name for user in found)

    assert backend.drive(known()) == ["jane", "joan", "john"]


@pytest.mark.parametrize("driver", ASYNC)
def test_f1_a_child_that_a_running_event_loop_forks_has_a_loop_and_connections_of_its_own(
    open_backend: Open, driver: str
) -> None:
    backend = open_backend(driver)
    tokens = backend.sign_up("jane", "john")

    async def forking() -> tuple[Any, dict[str, int]]:
        await backend.who(tokens["jane@example.org"], 1)
        child = fork(lambda: asyncio.run(backend.who(tokens["john@example.org"], FEW)))
        meanwhile = await backend.who(tokens["jane@example.org"], FEW)
        return child.result(), meanwhile

    assert backend.drive(forking()) == ({"john@example.org": FEW}, {"jane@example.org": FEW})
    assert backend.drive(backend.who(tokens["jane@example.org"], FEW)) == {"jane@example.org": FEW}


@pytest.mark.parametrize("driver", MOST_DRIVERS)
def test_f1_limits_count_the_attempts_of_every_child(open_backend: Open, driver: str) -> None:
    backend = open_backend(driver)
    scopes = {"everybody": RateLimit(10, timedelta(hours=1))}
    backend.drive(backend.limits.consume("sign-in", scopes, now=NOON))

    def child() -> int:
        async def spending() -> int:
            counted = 0
            for _ in range(6):
                try:
                    await backend.limits.consume("sign-in", scopes, now=NOON)
                    counted += 1
                except RateLimitExceeded:
                    pass
            return counted

        with backend.anew() as drive:
            return int(drive(spending()))

    assert sum(in_children(child, child)) == 9
