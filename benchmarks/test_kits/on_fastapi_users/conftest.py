import re
from collections.abc import Iterator

import host
import pytest
import time_machine
from fastapi.testclient import TestClient
from fastapi_users.password import PasswordHelper
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import StaticPool, update
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine


class Mails(list[tuple[str, str, str]]):
    def token(self, to: str) -> str:
        link = [link for address, _, link in self if address == to][-1]
        return re.search(r"token=(.+)", link)[1]


class Users:
    def __init__(self, client: TestClient, mails: Mails) -> None:
        self.client = client
        self.mails = mails

    def sign_up(self, email: str, password: str, company: str = "Acme") -> None:
        body = {"email": email, "password": password, "company": company}
        answer = self.client.post("/auth/register", json=body)
        assert answer.status_code == 201, answer.text

    def verified(self, email: str = "jane@example.org", password: str = "correct horse battery staple") -> None:
        self.sign_up(email, password)
        self.client.post("/auth/verify", json={"token": self.mails.token(email)})
        self.mails.clear()

    def sign_in(self, email: str, password: str):
        return self.client.post("/auth/login", data={"username": email, "password": password})

    def deactivate(self, email: str) -> None:
        async def change() -> None:
            async with host.new_session() as session:
                await session.execute(update(host.User).where(host.User.email == email).values(is_active=False))
                await session.commit()

        self.client.portal.call(change)


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Mails:
    mails = Mails()
    monkeypatch.setattr(host, "send_mail", lambda to, subject, link: mails.append((to, subject, link)))
    return mails


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, mails: Mails) -> Iterator[TestClient]:
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
    monkeypatch.setattr(host, "new_session", async_sessionmaker(engine, expire_on_commit=False))
    cheap = PasswordHelper(PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)))
    monkeypatch.setattr(host.UserManager, "__init__", _with_helper(host.UserManager.__init__, cheap))

    async def create_tables() -> None:
        async with engine.begin() as connection:
            await connection.run_sync(host.Base.metadata.create_all)

    with TestClient(host.app) as client:
        client.portal.call(create_tables)
        yield client
        client.portal.call(engine.dispose)


def _with_helper(init, helper):
    return lambda manager, user_db: init(manager, user_db, helper)


@pytest.fixture
def users(client: TestClient, mails: Mails) -> Users:
    return Users(client, mails)


@pytest.fixture
def clock():
    with time_machine.travel("2030-01-07T12:00:00+00:00", tick=False) as clock:
        yield clock
