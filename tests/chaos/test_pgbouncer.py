"""Behind a PgBouncer that pools by transaction: whoever speaks next on a server connection finds nothing of others."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import attrs
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session
from tests.chaos.bouncer import find_pgbouncer, running_pgbouncer
from tests.chaos.cluster import Cluster, server_folder
from tests.chaos.disasters import nothing, under_load
from tests.chaos.services import Programs
from tests.integration.processes.programs import StripeServer

from accounts_core.errors import AccountsError
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.ports.store import Store
from accounts_core.sync import run_sync
from accounts_core.testing.builders import a_session, a_user, digest_of_session
from accounts_core.testing.harness import keep
from accounts_sql import AsyncSqlStore, SqlStore, create_async_engine, create_engine, migrate

PROGRAM: Final = find_pgbouncer()
CONNECTIONS: Final = 3
CLIENTS: Final = 8
ROUNDS: Final = 25
ANSWERS: Final = 100
SEED: Final = 1

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")


@pytest.fixture
def bouncer_url(cluster: Cluster) -> Iterator[str]:
    """The URL of an empty database behind a PgBouncer that has fewer connections than clients."""
    assert PROGRAM is not None
    database = cluster.create_database()
    with server_folder() as folder, running_pgbouncer(PROGRAM, cluster, folder, connections=CONNECTIONS) as port:
        yield sa.make_url(database).set(port=port).update_query_dict({"pgbouncer": "true"}).render_as_string(False)


async def read_and_write(store: Store[Any], number: int) -> list[str]:
    """Read what is one's own, with lone statements and in units of work, and return what was not as it should be."""
    wrong: list[str] = []
    user = a_user(number)
    session = a_session(f"ses_{number}", user_id=number)
    for name in (f"Jane {turn}" for turn in range(ROUNDS)):
        try:
            async with store.reader() as reader:
                found = await reader.sessions.resolve(digest_of_session(session.id))
                cards = await reader.payment_methods.list_for_user(user.id)
            if found is None or found != (session, user) or list(cards):
                wrong.append(f"{number} read {found} and {cards}")
            async with store.begin() as work:
                user = await work.users.get(UserId(number), lock=True)
                user = await work.users.save(attrs.evolve(user, name=name))
        except AccountsError as error:
            wrong.append(f"{number}: {error!r} from {error.__cause__!r}")
    return wrong


def test_clients_of_both_drivers_take_turns_on_few_connections(bouncer_url: str) -> None:
    migrate(bouncer_url)
    blocking = create_engine(bouncer_url)
    users = [entity for n in range(1, CLIENTS + 1) for entity in (a_user(n), a_session(f"ses_{n}", user_id=n))]
    run_sync(keep(SqlStore(blocking), *users))

    async def everybody() -> list[list[str]]:
        engines = [create_async_engine(bouncer_url) for _ in range(2)]
        evens = [read_and_write(AsyncSqlStore(engines[n // 2 % 2]), n) for n in range(2, CLIENTS + 1, 2)]
        odds = [
            asyncio.to_thread(lambda n: run_sync(read_and_write(SqlStore(blocking), n)), n)
            for n in range(1, CLIENTS + 1, 2)
        ]
        found = await asyncio.gather(*evens, *odds)
        for engine in engines:
            await engine.dispose()
        return found

    wrong = [text for each in asyncio.run(everybody()) for text in each]
    left = prepared_statements(blocking)
    blocking.dispose()
    assert wrong == []
    assert left == {}, "statements that nobody will ever close"


def prepared_statements(engine: sa.Engine) -> dict[int, int]:
    """Count them on each server connection: each is taken by a transaction that is open as long as the others are."""
    held = [engine.connect() for _ in range(CONNECTIONS)]
    count = "SELECT pg_backend_pid(), count(*) FROM pg_prepared_statements GROUP BY 1"
    found = {row[0]: row[1] for connection in held for row in connection.execute(sa.text(count))}
    for connection in held:
        connection.close()
    return found


@pytest.mark.long
def test_a_service_behind_it_does_all_that_it_does_elsewhere(
    programs: Programs, stripe: StripeServer, bouncer_url: str
) -> None:
    env = under_load(programs, stripe, bouncer_url, nothing(ANSWERS), seed=SEED)

    assert env.journal.violations == []
    assert env.journal.unavailable == 0
    assert env.journal.acknowledged.total() > 0


def test_accounts_in_a_hosts_transaction_stand_and_fall_with_it(bouncer_url: str) -> None:
    """E31: a host's session, on each driver, with more hosts at once than server connections."""
    migrate(bouncer_url)
    engine = create_engine(bouncer_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE orders (user_id bigint NOT NULL, round integer NOT NULL)"))
    order = sa.text("INSERT INTO orders VALUES (:user_id, :round)")
    users = range(1, CLIENTS + 1)

    def blocking(number: int) -> None:
        for turn in range(ROUNDS):
            with Session(engine) as session:
                store = SqlStore(session)
                session.execute(order, {"user_id": number, "round": turn})
                run_sync(keep(store, a_user(number * 1000 + turn, email=EmailAddress(f"{number}.{turn}@example.org"))))
                (session.commit if turn % 2 else session.rollback)()

    async def asynchronous(asynchronous_engine: AsyncEngine, number: int) -> None:
        for turn in range(ROUNDS):
            async with AsyncSession(asynchronous_engine) as session:
                store = AsyncSqlStore(session)
                await session.execute(order, {"user_id": number, "round": turn})
                await keep(store, a_user(number * 1000 + turn, email=EmailAddress(f"{number}.{turn}@example.org")))
                await (session.commit if turn % 2 else session.rollback)()

    async def everybody() -> None:
        url = sa.make_url(bouncer_url)
        engines = [create_async_engine(url), create_async_engine(url.set(drivername="postgresql+psycopg"))]
        async with asyncio.TaskGroup() as group:
            for number in users:
                if number % 3:
                    group.create_task(asynchronous(engines[number % 3 - 1], number))
                else:
                    group.create_task(asyncio.to_thread(blocking, number))
        for each in engines:
            await each.dispose()

    asyncio.run(everybody())

    with engine.connect() as connection:
        orders = connection.execute(sa.text("SELECT user_id, round FROM orders ORDER BY 1, 2")).all()
        kept = connection.execute(sa.text("SELECT id / 1000, id % 1000 FROM accounts_users ORDER BY 1, 2")).all()
    left = prepared_statements(engine)
    engine.dispose()
    assert orders == kept == [(number, turn) for number in users for turn in range(1, ROUNDS, 2)]
    assert left == {}
