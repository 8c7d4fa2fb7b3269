"""What holds for every call of the API: whose things it reaches, what it takes where, how its answer is labelled.

The calls are read from the OpenAPI document, so a new one is covered as soon as it is there.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import httpx
import pytest
from tests.fuzz.environment import Environment, env_on
from tests.fuzz.status_requests import Call, Stage, Troubled, the_call
from tests.integration.http.client import JSON, PROBLEM, Client, problem
from tests.integration.http.openapi import Operation, document, operations
from tests.integration.http.service import Populated, Service, event_loop, in_memory, memory_accounts, populate

from accounts_litestar import create_app

RULES: Final = (Path(__file__).resolve().parents[2] / "docs/security/rules.md").read_text()
LOGIN, RESTORE, USER = "/api/auth/login", "/api/auth/restore", "/api/v1/user"

WITH_AN_ID: Final = [operation for operation in operations() if "{" in operation.path]
PAGES: Final = {
    "/verify-email": "text/html; charset=utf-8",
    "/reset-password": "text/html; charset=utf-8",
    "/schema": "text/html; charset=utf-8",
    "/schema/openapi.json": "application/vnd.oai.openapi+json",
    "/health/live": JSON,
    "/health/ready": JSON,
    "/schema/nowhere": PROBLEM,
    "/nowhere": PROBLEM,
}
LOADED: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "png": "image/png",
}
"""What the pages load, by the end of its name."""


EXPORTED: Final = {"hold_id", "password_changed_at", "version"}
"""What only the export shows, which holds everything about its user but secrets."""


@pytest.fixture(scope="module")
def env() -> Iterator[Environment]:
    with event_loop() as run, env_on(run, in_memory()) as env:
        yield env


def done_right(env: Environment, operation: Operation) -> httpx.Response:
    """Call the operation as it is done right."""
    env.bring_back()
    stage = Stage(env=env, private=env.jane, store=Troubled(in_memory().store), limits=None)  # type: ignore[arg-type]  # neither is used
    call: Call = the_call(stage, operation)
    if call.name in {"updateUser", "updateCurrentUser"}:
        call = call.but(body={"name": "Janet"})
    elif call.name == "verifyPayment":
        call = call.but(body={"paymentMethod": "pm_card_amex"})
    answer = call.but(who=env.jane if operation.needs_token else env.service.api).send()
    assert answer.status_code < 300, answer.text
    return answer


def test_what_is_somebody_elses_is_not_there_for_any_call(service: Service) -> None:
    """ASVS 5.0, 8.2.2: with a token of one's own and another person's ids there is nothing to be found or changed."""
    ids = populate(service).ids
    mallory = service.api.sign_up("mallory@example.org", "Mallory")
    service.verify_email("mallory@example.org")
    mallory.post("/api/users/current/verify-payment", json={"paymentMethod": "pm_card_mastercard"})
    service.work()
    before, asked = service.dump(), len(service.payments.calls)

    for operation in WITH_AN_ID:
        body = {"json": operation.good_body()} if operation.takes_body else {}
        problem(mallory.call(operation.method, operation.path_with(ids), **body), 404, "not-found")

        assert (service.dump(), len(service.payments.calls)) == (before, asked), str(operation)


def test_the_ways_in_are_the_ones_that_the_rules_tell() -> None:
    """ASVS 5.0, 6.1.3 and 6.3.4: nothing else in the document answers with a token."""
    components = document()["components"]["schemas"]
    givers = {name for name, schema in components.items() if "access_token" in schema.get("properties", {})}

    found = {
        str(operation)
        for operation in operations()
        if any(f"/{name}" in json.dumps(operation.spec["responses"]) for name in givers)
        or '"access_token"' in json.dumps(operation.spec["responses"])
    }

    table = RULES.partition("## Ways in")[2].partition("## ")[0]
    told = dict(re.findall(r"^\| `(POST [^`]+)` \| ([^|]+) \|", table, re.MULTILINE))
    assert found == {way for way, proof in told.items() if proof.startswith("email and password")}
    assert found == {f"POST {LOGIN}", f"POST {RESTORE}"}


def test_nothing_in_an_address_is_secret_or_personal() -> None:
    """ASVS 5.0, 14.2.1: besides ids there is what a page of a list begins with and how long it is."""
    places = {
        (parameter["in"], parameter["name"])
        for operation in operations()
        for parameter in operation.spec.get("parameters", [])
    }

    assert places == {
        ("path", "id"),
        ("path", "user_id"),
        ("path", "invitation_id"),
        ("query", "limit"),
        ("query", "before"),
        ("header", "Idempotency-Key"),
        ("header", "Stripe-Signature"),
    }


def test_there_is_no_hint_and_no_question_to_set_or_to_answer() -> None:
    """ASVS 5.0, 6.4.2."""
    names = {name.lower() for operation in operations() for name in operation.fields}

    assert "password" in names
    assert not [name for name in names if re.search("hint|question|answer|secret|reminder|mother|pet|birth", name)]


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_every_answer_is_labelled_and_kept_by_no_cache(env: Environment, operation: Operation) -> None:
    """ASVS 5.0, 4.1.1, 4.2.2 and 14.3.2: its type is what it is, its length is its length, and nothing keeps it."""
    for answer in (done_right(env, operation), env.service.api.call(operation.method, operation.path_with("nope"))):
        assert answer.headers.get_list("cache-control") == ["no-store"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        if not answer.content:
            assert "content-type" not in answer.headers
            assert answer.headers.get("content-length", "0") == "0"
            continue
        assert answer.headers["content-type"] == (JSON if answer.is_success else PROBLEM)
        answer.content.decode("utf-8")
        answer.json()
        if "content-length" in answer.headers or operation.spec["operationId"] != "exportPersonalData":
            assert answer.headers.get_list("content-length") == [str(len(answer.content))]


@pytest.mark.parametrize("operation", [each for each in operations() if not each.takes_any_bytes], ids=str)
def test_what_is_kept_for_the_service_alone_is_in_no_answer(env: Environment, operation: Operation) -> None:
    """ASVS 5.0, 15.3.1, and "Fields" in the rules: neither hashes and digests nor what holds money are anybody's."""
    answer = done_right(env, operation)
    names = set(names_in(answer.json())) if answer.content else set()

    internal = {name for name in names if re.search("hash|digest|password|secret|hold|lease|claim|version", name)}
    assert internal == (EXPORTED if operation.spec["operationId"] == "exportPersonalData" else set())
    tokens = {LOGIN: {"access_token", "token_type"}, RESTORE: {"access_token", "token_type"}}
    # the export says of mailed tokens what each is for and when it was made
    told = {"mailed_tokens"} if operation.spec["operationId"] == "exportPersonalData" else set()
    assert {name for name in names if "token" in name} == tokens.get(operation.path, told)


def names_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield name.lower()
            yield from names_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from names_in(each)


@pytest.mark.parametrize(("path", "media_type"), PAGES.items())
def test_every_page_says_what_it_is_and_in_which_encoding(env: Environment, path: str, media_type: str) -> None:
    answer = env.service.api.get(path)

    assert answer.status_code in {200, 404}
    assert answer.headers["content-type"] == media_type
    assert answer.headers.get_list("content-length") == [str(len(answer.content))]
    answer.content.decode("utf-8")


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_nothing_redirects(env: Environment, operation: Operation) -> None:
    """ASVS 5.0, 4.1.2: not from HTTP, and to no other spelling of an address; the token would have gone out already."""
    assert not [status for status in operation.statuses if 300 <= status < 400]
    env.bring_back()
    path = operation.path_with("1")

    for spelled in (path, path + "/", path + "//", "/" + path, path.replace("/", "//"), path.upper()):
        for headers in ({}, {"X-Forwarded-Proto": "http"}, {"Upgrade-Insecure-Requests": "1"}):
            for who in (env.service.api, env.jane):
                answer = who.call(operation.method, f"http://accounts.test{spelled}", headers=headers)
                assert not 300 <= answer.status_code < 400
                assert "location" not in answer.headers


def test_nothing_is_served_but_the_api_and_its_pages() -> None:
    """ASVS 5.0, 13.4.5: what is there besides the documented calls is told here."""
    documented = {re.sub(r":\w+}", "}", operation.path) for operation in operations()}

    served = {re.sub(r":\w+}", "}", route.path) for route in create_app(memory_accounts()).routes}

    assert served - documented == {
        "/pages/{version}/{name}",
        "/reset-password",
        "/schema",
        "/schema/assets/{version}/{name}",
        "/schema/openapi.json",
        "/schema/{path}",
        "/verify-email",
    }


TEXTS: Final = [
    "100%25 %41 &amp;lt; &#60; \\u0041 \\\\n",
    '"}], "is_admin": true, "x": ["',
    "</script><script>alert(1)</script>",
    "a+b %2B",
    "{0} {name} %s ${7*7} {{7*7}}",
    "=?utf-8?q?=41?=",
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_comes_back_as_it_was_sent(populated: Populated, text: str) -> None:
    """ASVS 5.0, 1.1.1, 1.2.3 and 1.3.10: decoded once on its way in, encoded once on its way out, never a format."""
    jane: Client = populated.jane

    for how in ({"json": {"name": text}}, {"form": {"name": text}}):
        answer = jane.put(USER, **how)
        assert answer.status_code == 200, answer.text
        assert (answer.json()["data"]["name"], jane.user["name"]) == (text, text)
        assert list(jane.get(USER).json()) == ["data"]
        jane.put(USER, json={"name": "Jane"})
    refused = jane.put(USER, json={text[:40]: 1})
    assert set(refused.json()["errors"]) == {text[:40]}
    assert set(refused.json()) == {"type", "title", "status", "detail", "errors"}


@pytest.mark.parametrize("path", [path for path, media_type in PAGES.items() if media_type.startswith("text/html")])
def test_what_a_page_loads_says_what_it_is_and_in_which_encoding(env: Environment, path: str) -> None:
    """ASVS 5.0, 4.1.1: its scripts and styles as well."""
    found = re.findall(r'(?:src|href)="(\.{1,2}/[^"#?]+\.\w+)"', env.service.api.get(path).text)
    loaded = [urljoin(path, each) for each in found]

    assert loaded
    for each in loaded:
        answer = env.service.api.get(each)
        assert answer.status_code == 200, each
        assert answer.headers["content-type"] == LOADED[each.rpartition(".")[2]]
        assert answer.headers.get_list("content-length") == [str(len(answer.content))]
        if "charset" in LOADED[each.rpartition(".")[2]]:
            answer.content.decode("utf-8")


@pytest.mark.parametrize("path", PAGES)
def test_no_page_redirects_or_takes_another_method(env: Environment, path: str) -> None:
    """ASVS 5.0, 4.1.2 and 4.1.4: neither what the document leaves out, nor another spelling of it."""
    for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND"):
        expected = (404, "not-found") if path == "/nowhere" else (405, "method-not-allowed")
        problem(env.service.api.call(method, path), *expected)
    for spelled in (path, path + "/", "/" + path, path.upper()):
        for headers in ({}, {"X-Forwarded-Proto": "http"}, {"Upgrade-Insecure-Requests": "1"}):
            answer = env.service.api.get(f"http://accounts.test{spelled}", headers=headers)
            assert not 300 <= answer.status_code < 400
            assert "location" not in answer.headers
