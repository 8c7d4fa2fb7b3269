"""docs/fastapi.md: its programs run as they stand there."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from tests.documents import ROOT, programs
from tests.integration.fastapi.hosts import JANE, bearer, client_of

from accounts_fastapi import FastAPIAccounts
from accounts_sql import create_engine

PAGE: Final = ROOT / "docs" / "fastapi.md"
SHOP: Final = "teashop"

Run = Callable[[str], dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run the one program of the page with these words in it, and return its names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (shop,) = (program for program in programs(PAGE) if program.file is not None)
    (tmp_path / f"{SHOP}.py").write_text(shop.text)

    def run(words: str) -> dict[str, Any]:
        (program,) = (each for each in programs(PAGE) if words in each.text and each.file is None)
        names: dict[str, Any] = {"__name__": "program"}
        exec(compile(program.text, str(PAGE), "exec"), names)
        return names

    yield run
    sys.modules.pop(SHOP, None)


def test_the_first_program_is_an_application_and_the_last_its_test(run: Run) -> None:
    run("def test_me")["test_me"]()

    paths = sys.modules[SHOP].app.openapi()["paths"]
    assert paths["/me"]["get"]["security"] == [{"accountsBearer": []}, {"accountsPassword": []}]


def test_the_routes_of_the_page_ask_for_a_user(run: Run) -> None:
    router = run("router = APIRouter(dependencies")["router"]
    app = sys.modules[SHOP].app
    app.include_router(router)

    with client_of(app) as client:
        assert (client.get("/orders").status_code, client.delete("/shop").status_code) == (401, 401)


def test_a_shop_is_opened_in_the_hosts_transaction(run: Run) -> None:
    router = run("def open_shop")["router"]
    app = sys.modules[SHOP].app
    app.include_router(router)

    with client_of(app) as client:
        assert (client.post("/shops").status_code, client.post("/shops").status_code) == (201, 409)


def test_a_role_is_in_a_table_of_the_hosts(run: Run) -> None:
    names, shop = run("def open_shop"), sys.modules[SHOP]
    shop.app.include_router(names["router"])

    with client_of(shop.app) as client:
        headers = bearer(client, shop.accounts)
        with create_engine("sqlite:///shop.db").begin() as connection:
            names["roles"].create(connection)
        refused = client.get("/shops/all", headers=headers)
        assert (refused.status_code, refused.json()) == (403, {"detail": "This is for the role admin."})
        with create_engine("sqlite:///shop.db").begin() as connection:
            connection.execute(names["roles"].insert().values(user_id=1, role="admin"))
        assert client.get("/shops/all").status_code == 401
        assert client.get("/shops/all", headers=headers).json() == {"admin": "Jane Doe"}


def test_what_install_does_is_done_by_hand(run: Run) -> None:
    app = run("app.include_router(auth")["app"]

    with client_of(app) as client:
        assert client.post("/people/api/auth/register", json=JANE).status_code == 201
        assert client.get("/people/verify-email").status_code == 200
        document = client.get("/openapi.json").json()
    assert document["info"]["title"] == "Shop"
    assert "AccessToken" in document["components"]["schemas"]
    assert document["paths"]["/people/api/auth/login"]["post"]["tags"][0] == "People"


def test_the_page_names_what_an_application_uses() -> None:
    names = set(re.findall(r"auth\.(\w+)", PAGE.read_text()))
    public = {name for name in vars(FastAPIAccounts) if not name.startswith("_")} | set(FastAPIAccounts.__annotations__)

    assert names == public
