"""What a unit of work gives a host besides the repositories: its connection, and events inside the transaction."""

# ruff: noqa: PT012  a store refuses at commit: `raises` has to hold the whole unit of work

from typing import Any

import pytest
import sqlalchemy as sa
from tests.integration.sql.backends import ASYNCPG, PSYCOPG, AnySqlStore, Backend

from accounts_core.errors import Conflict, EmailTaken
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.events import DomainEvent, UserRegistered
from accounts_core.model.ids import UserId
from accounts_core.testing.builders import NOON, a_session, a_user, digest_of_session
from accounts_core.testing.harness import keep
from accounts_sql.tables import users

pytestmark = pytest.mark.usefixtures("drive")

REGISTERED = UserRegistered(user_id=UserId(1), at=NOON, email=EmailAddress("user1@example.org"))


async def execute(work: Any, statement: Any) -> Any:
    result = work.connection.execute(statement)
    return await result if hasattr(result, "__await__") else result


async def test_a_hosts_statement_on_the_units_connection_is_part_of_the_unit(store: AnySqlStore) -> None:
    await keep(store, a_user())
    rename = users.update().values(name="Mary Major")

    with pytest.raises(ZeroDivisionError):
        async with store.begin() as work:
            await execute(work, rename)
            assert (await work.users.get(UserId(1))).name == "Mary Major"
            raise ZeroDivisionError
    async with store.reader() as reader:
        assert await reader.users.find(UserId(1)) == a_user()

    async with store.begin() as work:
        await execute(work, rename)
    async with store.reader() as reader:
        assert await reader.users.find(UserId(1)) == a_user(name="Mary Major")


async def test_a_subscriber_writes_on_the_same_connection_and_can_stop_the_unit(backend: Backend) -> None:
    seen: list[int] = []

    async def stop(work: Any, event: DomainEvent) -> None:
        count = await execute(work, sa.select(sa.func.count()).select_from(users))
        seen.append(count.scalar_one())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await keep(backend.store(stop), a_user(), REGISTERED)

    assert seen == [1]
    async with backend.store().reader() as reader:
        assert await reader.users.find(UserId(1)) is None


async def test_a_hosts_own_database_error_comes_through_as_it_is(store: AnySqlStore) -> None:
    await keep(store, a_user())

    with pytest.raises(sa.exc.IntegrityError):
        async with store.begin() as work:
            await execute(work, users.update().values(status=7))


@pytest.mark.parametrize("kind", [EmailTaken, Conflict])
async def test_the_cause_of_a_translated_error_is_the_databases_own(store: AnySqlStore, kind: type[Exception]) -> None:
    await keep(store, a_user())
    refused = a_user(2, email=EmailAddress("user1@example.org")) if kind is EmailTaken else a_session(user_id=9)

    with pytest.raises(kind) as raised:
        await keep(store, refused)

    assert isinstance(raised.value.__cause__, sa.exc.IntegrityError)


async def test_only_the_users_own_address_makes_an_address_taken(store: AnySqlStore) -> None:
    """A second user with the same id is no matter of addresses."""
    await keep(store, a_user())

    with pytest.raises(Conflict):
        await keep(store, a_user(1, email=EmailAddress("other@example.org")))


@pytest.mark.parametrize("backend", [PSYCOPG, ASYNCPG], indirect=True)
async def test_a_new_session_need_not_wait_for_whoever_locked_its_user(backend: Backend) -> None:
    store = backend.store()
    await keep(store, a_user())

    async with store.begin() as work:
        await work.users.get(UserId(1), lock=True)
        await keep(store, a_session())

    async with store.reader() as reader:
        assert await reader.sessions.resolve(digest_of_session("ses_1")) == (a_session(), a_user())
