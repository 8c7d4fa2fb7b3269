"""Profile data on each driver: as the host's own SQL sees it, and in the host's own transaction."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from tests.customers import CUSTOMER, Address, Customer, CustomerCodec
from tests.driven import accounts_of
from tests.integration.sql.backends import Backend
from tests.integration.sql.test_host_connection import connected
from tests.integration.sql.test_in_transaction import JANE, ports

from accounts_core import Accounts, ProfileType
from accounts_core.model.events import DomainEvent, ProfileChanged, UserRegistered
from accounts_sql.tables import users

pytestmark = pytest.mark.usefixtures("drive")

BOOKSHOP = Customer(company="Caf\u00e9 \U0001f469", seats=2**63 - 1, address=Address(city="Lyon"))


def accounts_on(store: Any, kind: ProfileType[Any] = CUSTOMER) -> Accounts[Customer]:
    return accounts_of(**ports(store), profile_type=kind)


async def selected(backend: Backend, statement: Any) -> list[Any]:
    async with connected(backend) as host:
        result = host.connection.execute(statement)
        return [tuple(row) for row in (await result if backend.is_async else result)]


async def test_profile_data_is_there_for_the_hosts_own_queries(backend: Backend) -> None:
    accounts = accounts_on(backend.store())
    user = await accounts.register(**JANE, profile=BOOKSHOP)
    assert (await accounts.profile(user.id)).profile == BOOKSHOP
    await accounts.update_profile(user.id, profile={"seats": 2})

    is_postgres = backend.url.startswith("postgresql")
    company = (
        sa.cast(users.c.profile, postgresql.JSON)["company"].astext
        if is_postgres
        else sa.func.json_extract(users.c.profile, "$.company")
    )
    assert await selected(backend, sa.select(company, users.c.profile_version)) == [("Caf\u00e9 \U0001f469", 1)]
    assert await selected(backend, sa.text("SELECT count(*) FROM accounts_users WHERE profile IS NULL")) == [(0,)]


async def test_a_user_without_a_type_has_nulls(backend: Backend) -> None:
    accounts = accounts_of(**ports(backend.store()))
    user = await accounts.register(**JANE)
    await accounts.update_profile(user.id, name="Mary")
    await accounts.authenticate((await accounts.sign_in(email=JANE["email"], password=JANE["password"])).token)

    found = await selected(backend, sa.text("SELECT profile, profile_version FROM accounts_users"))
    assert found == [(None, None)]


class Refusing:
    """A host's subscriber that keeps what it hears, and refuses one company, as a unique constraint would."""

    def __init__(self) -> None:
        self.heard: list[DomainEvent] = []

    async def __call__(self, work: Any, event: DomainEvent) -> None:
        if isinstance(event, UserRegistered | ProfileChanged):
            self.heard.append(event)
            profile = event.profile if isinstance(event, UserRegistered) else event.after
            if profile.company == "taken":
                raise LookupError


@pytest.mark.parametrize("is_stored", [True, False])
async def test_what_a_subscriber_raises_undoes_the_change(backend: Backend, is_stored: bool) -> None:
    refusing = Refusing()
    kind = ProfileType(codec=CustomerCodec(), stored=is_stored)
    accounts = accounts_on(backend.store(refusing), kind)
    with pytest.raises(LookupError):
        await accounts.register(**JANE, profile={"company": "taken"})
    user = await accounts.register(**JANE, profile={"company": "free"})
    with pytest.raises(LookupError):
        await accounts.update_profile(user.id, name="Mary", profile={"company": "taken"})

    found = await accounts.profile(user.id)
    assert found.name == "Jane Doe"
    assert (await selected(backend, sa.text("SELECT count(profile) FROM accounts_users"))) == [(int(is_stored),)]
    if is_stored:
        assert found.profile.company == "free"
    assert [type(event).__name__ for event in refusing.heard] == ["UserRegistered", "UserRegistered", "ProfileChanged"]


@pytest.mark.parametrize("end", ["commit", "rollback"])
async def test_the_data_is_part_of_the_hosts_transaction(backend: Backend, end: str) -> None:
    accounts = accounts_on(backend.store())
    async with connected(backend) as host:
        inside = accounts.in_transaction(host.connection)
        user = await inside.register(**JANE, profile=BOOKSHOP)
        assert (await inside.update_profile(user.id, profile={"seats": 3})).profile.seats == 3
        await host.end(end)

    found = await selected(backend, sa.text("SELECT count(profile) FROM accounts_users"))
    assert found == [(int(end == "commit"),)]
