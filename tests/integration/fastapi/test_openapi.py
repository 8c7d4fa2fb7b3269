"""The calls in a FastAPI host's own OpenAPI document."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Annotated, Any

import attrs
import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR
from tests.integration.fastapi.hosts import JANE, client_of, host_accounts
from tests.integration.http.openapi import document as document_of_the_service
from tests.integration.http.stripe_events import checking
from tests.unit.profiles.kinds import AttrsCustomer

from accounts_core import User
from accounts_core.errors import ConfigurationError
from accounts_fastapi import FastAPIAccounts, HttpOptions
from accounts_profiles import profile_type
from accounts_system import SystemClock


class Team(BaseModel):
    """A model of the host, whose name one of the components has as well."""

    members: list[str]


class Problem(BaseModel):
    wrong: bool


def host(**how: Any) -> FastAPI:
    app = FastAPI(**how)

    @app.get("/team")
    async def team() -> Team:
        return Team(members=[])

    @app.get("/problem")
    async def problem() -> Problem:
        return Problem(wrong=True)

    return app


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def validate(document: dict[str, Any]) -> None:
    document = deepcopy(document)
    for scheme in document["components"].get("securitySchemes", {}).values():
        for flow in scheme.get("flows", {}).values():
            # the schema of OpenAPI 3.1 takes no relative URL here; its text does (4.6)
            flow["tokenUrl"] = f"https://shop.example/{flow['tokenUrl']}"
    OPENAPI_31_VALIDATOR.validate(document)


def check(document: dict[str, Any]) -> None:
    """Check that a document is valid, and that all that it refers to is there."""
    validate(document)
    text = json.dumps(document)
    schemas = set(document["components"]["schemas"])
    assert set(re.findall(r'"#/components/schemas/([^"]+)"', text)) <= schemas
    assert "x-accounts" not in text
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    schemes = set(document["components"].get("securitySchemes", ()))
    for _, _, operation in operations(document):
        assert {name for each in operation.get("security", ()) for name in each} <= schemes
        links = [link for response in operation["responses"].values() for link in response.get("links", {}).values()]
        assert {link["operationId"] for link in links} <= set(ids)


def test_the_document_has_every_call_as_the_bundled_service_documents_it() -> None:
    app = FastAPI()
    auth = FastAPIAccounts(
        host_accounts().accounts, options=HttpOptions(webhook=checking(SystemClock()), password_form=False)
    )
    auth.install(app)
    app.include_router(auth.health_router)

    document, expected = app.openapi(), document_of_the_service()

    check(document)
    assert document["components"]["schemas"] == expected["components"]["schemas"]
    assert {(path, method): operation for path, method, operation in operations(document)} == {
        (path, method): operation for path, method, operation in operations(expected)
    }


def test_a_model_of_the_host_keeps_its_name() -> None:
    app = host()
    auth = FastAPIAccounts(host_accounts().accounts)
    auth.install(app)

    document = app.openapi()

    check(document)
    schemas = document["components"]["schemas"]
    assert set(schemas["Problem"]["properties"]) == {"wrong"}
    assert "detail" in schemas["AccountsProblem"]["properties"]
    refused = document["paths"]["/api/auth/login"]["post"]["responses"]["401"]["content"]
    assert refused["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/AccountsProblem"}
    shown = document["paths"]["/problem"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert shown == {"$ref": "#/components/schemas/Problem"}
    assert app.openapi() is document


def test_a_model_of_the_host_keeps_the_name_that_ours_would_get_then() -> None:
    class AccountsProblem(BaseModel):
        debts: int

    app = host()
    FastAPIAccounts(host_accounts().accounts).install(app)

    @app.get("/debts")
    async def debts() -> AccountsProblem:
        return AccountsProblem(debts=1)

    document = app.openapi()

    check(document)
    schemas = document["components"]["schemas"]
    assert set(schemas["AccountsProblem"]["properties"]) == {"debts"}
    refused = document["paths"]["/api/auth/login"]["post"]["responses"]["401"]["content"]
    assert refused["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/AccountsAccountsProblem"}
    assert "detail" in schemas["AccountsAccountsProblem"]["properties"]


def test_a_prefix_is_in_the_paths() -> None:
    app = host()
    auth = FastAPIAccounts(host_accounts().accounts)
    app.include_router(auth.router, prefix="/shop", tags=["Shop"])

    document = auth.complete_openapi(app.openapi())

    check(document)
    ours = [(path, operation) for path, _, operation in operations(document) if path not in {"/team", "/problem"}]
    assert len(ours) > 40
    for path, operation in ours:
        assert path.startswith("/shop/api/")
        assert operation["tags"][0] == "Shop"


def test_some_calls_bring_only_their_components() -> None:
    app = FastAPI()
    auth = FastAPIAccounts(host_accounts().accounts)
    app.include_router(auth.user_router)

    document = auth.complete_openapi(app.openapi())

    check(document)
    assert {path for path in document["paths"] if not path.startswith("/api/v1/user")} == set()
    assert "PaymentMethodObject" not in document["components"]["schemas"]
    assert "accountsPassword" not in document["components"]["securitySchemes"]


def test_routes_of_the_host_say_how_to_sign_in_and_what_happens_without() -> None:
    app = FastAPI()
    auth = FastAPIAccounts(host_accounts().accounts)
    auth.install(app)

    @app.get("/me")
    async def me(user: Annotated[User, Depends(auth.current_user)]) -> str:
        return user.name

    operation = app.openapi()["paths"]["/me"]["get"]

    assert operation["security"] == [{"accountsBearer": []}, {"accountsPassword": []}]
    assert list(operation["responses"]["401"]["content"]) == ["application/problem+json"]
    check(app.openapi())


@pytest.mark.parametrize("prefix", ["", "/shop"])
def test_the_form_of_the_documentation_gets_its_token_below_the_prefix(prefix: str) -> None:
    app = FastAPI()
    auth = FastAPIAccounts(host_accounts().accounts)
    app.include_router(auth.router, prefix=prefix)
    document = auth.complete_openapi(app.openapi())

    url = document["components"]["securitySchemes"]["accountsPassword"]["flows"]["password"]["tokenUrl"]

    assert url == f"{prefix}/api/auth/token".removeprefix("/")
    with client_of(app) as client:
        client.post(f"{prefix}/api/auth/register", json=JANE)
        form = {"grant_type": "password", "username": JANE["email"], "password": JANE["password"]}
        answer = client.post("/" + url, data=form, headers={"Authorization": "Basic Og=="})
    assert (answer.status_code, answer.json()["token_type"]) == (200, "bearer")


def test_profile_data_is_in_the_document() -> None:
    app = host()
    auth = FastAPIAccounts(host_accounts(profile_type=profile_type(AttrsCustomer)).accounts)
    auth.install(app)

    check(app.openapi())
    assert "AccountsProfile" in app.openapi()["components"]["schemas"]


def test_a_document_of_the_hosts_own_is_completed_when_the_application_starts() -> None:
    app = host()
    auth = FastAPIAccounts(host_accounts().accounts)
    auth.install(app)

    def own() -> dict[str, Any]:
        return {**get_openapi(title="Own", version="7", routes=app.routes), "x-logo": "own.png"}

    app.openapi = own  # type: ignore[method-assign]  # as FastAPI's documentation does
    with client_of(app) as client:
        for _ in range(2):
            document = client.get("/openapi.json").json()
            check(document)
            assert (document["info"]["title"], document["x-logo"]) == ("Own", "own.png")
            assert "AccessToken" in document["components"]["schemas"]


def test_a_document_that_nobody_completes_refers_to_nothing_that_is_not_there() -> None:
    app = host()
    auth = FastAPIAccounts(host_accounts(profile_type=profile_type(AttrsCustomer)).accounts)
    app.include_router(auth.router)

    document = app.openapi()

    validate(document)
    schemes = document["components"]["securitySchemes"]
    assert {name: (each["type"], each["scheme"]) for name, each in schemes.items()} == {
        "accountsBearer": ("http", "bearer")
    }
    assert document["paths"]["/api/users/current"]["get"]["security"] == [{"accountsBearer": []}]
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert references <= set(document["components"]["schemas"])
    content = document["paths"]["/api/auth/login"]["post"]["responses"]["200"]["content"]
    assert "access_token" in content["application/json"]["schema"]["properties"]


def test_two_kinds_of_accounts_have_names_of_their_own() -> None:
    app = host()
    customers, staff = host_accounts(), host_accounts(profile_type=profile_type(AttrsCustomer))
    auth = FastAPIAccounts(customers.accounts)
    staff_auth = FastAPIAccounts(staff.accounts, name="staff", options=HttpOptions(path="/staff"))
    auth.install(app)
    staff_auth.install(app)
    staff_auth.install(app)

    @app.get("/desk")
    async def desk(user: Annotated[User, Depends(staff_auth.current_user)]) -> str:
        return user.name

    document = app.openapi()

    check(document)
    assert document["paths"]["/staff/api/auth/login"]["post"]["operationId"] == "staffLogin"
    assert document["paths"]["/desk"]["get"]["security"] == [{"staffBearer": []}, {"staffPassword": []}]
    flows = {name: each["flows"] for name, each in document["components"]["securitySchemes"].items() if "flows" in each}
    assert flows["accountsPassword"]["password"]["tokenUrl"] == "api/auth/token"
    assert flows["staffPassword"]["password"]["tokenUrl"] == "staff/api/auth/token"
    with client_of(app) as client:
        client.post("/api/auth/register", json=JANE)
        token = client.post("/api/auth/login", json={k: JANE[k] for k in ("email", "password")}).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        assert client.get("/api/users/current", headers=headers).status_code == 200
        assert client.get("/desk", headers=headers).status_code == 401
        assert client.get("/staff/api/users/current", headers=headers).status_code == 401


def test_two_accounts_of_one_name_are_refused() -> None:
    app = FastAPI()
    FastAPIAccounts(host_accounts().accounts).install(app)

    with pytest.raises(ConfigurationError, match="Give one of them a name"):
        FastAPIAccounts(host_accounts().accounts).install(app)
    with pytest.raises(ConfigurationError, match="not an identifier"):
        FastAPIAccounts(host_accounts().accounts, name="my staff")


def test_urls_are_found_by_the_names_of_the_calls() -> None:
    app = FastAPI()
    auth = FastAPIAccounts(host_accounts().accounts)
    app.include_router(auth.router, prefix="/shop")

    @app.get("/sign-in")
    async def login() -> str:
        return "a form"

    assert app.url_path_for("accounts:endSession", id="ses_1") == "/shop/api/auth/sessions/ses_1"
    assert app.url_path_for("login") == "/sign-in"


def test_a_router_of_the_host_may_include_the_calls() -> None:
    app, own = FastAPI(), APIRouter(prefix="/v9")
    host = host_accounts()
    auth = FastAPIAccounts(host.accounts)
    own.include_router(auth.sign_in_router, prefix="/people")
    app.include_router(own)

    check(auth.complete_openapi(app.openapi()))
    with client_of(app) as client:
        assert client.post("/v9/people/api/auth/register", json=JANE).status_code == 201
        assert client.get("/v9/people/api/users/current").status_code == 404
    assert len(attrs.asdict(host, recurse=False)) == 4
