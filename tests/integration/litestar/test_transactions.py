"""The accounts inside the transaction of a host's session, and what a handler shows of a user."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.dto import DTOConfig
from litestar.pagination import OffsetPagination
from litestar.params import FromQuery
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from tests.integration.http.client import PASSWORD
from tests.integration.litestar.hosts import JANE, bearer, client_of, host, host_accounts

from accounts_core import User
from accounts_core.errors import EmailTaken
from accounts_core.model.session import Session
from accounts_core.results import Caller
from accounts_litestar import AccountsInTransaction, AccountsPlugin, SessionDTO, UserDTO
from accounts_sql import AsyncSqlStore, create_async_engine, migrate
from accounts_sql import metadata as accounts_metadata

shops = sa.Table(
    "shops",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("owner", sa.ForeignKey(accounts_metadata.tables["accounts_users"].c.id), nullable=False),
    sa.Column("name", sa.Text, nullable=False, unique=True),
)


@pytest.fixture
def engine(tmp_path: Path) -> AsyncEngine:
    url = f"sqlite:///{tmp_path}/shop.db"
    migrate(url)
    return create_async_engine(url)


def rows(engine: AsyncEngine) -> list[str]:
    with sa.create_engine(f"sqlite:///{engine.url.database}").connect() as connection:
        users = connection.execute(sa.text("SELECT email FROM accounts_users ORDER BY id")).scalars().all()
        owned = connection.execute(sa.text("SELECT name FROM shops ORDER BY id")).scalars().all()
        connection.engine.dispose()
    return [*users, *owned]


@pytest.mark.parametrize("kind", [AsyncSession, AsyncConnection])
def test_a_hosts_session_is_the_transaction(kind: Any, engine: AsyncEngine) -> None:
    auth = AccountsPlugin(host_accounts(AsyncSqlStore(engine)).accounts, migrate=True)

    async def db_session() -> AsyncIterator[Any]:
        if kind is AsyncSession:
            async with AsyncSession(engine) as session, session.begin():
                yield session
        else:
            async with engine.begin() as connection:
                yield connection

    @post("/shops", dependencies={"inside": auth.in_transaction()})
    async def open_shop(
        inside: AccountsInTransaction, db_session: NamedDependency[Any], name: FromQuery[str]
    ) -> Response[None]:
        try:
            user = await inside.register(email=JANE["email"], password=PASSWORD, name="Jane Doe")
        except EmailTaken:
            return Response(None, status_code=409)
        await db_session.execute(shops.insert().values(owner=user.id, name=name))
        if name == "none":
            raise RuntimeError("the host changes its mind")
        return Response(None, status_code=201)

    async def make_tables() -> None:
        async with engine.begin() as connection:
            await connection.run_sync(shops.metadata.create_all)

    app = host(auth, open_shop, dependencies={"db_session": Provide(db_session)}, on_startup=[make_tables])
    with client_of(app) as client:
        assert client.post("/shops?name=none").status_code == 500
        assert rows(engine) == []
        assert client.post("/shops?name=flowers").status_code == 201
        assert rows(engine) == ["jane@example.org", "flowers"]
        assert client.post("/shops?name=second").status_code == 409
        assert rows(engine) == ["jane@example.org", "flowers"]


class Short(UserDTO):
    config = DTOConfig(include={"id", "time_zone"}, rename_strategy="camel")


@get("/user", return_dto=UserDTO)
async def user(current_user: NamedDependency[User]) -> User:
    return current_user


@get("/users", return_dto=UserDTO)
async def users(current_user: NamedDependency[User]) -> list[User]:
    return [current_user]


@get("/short", return_dto=Short)
async def short(current_user: NamedDependency[User]) -> User:
    return current_user


@get("/response", return_dto=UserDTO)
async def response(current_user: NamedDependency[User]) -> Response[User]:
    return Response(current_user)


@get("/page", return_dto=UserDTO)
async def page(current_user: NamedDependency[User]) -> OffsetPagination[User]:
    return OffsetPagination([current_user], limit=1, offset=0, total=1)


@get("/maybe", return_dto=UserDTO)
async def maybe(optional_user: NamedDependency[User | None]) -> User | None:
    return optional_user


@get("/session", return_dto=SessionDTO)
async def session(current_session: NamedDependency[Caller]) -> Session:
    return current_session.session


@get("/plain")
async def plain(current_user: NamedDependency[User]) -> User:
    return current_user


def test_a_dto_shows_the_named_fields_and_no_secret() -> None:
    parts = host_accounts()
    with client_of(host(AccountsPlugin(parts.accounts), user, users, short, session, response, page, maybe)) as client:
        jane = bearer(client)
        shown = {
            "id": 1,
            "email": "jane@example.org",
            "name": "Jane Doe",
            "locale": None,
            "time_zone": None,
            "email_verified_at": None,
            "created_at": "2023-11-06T08:30:09.166789Z",
            "updated_at": "2023-11-06T08:30:09.166789Z",
        }
        assert client.get("/user", headers=jane).json() == shown
        assert client.get("/users", headers=jane).json() == [shown]
        assert client.get("/response", headers=jane).json() == shown
        assert client.get("/page", headers=jane).json() == {"items": [shown], "limit": 1, "offset": 0, "total": 1}
        assert client.get("/maybe", headers=jane).json() == shown
        assert (client.get("/maybe").status_code, client.get("/maybe").content) == (200, b"null")
        assert client.get("/short", headers=jane).json() == {"id": 1, "timeZone": None}
        assert client.get("/session", headers=jane).json().keys() == {"id", "created_at", "last_used_at", "expires_at"}
        schemas = client.get("/schema/openapi.json").json()["components"]["schemas"]
        (name,) = (name for name in schemas if name.startswith("UserUser"))
        assert schemas[name]["properties"].keys() == shown.keys()


def test_a_user_without_a_dto_is_never_sent_with_its_secrets() -> None:
    """E16."""
    with client_of(host(AccountsPlugin(host_accounts().accounts), plain, openapi_config=None)) as client:
        answer = client.get("/plain", headers=bearer(client))

    assert answer.status_code == 500
    assert "hash" not in answer.text
