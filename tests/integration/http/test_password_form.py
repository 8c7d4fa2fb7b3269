"""The OAuth 2.0 password form, which the Authorize button of a documentation page sends (RFC 6749, 4.3)."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from litestar.serialization import encode_json
from tests.integration.http.client import FORM, OTHER_PASSWORD, PASSWORD, PROBLEM, Client, Run, invalid, problem
from tests.integration.http.service import Service, in_memory, memory_accounts, serving

from accounts_core.model.policy import Policy
from accounts_core.model.rate_limits import in_every_scope
from accounts_core.model.text import Secret
from accounts_core.ports.rate_limiter import RateLimit
from accounts_http.api.http_api import HttpApi
from accounts_http.bodies import read_body
from accounts_http.headers import Headers
from accounts_http.schemas.auth import PasswordForm
from accounts_litestar import HttpOptions, create_app
from accounts_memory import MemoryRateLimiter

TOKEN = "/api/auth/token"
PROOF = {"username": "jane@example.org", "password": PASSWORD}
OPTIONS = HttpOptions(password_form=True)
FIELDS = {"grant_type": "password", "scope": "", "client_id": "docs", "client_secret": "nothing secret"}
"""All that Swagger UI sends besides; it sends the last two in a Basic header or in the body."""


@pytest.fixture
def service(run: Run) -> Iterator[Service]:
    with serving(run, in_memory(), options=OPTIONS) as service:
        yield service


@pytest.fixture
def api(service: Service) -> Client:
    service.api.sign_up()
    return service.api


@pytest.mark.parametrize("more", [{}, FIELDS, {"grant_type": "password"}, {"audience": "https://h.example"}])
def test_the_form_is_answered_as_a_sign_in(api: Client, more: dict[str, str]) -> None:
    """RFC 6749, 5.1; parameters that nobody knows are ignored (3.2)."""
    answer = api.post(TOKEN, form={**PROOF, **more})

    assert answer.status_code == 200
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert list(answer.json()) == ["access_token", "token_type", "expires_in"]
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("bearer", 30 * 24 * 3600)
    assert api.with_token(answer.json()["access_token"]).get("/api/v1/user").status_code == 200


@pytest.mark.parametrize("header", ["Basic ZG9jczo=", "Basic not-base64", "Bearer expired"])
def test_the_clients_own_credentials_are_ignored(api: Client, header: str) -> None:
    answer = api.post(TOKEN, form={**PROOF, **FIELDS}, headers={"Authorization": header})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "proof",
    [{"password": OTHER_PASSWORD}, {"username": "nobody@example.org"}, {"password": ""}],
    ids=["another password", "nobody", "no password"],
)
def test_who_fails_to_prove_who_they_are_is_answered_as_at_a_sign_in(api: Client, proof: dict[str, str]) -> None:
    refused = api.post(TOKEN, form={**PROOF, **proof})

    problem(refused, 401, "invalid-credentials")
    assert refused.headers["www-authenticate"] == "Bearer"
    login = {"email": "jane@example.org", "password": OTHER_PASSWORD}
    assert refused.content == api.post("/api/auth/login", json=login).content


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({**PROOF, "grant_type": "client_credentials"}, "grant_type"),
        ({**PROOF, "grant_type": ""}, "grant_type"),
        ({"password": PASSWORD}, "username"),
        ({"username": "jane@example.org"}, "password"),
        ({**PROOF, "username": "jane"}, "username"),
    ],
)
def test_what_is_wrong_is_named_as_the_form_names_it(api: Client, form: dict[str, str], field: str) -> None:
    invalid(api.post(TOKEN, form=form), field)


def test_a_field_that_is_sent_twice_is_refused(api: Client) -> None:
    twice = b"username=jane%40example.org&password=a&password=b"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    problem(api.post(TOKEN, content=twice, headers=headers), 400, "malformed-request")


def test_a_deactivated_account_is_told_so(api: Client) -> None:
    api.sign_in("jane@example.org").put("/api/users/current/deactivate")

    problem(api.post(TOKEN, form=PROOF), 403, "account-deactivated")


def test_it_counts_as_a_sign_in(run: Run) -> None:
    limits = in_every_scope({"sign-in": RateLimit(3, timedelta(hours=1))})
    policy = Policy(limits=limits)
    with serving(run, in_memory(), options=OPTIONS, policy=policy, limits=MemoryRateLimiter()) as service:
        service.api.post("/api/auth/register", json={"email": "jane@example.org", "password": PASSWORD, "name": "Jane"})
        login = {"email": "jane@example.org", "password": OTHER_PASSWORD}
        for _ in range(2):
            problem(service.api.post(TOKEN, form={**PROOF, "password": OTHER_PASSWORD}), 401, "invalid-credentials")
        problem(service.api.post("/api/auth/login", json=login), 401, "invalid-credentials")

        refused = service.api.post(TOKEN, form=PROOF)

        problem(refused, 429, "too-many-attempts")
        problem(service.api.post("/api/auth/login", json=login), 429, "too-many-attempts")


def test_a_client_secret_and_a_password_are_shown_by_nothing(api: Client, caplog: pytest.LogCaptureFixture) -> None:
    secret = "a secret of a client"
    sent = urlencode({**PROOF, "client_secret": secret}).encode()

    form = read_body(sent, Headers([(b"content-type", FORM.encode())]), PasswordForm)
    api.post(TOKEN, form={**PROOF, "client_secret": secret, "grant_type": "other"})
    api.post(TOKEN, form={**PROOF, "client_secret": secret, "password": OTHER_PASSWORD})

    assert all(isinstance(each, Secret) for each in (form.client_secret, form.email, form.password))
    assert secret not in caplog.text
    assert OTHER_PASSWORD not in caplog.text


def document(options: HttpOptions) -> dict[str, Any]:
    app = create_app(memory_accounts(), options=options)
    found: dict[str, Any] = json.loads(encode_json(app.openapi_schema.to_schema()))
    return found


@pytest.mark.parametrize(("path", "url"), [("/", "api/auth/token"), ("/accounts", "accounts/api/auth/token")])
def test_the_document_offers_both_ways_to_whoever_needs_a_token(path: str, url: str) -> None:
    found = document(HttpOptions(password_form=True, path=path))

    schemes = found["components"]["securitySchemes"]
    assert schemes["accountsBearer"]["scheme"] == "bearer"
    assert schemes["accountsPassword"]["type"] == "oauth2"
    assert schemes["accountsPassword"]["flows"] == {"password": {"tokenUrl": url, "scopes": {}}}
    secured = [call["security"] for item in found["paths"].values() for call in item.values() if "security" in call]
    assert len(secured) > 30
    assert all(security == [{"accountsBearer": []}, {"accountsPassword": []}] for security in secured)
    operation = found["paths"][f"/{url}"]["post"]
    assert "security" not in operation
    form = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert form["required"] == ["username", "password"]
    assert set(form["properties"]) == {"grant_type", "username", "password", "scope", "client_id", "client_secret"}
    assert set(operation["responses"]) == {
        *["200", "400", "401", "403", "409", "413", "415", "422", "429", "500", "503"]
    }


def test_without_the_option_there_is_no_such_call_and_nothing_of_it_in_the_document(run: Run) -> None:
    with serving(run, in_memory()) as service:
        answer = service.api.post(TOKEN, form=PROOF)
    found = document(HttpOptions())

    assert answer.status_code == 404
    assert answer.headers["content-type"] == PROBLEM
    assert list(found["components"]["securitySchemes"]) == ["accountsBearer"]
    assert TOKEN not in found["paths"]
    assert TOKEN not in {call.path for call in HttpApi(memory_accounts()).calls}
