"""E9: what `accounts.in_transaction(...)` refuses, with what to give instead."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.asyncio import AsyncSession
from tests.driven import accounts_of
from tests.integration.sql.backends import SQLITE, Backend
from tests.integration.sql.test_in_transaction import JANE, opened_session, ports, waited

from accounts_core import Accounts, BlockingAccounts
from accounts_core.errors import ConfigurationError
from accounts_core.model.ids import UserId
from accounts_memory import MemoryStore
from accounts_sql import AsyncSqlStore, SqlStore, create_async_engine, create_engine

pytestmark = pytest.mark.usefixtures("drive")


@pytest.fixture
def accounts(backend: Backend) -> Accounts:
    return accounts_of(**ports(backend.store()))


async def test_a_closed_connection_is_refused_with_what_to_do(backend: Backend, accounts: Accounts) -> None:
    if backend.is_async:
        async with backend.engine.connect() as connection:
            inside = accounts.in_transaction(connection)
    else:
        with backend.engine.connect() as connection:
            inside = accounts.in_transaction(connection)

    with pytest.raises(ConfigurationError, match="connection is closed"):
        accounts.in_transaction(connection)
    with pytest.raises(ConfigurationError, match="connection is closed"):
        await inside.register(**JANE)


async def test_a_session_that_may_not_begin_is_refused(backend: Backend, accounts: Accounts) -> None:
    """Closed for good, told not to begin by itself, or of several databases."""
    async with opened_session(backend, autobegin=False) as host:
        with pytest.raises(ConfigurationError, match="no open transaction to take part in: Autobegin is disabled"):
            await accounts.in_transaction(host.session).register(**JANE)
    async with opened_session(backend, close_resets_only=False) as host:
        pass
    with pytest.raises(ConfigurationError, match=r"no open transaction to take part in: .*permanently closed"):
        await accounts.in_transaction(host.session).profile(UserId(1))
    make_session: Any = AsyncSession if backend.is_async else orm.Session
    unbound = make_session()
    with pytest.raises(ConfigurationError, match="no database of its own, or several: give the connection"):
        await accounts.in_transaction(unbound).register(**JANE)
    await waited(unbound.close())


def wrong_things() -> Iterator[Any]:
    sync, asynchronous = create_engine("sqlite://"), create_async_engine("sqlite://")
    both: dict[str, tuple[Any, str]] = {
        "a text": ("postgresql://u:secret@h/d", "not this str. Make an engine of the URL first"),
        "a URL": (sa.make_url("postgresql://u:secret@h/d"), "not this URL. Make an engine of the URL first"),
        "a session's maker": (orm.sessionmaker(sync), "not this sessionmaker. Open a session first"),
        "the class": (orm.Session, "not the class Session."),
        "nothing": (None, "not this NoneType."),
        "a driver's own": (object(), "not this object. A driver's own connection is not enough"),
    }
    for name, (thing, message) in both.items():
        yield pytest.param(SqlStore(sync), thing, message, id=f"{name}, to a SqlStore")
        yield pytest.param(AsyncSqlStore(asynchronous), thing, message, id=f"{name}, to an AsyncSqlStore")
    yield pytest.param(SqlStore(sync), sync, "An engine has no open transaction", id="an engine")
    yield pytest.param(AsyncSqlStore(asynchronous), asynchronous, "An engine has no open", id="an async engine")
    yield pytest.param(SqlStore(sync), AsyncSession(asynchronous), "use AsyncSqlStore, and Accounts", id="async, sync")
    yield pytest.param(
        AsyncSqlStore(asynchronous), orm.Session(sync), "use SqlStore, and BlockingAccounts", id="sync, async"
    )
    yield pytest.param(AsyncSqlStore(asynchronous), asynchronous.connect(), "is not open: await it", id="not yet open")


@pytest.mark.parametrize(("store", "thing", "message"), list(wrong_things()))
@pytest.mark.parametrize("backend", [SQLITE], indirect=True)
def test_a_wrong_thing_is_refused_with_what_to_give(store: Any, thing: Any, message: str, backend: Backend) -> None:
    accounts: Accounts = accounts_of(**ports(store))
    with pytest.raises(ConfigurationError) as refused:
        accounts.in_transaction(thing)
    assert message in str(refused.value)
    assert "secret" not in str(refused.value)
    if not isinstance(thing, sa.Engine) and "Engine" not in type(thing).__name__:
        with pytest.raises(ConfigurationError) as given:
            type(store)(thing)
        assert "secret" not in str(given.value)


@pytest.mark.parametrize("backend", [SQLITE], indirect=True)
def test_the_transaction_that_begin_returns_is_refused(backend: Backend) -> None:
    accounts: BlockingAccounts = BlockingAccounts(**ports(backend.store()))
    with (
        backend.engine.connect() as connection,
        connection.begin() as transaction,
        pytest.raises(ConfigurationError, match="Give the connection or session that it belongs to"),
    ):
        accounts.in_transaction(transaction)


@pytest.mark.parametrize("backend", [SQLITE], indirect=True)
def test_a_store_in_memory_has_no_transaction_to_share(backend: Backend) -> None:
    accounts: BlockingAccounts = BlockingAccounts(**ports(MemoryStore()))
    with (
        orm.Session(backend.engine) as session,
        pytest.raises(ConfigurationError, match=r"MemoryStore has no database and cannot take part.*this Session"),
    ):
        accounts.in_transaction(session)
