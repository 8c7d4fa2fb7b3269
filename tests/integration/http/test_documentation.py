"""The specification, and the page to read it."""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files
from urllib.parse import urljoin

import pytest
from litestar import Litestar, get
from litestar.openapi import OpenAPIConfig
from litestar.testing import TestClient
from tests.integration.http.client import FORM, JSON, PROBLEM, Client, Run
from tests.integration.http.openapi import Operation, document, operations
from tests.integration.http.service import in_memory, serving

from accounts_litestar import OfflineDocs

PUBLIC = {"register", "login", "restore", "verifyEmail", "forgotPassword", "resetPassword"}
PUBLIC |= {"live", "ready", "receiveStripeEvent"}


@pytest.fixture
def api(run: Run) -> Iterator[Client]:
    """Somebody without a token. What is tested here has nothing to do with the store."""
    with serving(run, in_memory()) as service:
        yield service.api


class References(HTMLParser):
    """Collects what a page refers to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in {"src", "href", "data-specification"} and value]


def test_the_page_needs_nothing_from_the_internet(api: Client) -> None:
    page = api.get("/schema")

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    references = References(page.text).found
    assert len(references) == 5
    assert "//" not in page.text
    for reference in references:
        assert reference.startswith("./schema/")
        asset = api.get(urljoin("/schema", reference))
        assert asset.status_code == 200, reference
        assert asset.content
    assert "default-src &#x27;none&#x27;" in page.text


def test_the_pages_style_loads_nothing_from_elsewhere(api: Client) -> None:
    (style,) = [reference for reference in References(api.get("/schema").text).found if reference.endswith(".css")]

    css = api.get(urljoin("/schema", style)).text

    assert "@import" not in css
    assert set(re.findall(r"url\(\"?'?(\w+:)", css)) <= {"data:"}


def test_the_pages_files_may_be_kept_by_the_browser(api: Client) -> None:
    script = next(reference for reference in References(api.get("/schema").text).found if reference.endswith(".js"))

    answer = api.get(urljoin("/schema", script))

    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["nothing.js", "..%2fapp.py", "README.md", "LICENSE"])
def test_nothing_else_is_served_beside_the_page(api: Client, name: str) -> None:
    assert api.get(f"/schema/assets/0/{name}").status_code == 404


def test_the_files_are_the_published_ones() -> None:
    assets = files("accounts_litestar.documentation") / "assets"
    listed = dict(
        re.findall(r"^\| `([^`]+)` \| `([0-9a-f]{64})` \|$", (assets / "README.md").read_text(), re.MULTILINE)
    )

    assert set(listed) == {"favicon-32x32.png", "swagger-ui-bundle.js", "swagger-ui.css"}
    for name, digest in listed.items():
        assert sha256((assets / "swagger-ui" / name).read_bytes()).hexdigest() == digest
    assert "Apache License" in (assets / "swagger-ui" / "LICENSE").read_text()


def test_the_page_serves_any_litestar_app() -> None:
    @get("/thing")
    async def thing() -> str:
        return "thing"

    config = OpenAPIConfig(title="<Things>", version="1", path="/docs", render_plugins=[OfflineDocs()])
    with TestClient(Litestar([thing], openapi_config=config, logging_config=None)) as client:
        page = client.get("/docs")

        assert "<title>&lt;Things&gt;</title>" in page.text
        for reference in References(page.text).found:
            assert client.get(reference).status_code == 200, reference


def test_the_specification_is_served(api: Client) -> None:
    answer = api.get("/schema/openapi.json")

    assert answer.status_code == 200
    assert answer.json() == document()
    assert answer.json()["openapi"].startswith("3.1")


def test_every_reference_in_the_specification_leads_somewhere() -> None:
    schemas = document()["components"]["schemas"]

    references = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document())))

    assert references
    assert references <= set(schemas)


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_every_call_says_what_it_takes_and_what_it_may_answer(operation: Operation) -> None:
    spec = operation.spec

    assert re.fullmatch(r"[a-z][a-zA-Z]+", spec["operationId"])
    assert spec["summary"]
    assert bool(spec.get("security")) == (spec["operationId"] not in PUBLIC)
    assert (500 in operation.statuses) == (not operation.path.startswith("/health/"))
    if operation.takes_any_bytes:
        assert spec["requestBody"]["required"]
    elif "requestBody" in spec:
        assert set(spec["requestBody"]["content"]) == {JSON, FORM}
        assert operation.schema["additionalProperties"] is False
        assert spec["requestBody"]["required"] == bool(operation.required)
    for status, response in spec["responses"].items():
        if int(status) >= 400:
            assert list(response["content"]) == [PROBLEM]
            assert response["content"][PROBLEM]["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_options_names_every_method_of_a_path(api: Client) -> None:
    for operation in operations():
        answer = api.call("OPTIONS", operation.path_with("1"))

        assert answer.status_code == 204
        assert set(answer.headers["allow"].split(", ")) == {*operation.methods_here_with_head, "OPTIONS"}


def test_no_two_calls_have_one_name() -> None:
    names = [operation.spec["operationId"] for operation in operations()]

    assert len(set(names)) == len(names)


def test_examples_keep_the_fields_that_are_null() -> None:
    content = document()["paths"]["/api/users/current/retrieve"]["get"]["responses"]["200"]["content"][JSON]

    assert content["example"]["default_source"] is None
    assert content["example"]["id"] == "cus_OxIokju2aarNVm"


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_an_answer_without_a_body_has_none_in_the_document(operation: Operation) -> None:
    for status, response in operation.spec["responses"].items():
        assert ("content" in response) == (int(status) not in {202, 204}), status


def test_every_object_says_what_is_in_it() -> None:
    schemas = document()["components"]["schemas"]
    properties = {
        f"{name}.{field}": schema for name, found in schemas.items() for field, schema in found["properties"].items()
    }

    assert schemas["AccountList"]["properties"]["data"]["items"] == {"$ref": "#/components/schemas/AccountObject"}
    assert [name for name, schema in properties.items() if schema == {"type": "object"}] == []


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_links_lead_to_calls_and_fill_their_paths(operation: Operation) -> None:
    by_name = {each.spec["operationId"]: each for each in operations()}

    for response in operation.spec["responses"].values():
        for link in response.get("links", {}).values():
            target = by_name[link["operationId"]]
            assert set(link.get("parameters", {})) == set(re.findall(r"{(\w+)}", target.path))
            assert set(link.get("requestBody", {})) <= set(target.fields)


def test_what_says_when_to_come_again_is_in_the_document() -> None:
    for operation in operations():
        for status, response in operation.spec["responses"].items():
            headers = {name for name, header in response.get("headers", {}).items() if header["required"]}
            expected = {"401": {"WWW-Authenticate"}, "429": {"Retry-After"}, "503": {"Retry-After"}}
            assert headers == expected.get(status, set()), f"{operation} {status}"
