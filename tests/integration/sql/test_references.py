"""E11: a host's table refers to a user, and nobody told the accounts what to do with its rows."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from tests.driven import accounts_of
from tests.integration.sql.backends import AIOSQLITE, SQLITE, Backend

from accounts_core import Accounts
from accounts_core.errors import ConfigurationError, Conflict, StillReferenced
from accounts_core.model import DeletionPreview, User, UserId
from accounts_core.testing.builders import NOON, a_team
from accounts_core.testing.harness import keep
from accounts_memory import ManualClock, MemoryGateway, MemoryMailer, PlainHasher, SequenceSecrets

pytestmark = pytest.mark.usefixtures("drive")

PASSWORD = "correct horse battery staple"
IMMEDIATE, RESTRICT, DEFERRED = "", "ON DELETE RESTRICT", "DEFERRABLE INITIALLY DEFERRED"
ORDER = "INSERT INTO host_orders (id, user_id) SELECT 1, max(id) FROM accounts_users"
REFUSAL = (
    " still refers to a row that was to be deleted. Give the accounts an OwnedData that deletes these rows or removes"
    " the reference: owned_data=[...]."
)


@pytest.fixture(params=[IMMEDIATE, RESTRICT, DEFERRED], ids=["immediate", "restrict", "deferred, as Django has it"])
def host_table(request: pytest.FixtureRequest, backend: Backend) -> Iterator[None]:
    backend.drive(
        _host(
            backend,
            "CREATE TABLE host_orders (id INTEGER PRIMARY KEY, user_id BIGINT NOT NULL CONSTRAINT orders_of_user"
            f" REFERENCES accounts_users (id) {request.param})",
        )
    )
    yield
    backend.drive(_host(backend, "DROP TABLE host_orders"))


async def _host(backend: Backend, statement: str) -> None:
    """Run a statement of the host's own, and commit."""
    async with backend.store().begin() as work:
        result = work.connection.execute(sa.text(statement))
        if backend.is_async:
            await result


def accounts_over(backend: Backend, **others: Any) -> Accounts[Any]:
    clock, secrets = ManualClock(NOON), SequenceSecrets()
    ports: dict[str, Any] = {
        "store": backend.store(),
        "payments": MemoryGateway(clock=clock, secrets=secrets),
        "passwords": PlainHasher(),
        "mailer": MemoryMailer(),
        "clock": clock,
        "secrets": secrets,
        "limits": None,
        **others,
    }
    return accounts_of(**ports)


async def with_an_order(backend: Backend, accounts: Accounts[Any]) -> User:
    user = await accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")
    await _host(backend, ORDER)
    return user


def named(backend: Backend) -> str:
    return "host_orders" if backend.driver in (SQLITE, AIOSQLITE) else "host_orders (constraint orders_of_user)"


@pytest.mark.usefixtures("host_table")
async def test_the_refusal_names_the_table_and_what_to_give(backend: Backend) -> None:
    accounts = accounts_over(backend)
    user = await with_an_order(backend, accounts)

    for delete in (accounts.delete_user(user.id, password=PASSWORD), accounts.erase_user(user.id)):
        with pytest.raises(ConfigurationError) as refusal:
            await delete
        assert str(refusal.value) == f"The table {named(backend)}{REFUSAL}"
    assert await accounts.profile(user.id) == user


class Orders:
    """The host's orders, which go with their user. Another one comes in between, as often as it is told to."""

    def __init__(self, backend: Backend, *, late: int = 0) -> None:
        self._backend, self._late = backend, late

    async def preview(self, work: Any, user_id: UserId) -> DeletionPreview:
        return DeletionPreview()

    async def export(self, work: Any, user_id: UserId) -> dict[str, int]:
        return {}

    async def erase(self, work: Any, user_id: UserId) -> None:
        statements = ["DELETE FROM host_orders"]
        if self._late:
            self._late -= 1
            statements.append(ORDER)
        for statement in statements:
            result = work.connection.execute(sa.text(statement))
            if self._backend.is_async:
                await result

    async def disassociate(self, work: Any, user_id: UserId) -> None: ...


@pytest.mark.usefixtures("host_table")
@pytest.mark.parametrize("late", [0, 1])
async def test_with_owned_data_it_goes_even_if_a_row_comes_in_between(backend: Backend, late: int) -> None:
    accounts = accounts_over(backend, owned_data=[Orders(backend, late=late)])
    user = await with_an_order(backend, accounts)

    await accounts.delete_user(user.id, password=PASSWORD)

    assert await accounts_over(backend).list_sessions(user.id) == []


async def test_a_row_of_our_own_is_a_conflict_as_before(backend: Backend) -> None:
    accounts = accounts_over(backend)
    user = await accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")
    await keep(backend.store(), a_team(owner_id=user.id))

    with pytest.raises(Conflict) as refusal:
        async with backend.store().begin() as work:
            await work.users.delete(user.id)
    assert not isinstance(refusal.value, StillReferenced)


async def test_a_table_that_refers_to_a_team_is_named_too(backend: Backend) -> None:
    accounts = accounts_over(backend)
    user = await accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")
    await keep(backend.store(), a_team(owner_id=user.id))
    await _host(
        backend,
        "CREATE TABLE host_projects (id INTEGER PRIMARY KEY, team_id BIGINT NOT NULL CONSTRAINT projects_of_team"
        " REFERENCES accounts_teams (id))",
    )
    await _host(backend, "INSERT INTO host_projects (id, team_id) SELECT 1, id FROM accounts_teams")

    with pytest.raises(ConfigurationError, match="The table host_projects"):
        await accounts.delete_team(user.id, a_team().id)

    await _host(backend, "DROP TABLE host_projects")
