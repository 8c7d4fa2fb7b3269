"""E9: `accounts.in_transaction(...)` on a host's connection or ORM session, with the host's own declarative model."""

# ruff: noqa: PT012  `raises` has to hold the whole savepoint

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session
from tests.driven import accounts_of
from tests.integration.sql.backends import AIOSQLITE, ASYNCPG, PSYCOPG, SQLITE, Backend

from accounts_core import Accounts, BlockingAccounts
from accounts_core.errors import ConfigurationError, EmailTaken
from accounts_core.testing.builders import NOON
from accounts_memory import ManualClock, MemoryGateway, MemoryMailer, PlainHasher
from accounts_sql import (
    AsyncSqlRateLimiter,
    AsyncSqlStore,
    SqlRateLimiter,
    SqlStore,
    create_engine,
    metadata,
    migrate,
)
from accounts_system import SystemSecrets

pytestmark = pytest.mark.usefixtures("drive", "host_tables")

PASSWORD = "correct horse battery staple"
JANE: dict[str, Any] = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane Doe"}
JOHN: dict[str, Any] = {"email": "john@example.org", "password": PASSWORD, "name": "John Roe"}


class Base(orm.DeclarativeBase):
    """The host's."""


class Order(Base):
    """A row of the host's that refers to a user by a foreign key."""

    __tablename__ = "shop_orders"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    user_id: orm.Mapped[int] = orm.mapped_column(
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.ForeignKey(metadata.tables["accounts_users"].c.id)
    )
    note: orm.Mapped[str] = orm.mapped_column(sa.Text())


def ports(store: Any) -> dict[str, Any]:
    clock, secrets = ManualClock(NOON), SystemSecrets()
    return {
        "store": store,
        "payments": MemoryGateway(clock=clock, secrets=secrets),
        "passwords": PlainHasher(),
        "mailer": MemoryMailer(),
        "clock": clock,
        "secrets": secrets,
    }


@pytest.fixture
def accounts(backend: Backend) -> Accounts:
    """The facade for coroutines, which a store that never suspends serves too."""
    return accounts_of(**ports(backend.store()))


@pytest.fixture
def host_tables(backend: Backend) -> Iterator[None]:
    engine = create_engine(backend.url)
    Order.__table__.create(engine)  # type: ignore[attr-defined]
    yield
    Order.__table__.drop(engine)  # type: ignore[attr-defined]
    engine.dispose()


async def waited(value: Any) -> Any:
    return await value if hasattr(value, "__await__") else value


class HostSession:
    """A session of either kind behind one set of coroutines."""

    def __init__(self, session: Any) -> None:
        self.session = session

    def add(self, row: Any) -> None:
        self.session.add(row)

    async def commit(self) -> None:
        await waited(self.session.commit())

    async def rollback(self) -> None:
        await waited(self.session.rollback())

    async def flush(self) -> None:
        await waited(self.session.flush())

    @asynccontextmanager
    async def nested(self) -> AsyncIterator[Any]:
        transaction = self.session.begin_nested()
        if isinstance(self.session, AsyncSession):
            async with transaction:
                yield transaction
        else:
            with transaction:
                yield transaction


@asynccontextmanager
async def opened_session(backend: Backend, **options: Any) -> AsyncIterator[HostSession]:
    if backend.is_async:
        async with AsyncSession(backend.engine, **options) as session:
            yield HostSession(session)
    else:
        with orm.Session(backend.engine, **options) as session:
            yield HostSession(session)


async def kept(backend: Backend) -> tuple[list[str], list[str]]:
    """Return the notes of the orders and the addresses of the users, as another connection sees them."""
    engine = create_engine(backend.url)
    try:
        with engine.connect() as connection:
            notes = connection.execute(sa.select(Order.note).order_by(Order.id)).scalars().all()
            users = metadata.tables["accounts_users"]
            emails = connection.execute(sa.select(users.c.email).order_by(users.c.id)).scalars().all()
            return list(notes), list(emails)
    finally:
        engine.dispose()


@pytest.mark.parametrize("backend", [SQLITE, AIOSQLITE, PSYCOPG, ASYNCPG], indirect=True)
async def test_a_user_and_a_row_that_refers_to_it_are_committed_together(backend: Backend, accounts: Accounts) -> None:
    """The session begins by itself, and the order refers to a user that only this transaction has."""
    async with opened_session(backend) as host:
        jane = await accounts.in_transaction(host.session).register(**JANE)
        host.add(Order(user_id=jane.id, note="first"))
        await host.commit()

    assert await kept(backend) == (["first"], ["jane@example.org"])


async def test_the_hosts_roll_back_takes_both(backend: Backend, accounts: Accounts) -> None:
    async with opened_session(backend) as host:
        jane = await accounts.in_transaction(host.session).register(**JANE)
        host.add(Order(user_id=jane.id, note="first"))
        await host.flush()
        await host.rollback()

    assert await kept(backend) == ([], [])


async def test_nothing_is_kept_when_the_host_forgets_to_commit(backend: Backend, accounts: Accounts) -> None:
    async with opened_session(backend) as host:
        await accounts.in_transaction(host.session).register(**JANE)

    assert await kept(backend) == ([], [])


async def test_the_hosts_new_rows_are_flushed_before_the_accounts_work(backend: Backend, accounts: Accounts) -> None:
    """An order that waits in the session is there when its user is read, as before a query of the session's own."""
    jane = await accounts.register(**JANE)
    async with opened_session(backend) as host:
        order = Order(user_id=jane.id, note="pending")
        host.add(order)
        assert order not in sa.inspect(order).session.identity_map.values()  # type: ignore[union-attr]

        await accounts.in_transaction(host.session).profile(jane.id)

        assert sa.inspect(order).persistent
        await host.rollback()


async def test_a_session_that_does_not_flush_by_itself_is_not_flushed(backend: Backend, accounts: Accounts) -> None:
    jane = await accounts.register(**JANE)
    async with opened_session(backend, autoflush=False) as host:
        order = Order(user_id=jane.id, note="pending")
        host.add(order)

        await accounts.in_transaction(host.session).update_profile(jane.id, name="Jane Roe")

        assert sa.inspect(order).pending
        await host.commit()
    assert await kept(backend) == (["pending"], ["jane@example.org"])


async def test_a_flush_that_fails_is_the_hosts_own_error(backend: Backend, accounts: Accounts) -> None:
    async with opened_session(backend) as host:
        host.add(Order(user_id=4711, note="of nobody"))
        with pytest.raises(sa.exc.IntegrityError):
            await accounts.in_transaction(host.session).register(**JANE)
        await host.rollback()

    assert await kept(backend) == ([], [])


async def test_a_savepoint_of_the_host_takes_back_what_was_done_within_it(backend: Backend, accounts: Accounts) -> None:
    async with opened_session(backend) as host:
        inside = accounts.in_transaction(host.session)
        jane = await inside.register(**JANE)
        with pytest.raises(ZeroDivisionError):
            async with host.nested():
                john = await inside.register(**JOHN)
                host.add(Order(user_id=john.id, note="of john"))
                raise ZeroDivisionError
        async with host.nested():
            host.add(Order(user_id=jane.id, note="of jane"))
        await host.commit()

    assert await kept(backend) == (["of jane"], ["jane@example.org"])


async def test_a_savepoint_that_comes_first_is_taken_back_with_the_transaction(
    backend: Backend, accounts: Accounts
) -> None:
    """On SQLite the driver has not begun by then, and releasing an outermost savepoint commits."""
    async with opened_session(backend) as host:
        async with host.nested():
            jane = await accounts.in_transaction(host.session).register(**JANE)
            host.add(Order(user_id=jane.id, note="first"))
        await host.rollback()

    assert await kept(backend) == ([], [])


async def test_a_refusal_leaves_the_hosts_transaction_usable(backend: Backend, accounts: Accounts) -> None:
    jane = await accounts.register(**JANE)
    async with opened_session(backend) as host:
        host.add(Order(user_id=jane.id, note="before"))
        with pytest.raises(EmailTaken):
            await accounts.in_transaction(host.session).register(**JANE)
        host.add(Order(user_id=jane.id, note="after"))
        await host.commit()

    assert await kept(backend) == (["before", "after"], ["jane@example.org"])


@pytest.mark.parametrize("backend", [PSYCOPG, ASYNCPG], indirect=True)
async def test_a_transaction_in_which_a_statement_of_the_hosts_failed_is_refused_with_what_to_do(
    backend: Backend, accounts: Accounts
) -> None:
    async with opened_session(backend) as host:
        with pytest.raises(sa.exc.ProgrammingError):
            await waited(host.session.execute(sa.text("SELECT * FROM nowhere")))
        with pytest.raises(ConfigurationError, match="roll it back and begin again"):
            await accounts.in_transaction(host.session).register(**JANE)
        await host.rollback()
        await accounts.in_transaction(host.session).register(**JANE)
        await host.commit()

    assert await kept(backend) == ([], ["jane@example.org"])


async def test_a_facade_goes_on_in_the_sessions_next_transaction(backend: Backend, accounts: Accounts) -> None:
    async with opened_session(backend) as host:
        inside = accounts.in_transaction(host.session)
        await inside.register(**JANE)
        await host.commit()
        await inside.register(**JOHN)
        await host.rollback()

    assert await kept(backend) == ([], ["jane@example.org"])


async def test_a_session_on_a_connection_is_joined_there(backend: Backend, accounts: Accounts) -> None:
    """As test suites do, which roll everything back at the end."""
    if backend.is_async:
        async with backend.engine.connect() as connection:
            outer = await connection.begin()
            async with AsyncSession(bind=connection, join_transaction_mode="create_savepoint") as session:
                await accounts.in_transaction(session).register(**JANE)
                await session.commit()
                assert await accounts.in_transaction(connection).find_user(email=JANE["email"]) is not None
            await outer.rollback()
    else:
        with backend.engine.connect() as connection:
            outer = connection.begin()
            with orm.Session(bind=connection, join_transaction_mode="create_savepoint") as session:
                await accounts.in_transaction(session).register(**JANE)
                session.commit()
                assert await accounts.in_transaction(connection).find_user(email=JANE["email"]) is not None
            outer.rollback()

    assert await kept(backend) == ([], [])


async def test_a_connection_is_joined_as_a_session_is(backend: Backend, accounts: Accounts) -> None:
    if backend.is_async:
        async with backend.engine.begin() as connection:
            await accounts.in_transaction(connection).register(**JANE)
    else:
        with backend.engine.begin() as connection:
            await accounts.in_transaction(connection).register(**JANE)

    assert await kept(backend) == ([], ["jane@example.org"])


async def test_a_scoped_session_is_the_one_in_use(backend: Backend, accounts: Accounts) -> None:
    """As Flask-SQLAlchemy's `db.session` is: made at import, before there is a session."""
    current: list[Any] = [None]
    scoped: Any
    if backend.is_async:
        scoped = async_scoped_session(lambda: AsyncSession(backend.engine), scopefunc=lambda: current[0])  # type: ignore[arg-type]
        accounts = accounts.on(AsyncSqlStore(scoped))
    else:
        scoped = orm.scoped_session(lambda: orm.Session(backend.engine), scopefunc=lambda: current[0])  # type: ignore[arg-type]
        accounts = accounts.on(SqlStore(scoped))
    for current[0], person, how in (("first", JANE, "commit"), ("second", JOHN, "rollback")):
        await accounts.register(**person)
        await waited(getattr(scoped, how)())
        await waited(scoped.remove())

    assert await kept(backend) == ([], ["jane@example.org"])


async def test_a_subscriber_works_in_the_same_transaction(backend: Backend) -> None:
    seen: list[Any] = []

    async def subscriber(work: Any, event: Any) -> None:
        seen.append((type(event).__name__, work.connection.in_transaction()))

    accounts: Accounts = accounts_of(**ports(backend.store(subscriber)))
    async with opened_session(backend) as host:
        await accounts.in_transaction(host.session).register(**JANE)
        await host.rollback()

    assert seen == [("UserRegistered", True)]


async def test_mails_wait_for_the_commit(backend: Backend, accounts: Accounts) -> None:
    mailer: Any = accounts._mailer
    async with opened_session(backend) as host:
        await accounts.in_transaction(host.session).register(**JANE)
        assert mailer.delivered == []
        await host.commit()

    assert [job.topic for job in await accounts.list_outbox()] == ["verification_mail"]


@pytest.mark.parametrize("backend", [SQLITE], indirect=True)
def test_the_blocking_facade_works_in_a_session(backend: Backend) -> None:
    accounts: BlockingAccounts = BlockingAccounts(**ports(backend.store()))
    with orm.Session(backend.engine) as session, session.begin():
        jane = accounts.in_transaction(session).register(**JANE)
        session.add(Order(user_id=jane.id, note="first"))

    assert accounts.profile(jane.id) == jane


async def test_a_stores_prefix_and_limits_are_those_of_the_facade_in_a_transaction(backend: Backend) -> None:
    migrate(backend.url, prefix="shop_users_")
    engine = backend.new_engine()
    asynchronous = backend.is_async
    store: Any = (AsyncSqlStore if asynchronous else SqlStore)(engine, prefix="shop_users_")
    limits: Any = (AsyncSqlRateLimiter if asynchronous else SqlRateLimiter)(engine, prefix="shop_users_")
    accounts: Accounts = accounts_of(**ports(store), limits=limits)
    async with opened_session(backend) as host:
        jane = await accounts.in_transaction(host.session).register(**JANE, client="192.0.2.7")
        assert await accounts.in_transaction(host.session).profile(jane.id) == jane
        await host.commit()

    assert await accounts.profile(jane.id) == jane
    assert await kept(backend) == ([], [])
    await backend.dispose(engine)
    migrate(backend.url, "base", prefix="shop_users_")
