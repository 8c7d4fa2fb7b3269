"""docs/coming-from-fastapi-users.md: its programs, the import of users with their passwords, and the table of calls."""

import re
import runpy
import uuid
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient
from tests.documents import ROOT, programs

from accounts_argon2 import Argon2Hasher
from accounts_core import Accounts, BlockingAccounts
from accounts_core.errors import AccountDeactivated, InvalidCredentials
from accounts_http.problems import PROBLEM_TYPES, TYPE_PREFIX
from accounts_litestar import create_app
from accounts_memory import MemoryGateway, MemoryMailer, MemoryStore, PlainHasher
from accounts_sql import SqlStore, create_engine
from accounts_system import SystemClock, SystemSecrets

PAGE: Final = ROOT / "docs" / "coming-from-fastapi-users.md"
TEXT: Final = PAGE.read_text()
HOSTS: Final = ROOT / "benchmarks" / "hosts"
PASSWORD: Final = "correct horse battery staple"

# made by fastapi-users 15 (pwdlib 0.3), of PASSWORD
ARGON2: Final = "$argon2id$v=19$m=65536,t=3,p=4$nJJ85qOBNLEuZd2JdiUuMw$TZ1dideJSpNURnpUHzqjO2492qDz+DClYl0llcbi1HM"
BCRYPT: Final = "$2b$12$C.bBgVBNhUZoFN1cxiS9ReCHuCLu.upLrRj8P.TEvSy5CuP4s/lVC"
ROWS: Final = re.findall(r"^\|.*\| `(POST|PUT|GET) (/api/[\w/-]+)`[^|]*\| (\d{3}) \|$", TEXT, re.MULTILINE)


def test_both_programs_are_those_that_are_checked_and_counted() -> None:
    (after, _) = programs(PAGE)

    assert after.file == "host.py"
    assert after.text.lstrip("\n") == (HOSTS / "on_fastapi" / "host.py").read_text()
    assert (
        f"```python fragment: fastapi-users is not a dependency\n{(HOSTS / 'on_fastapi_users/host.py').read_text()}```"
        in (TEXT)
    )


def fill(url: str) -> None:
    """Make the table of fastapi-users with the users that it may have."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                'CREATE TABLE "user" (id CHAR(36) PRIMARY KEY, email VARCHAR(320) NOT NULL UNIQUE,'
                " hashed_password VARCHAR(1024) NOT NULL, is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL,"
                " is_verified BOOLEAN NOT NULL)"
            )
        )
        for email, hashed, is_active, is_verified in (
            ("jane@example.org", ARGON2, True, True),
            ("john@example.org", ARGON2, False, True),
            ("mary@example.org", BCRYPT, True, False),
            ("no address", ARGON2, True, False),
        ):
            connection.execute(
                sa.text('INSERT INTO "user" VALUES (:id, :email, :hashed, :is_active, :no, :is_verified)'),
                {
                    "id": str(uuid.uuid4()),
                    "email": email,
                    "hashed": hashed,
                    "is_active": is_active,
                    "no": False,
                    "is_verified": is_verified,
                },
            )
    engine.dispose()


def test_users_are_taken_over_with_their_passwords(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(database_url)
    _, script = programs(PAGE)
    file = tmp_path / str(script.file)
    file.write_text(script.text)
    monkeypatch.setenv("DATABASE_URL", database_url)

    def run() -> str:
        found = runpy.run_path(str(file), run_name="__main__")
        found["engine"].dispose()
        return capsys.readouterr().out

    first, second = run(), run()

    engine, clock, secrets = create_engine(database_url), SystemClock(), SystemSecrets()
    accounts = BlockingAccounts(
        store=SqlStore(engine),
        payments=MemoryGateway(clock, secrets),
        passwords=Argon2Hasher(),
        mailer=(mailer := MemoryMailer()),
        clock=clock,
        secrets=secrets,
    )
    assert re.search(r"^not imported: \S+ .*\n4 users, 0 imported before\n$", first)
    assert second.endswith("4 users, 3 imported before\n")
    signed_in = accounts.sign_in(email="JANE@example.org", password=PASSWORD)
    assert (signed_in.user.name, signed_in.user.is_email_verified) == ("jane", True)
    jane = accounts.find_user(email="jane@example.org")
    assert jane.password_hash.reveal().startswith("$argon2id$v=19$m=19456,t=2,p=1$")  # of this cost now
    with pytest.raises(AccountDeactivated):
        accounts.sign_in(email="john@example.org", password=PASSWORD)
    with pytest.raises(InvalidCredentials):
        accounts.sign_in(email="mary@example.org", password=PASSWORD)
    accounts.forgot_password(email="mary@example.org")
    assert [notice.kind.value for notice in mailer.delivered][-1] == "reset_password"
    with engine.connect() as connection:
        kept = connection.execute(sa.text("SELECT new FROM shop_imported_users")).scalars().all()
    assert sorted(kept) == sorted(
        accounts.find_user(email=f"{name}@example.org").id for name in ("jane", "john", "mary")
    )
    accounts.close()


@pytest.fixture
def mailer() -> MemoryMailer:
    return MemoryMailer()


def test_the_paths_and_statuses_are_those_of_the_calls(mailer: MemoryMailer) -> None:
    clock, secrets = SystemClock(), SystemSecrets()
    accounts = Accounts(
        store=MemoryStore(),
        payments=MemoryGateway(clock, secrets),
        passwords=PlainHasher(),
        mailer=mailer,
        clock=clock,
        secrets=secrets,
        limits=None,
    )
    told = {(method, path): int(status) for method, path, status in ROWS}
    assert len(told) == 9
    found: dict[tuple[str, str], int] = {}
    headers: dict[str, str] = {}

    with TestClient(create_app(accounts)) as client:

        def call(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
            answer = client.request(method, path, json=body, headers=headers)
            found[method, path] = answer.status_code
            return answer

        jane = {"email": "jane@example.org", "password": PASSWORD}
        call("POST", "/api/auth/register", jane | {"name": "Jane"})
        headers["Authorization"] = "Bearer " + call("POST", "/api/auth/login", jane).json()["access_token"]
        call("GET", "/api/users/current")
        call("PUT", "/api/users/current", {"name": "Jane Roe"})
        call("POST", "/api/auth/verify-email/resend")
        call("POST", "/api/auth/verify-email", {"token": mailer.delivered[-1].values["token"]})
        call("POST", "/api/auth/forgot-password", {"email": jane["email"]})
        call("POST", "/api/auth/logout")
        token = mailer.delivered[-1].values["token"]
        headers.clear()
        call("POST", "/api/auth/reset-password", {"token": token, "password": "a long and quiet river"})

    assert found == told


def test_the_problems_are_in_the_table_of_errors() -> None:
    named = set(re.findall(rf"(\d{{3}}) `{TYPE_PREFIX}([\w-]+)`", TEXT))

    assert len(named) == 5
    assert named <= {(str(kind.status), kind.name) for kind in PROBLEM_TYPES.values()}
