"""docs/litestar.md and docs/mounting.md: their programs run as they stand there."""

import importlib
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
import sqlalchemy as sa
from litestar import Litestar
from litestar.testing import TestClient
from tests.documents import ROOT, programs
from tests.integration.http.client import problem
from tests.integration.litestar.hosts import JANE, bearer, host_accounts

import accounts_litestar
from accounts_litestar import AccountsPlugin
from accounts_sql import create_engine

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it prefers another client than httpx
    from fastapi.testclient import TestClient as FastAPIClient

LITESTAR: Final = ROOT / "docs" / "litestar.md"
MOUNTING: Final = ROOT / "docs" / "mounting.md"

Run = Callable[[Path, str], dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run the one program of a page with these words in it, and return its names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for program in programs(LITESTAR):
        if program.file is not None:
            (tmp_path / program.file).write_text(program.text)

    def run(page: Path, words: str) -> dict[str, Any]:
        (program,) = (each for each in programs(page) if words in each.text and each.file is None)
        module = ModuleType("program")
        monkeypatch.setitem(sys.modules, "program", module)  # where Litestar looks for the names of annotations
        exec(compile(program.text, str(page), "exec"), module.__dict__)
        return module.__dict__

    yield run
    sys.modules.pop("bookstore", None)


def app_of(*handlers: Any, plugins: Any) -> Litestar:
    return Litestar(list(handlers), plugins=[plugins], logging_config=None)


def test_the_first_program_is_an_application(run: Run) -> None:
    shop = importlib.import_module("bookstore")
    with TestClient(shop.app) as client:
        problem(client.get("/me"), 401, "token-required")
        jane = bearer(client)
        assert client.get("/me", headers=jane).json() == {"name": "Jane Doe"}
        assert client.get("/verify-email").status_code == 200

    names = run(LITESTAR, "class Orders(Controller)")
    with TestClient(app_of(names["Orders"], plugins=shop.auth)) as client:
        problem(client.get("/orders"), 401, "token-required")
        assert client.get("/orders", headers=jane).json() == []
        assert client.get("/orders/terms").text == "Everybody may read this."

    names = run(LITESTAR, "class ShortUser(UserDTO)")
    with TestClient(app_of(names["me"], plugins=shop.auth)) as client:
        assert client.get("/me", headers=jane).json() == {"id": 1, "name": "Jane Doe"}

    names = run(LITESTAR, "provide_session")
    with TestClient(app_of(names["open_shop"], plugins=shop.auth)) as client:
        problem(client.post("/shops"), 409, "email-taken")

    with create_engine("sqlite:///shop.db").begin() as connection:
        connection.execute(sa.text("CREATE TABLE shop_roles (user_id INTEGER, role TEXT)"))
    with TestClient(app_of(names["all_shops"], plugins=shop.auth)) as client:
        problem(client.get("/shops/all"), 401, "token-required")
        refused = client.get("/shops/all", headers=jane)
        assert (refused.status_code, refused.json()["detail"]) == (403, "This is for the role admin.")
        with create_engine("sqlite:///shop.db").begin() as connection:
            connection.execute(sa.text("INSERT INTO shop_roles VALUES (1, 'admin')"))
        assert client.get("/shops/all", headers=jane).json() == {"admin": "Jane Doe"}


def test_the_application_is_mounted_in_fastapi(run: Run) -> None:
    outer = run(MOUNTING, "def shop(accounts: Accounts)")["shop"](host_accounts().accounts)
    with FastAPIClient(outer) as client:
        assert client.get("/accounts/health/ready").json() == {"status": "ok"}
        assert client.get("/accounts/schema/openapi.json").json()["servers"] == [{"url": "/accounts"}]


def test_the_service_is_mounted_in_fastapi(run: Run) -> None:
    with FastAPIClient(run(MOUNTING, "accounts_service.asgi")["app"]) as client:
        assert client.post("/accounts/api/auth/register", json=JANE).status_code == 201


def test_the_table_of_dependencies_names_all_of_them() -> None:
    told = set(re.findall(r"`((?:current|optional|recent)_(?:user|session))`", LITESTAR.read_text()))

    assert told == {name for name in vars(AccountsPlugin) if re.fullmatch(r"\w+_(user|session)", name)}


def test_the_page_names_what_a_host_imports() -> None:
    page = LITESTAR.read_text()
    for name in ("AccountsPlugin", "AccountsInTransaction", "UserDTO", "SessionDTO", "Refused"):
        assert name in accounts_litestar.__all__
        assert name in page
