"""The host's AsyncSession as the transaction of the accounts."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Any

import attrs
import pytest
import sqlalchemy as sa
from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import orm
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from tests.integration.fastapi.hosts import Host, TestClient, client_of, host_accounts
from tests.integration.http.client import PASSWORD, URN

from accounts_core import Accounts
from accounts_fastapi import FastAPIAccounts
from accounts_sql import AsyncSqlStore, create_async_engine, metadata, migrate


class Base(orm.DeclarativeBase): ...


class Shop(Base):
    __tablename__ = "shops"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    owner: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey(metadata.tables["accounts_users"].c.id))
    name: orm.Mapped[str] = orm.mapped_column(unique=True)


@attrs.frozen(kw_only=True)
class Shops:
    """A host whose sign-up makes a user and a shop."""

    client: TestClient
    host: Host
    engine: AsyncEngine

    def sign_up(self, **fields: Any) -> Any:
        return self.client.post("/sign-up", params={"email": "jane@example.org", "shop": "Tea", "then": "", **fields})

    def count(self) -> tuple[int, int, int]:
        """Return the number of users, shops, and jobs."""

        async def count() -> tuple[int, int, int]:
            async with self.engine.connect() as connection:
                tables = [metadata.tables["accounts_users"], Shop.__table__, metadata.tables["accounts_outbox"]]
                counts = [
                    (await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()
                    for table in tables
                ]
            return counts[0], counts[1], counts[2]

        assert self.client.portal is not None
        return self.client.portal.call(count)


@pytest.fixture(params=["function", pytest.param("request", marks=pytest.mark.long)])
def shops(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shops]:
    url = f"sqlite:///{tmp_path}/accounts.db"
    migrate(url)
    engine = create_async_engine(url)
    host = host_accounts(AsyncSqlStore(engine))
    auth = FastAPIAccounts(host.accounts)
    app = FastAPI()

    async def get_session() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine) as session, session.begin():
            yield session

    @app.post("/sign-up", status_code=201)
    async def sign_up(
        email: str,
        shop: str,
        then: str,
        session: Annotated[AsyncSession, Depends(get_session, scope=request.param)],
        accounts: Annotated[Accounts, Depends(auth.in_transaction(get_session, scope=request.param))],
    ) -> int:
        user = await accounts.register(email=email, password=PASSWORD, name="Jane Doe")
        session.add(Shop(owner=user.id, name=shop))
        await session.flush()
        if then == "refuse":
            raise HTTPException(402)
        if then == "break":
            raise ValueError
        return int(user.id)

    auth.install(app)
    with client_of(app, raise_server_exceptions=False) as client:
        assert client.portal is not None

        async def create() -> None:
            async with engine.begin() as connection:
                await connection.run_sync(Base.metadata.create_all)

        client.portal.call(create)
        yield Shops(client=client, host=host, engine=engine)
        client.portal.call(engine.dispose)


def test_a_user_and_a_row_of_the_host_are_one_transaction(shops: Shops) -> None:
    answer = shops.sign_up()

    assert (answer.status_code, answer.json()) == (201, 1)
    assert shops.count() == (1, 1, 1)
    assert shops.host.mails.delivered == []  # not before the commit


@pytest.mark.parametrize(("then", "status"), [("refuse", 402), ("break", 500)])
def test_a_rolled_back_registration_leaves_nothing(shops: Shops, then: str, status: int) -> None:
    assert shops.sign_up(then=then).status_code == status

    assert shops.count() == (0, 0, 0)
    assert shops.sign_up().status_code == 201


def test_the_hosts_own_error_rolls_the_registration_back(shops: Shops) -> None:
    assert shops.sign_up().status_code == 201
    assert shops.sign_up(email="john@example.org").status_code == 500  # the name of the shop is taken

    assert shops.count() == (1, 1, 1)


def test_a_refused_registration_rolls_the_host_back(shops: Shops) -> None:
    assert shops.sign_up().status_code == 201

    answer = shops.sign_up(shop="Coffee")

    assert (answer.status_code, answer.json()["type"]) == (409, URN + "email-taken")
    assert shops.count() == (1, 1, 1)


def test_the_same_session_gives_the_same_dependency_which_a_test_can_override() -> None:
    auth = FastAPIAccounts(host_accounts().accounts)

    async def get_session() -> None: ...

    assert auth.in_transaction(get_session) is auth.in_transaction(get_session)
    assert auth.in_transaction(get_session) is not auth.in_transaction(get_session, scope="function")
