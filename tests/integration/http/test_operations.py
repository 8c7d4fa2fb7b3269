"""The operations and components that every framework writes into its document, and Litestar's own document of them."""

import json
from typing import Any

import msgspec
import pytest
from litestar import Litestar, get
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.serialization import encode_json
from tests.integration.http.openapi import document
from tests.integration.http.service import memory_accounts
from tests.integration.http.stripe_events import checking

from accounts_http.api.http_api import HttpApi
from accounts_http.openapi.references import components_of
from accounts_http.options import HttpOptions
from accounts_http.problems import Problem
from accounts_litestar import AccountsPlugin
from accounts_system import SystemClock


class Message(msgspec.Struct):
    """A host's own class; a component has the same name."""

    subject: str


@pytest.fixture(scope="module")
def api() -> HttpApi:
    return HttpApi(memory_accounts(), HttpOptions(webhook=checking(SystemClock())))


def test_operations_are_those_of_the_document_that_litestar_serves(api: HttpApi) -> None:
    served = document()

    found: dict[str, dict[str, Any]] = {}
    for call in api.calls:
        if call.include_in_schema:
            found.setdefault(call.path, {})[call.method.lower()] = api.operation(call)

    assert json.loads(json.dumps(found)) == served["paths"]
    assert json.loads(json.dumps(api.components)) == served["components"]
    assert api.tags == served["tags"]
    assert api.description == served["info"]["description"]


def test_a_call_that_is_in_no_document_has_no_operation(api: HttpApi) -> None:
    (head,) = (call for call in api.calls if (call.method, call.path) == ("HEAD", "/api/v1/user"))

    assert api.operation_security(head) is None
    with pytest.raises(ValueError, match="HEAD /api/v1/user is not in the OpenAPI document"):
        api.operation(head)


def test_components_are_found_through_one_another(api: HttpApi) -> None:
    (user,) = (call for call in api.calls if (call.method, call.path) == ("GET", "/api/v1/user"))

    found = components_of(api.operation(user), api.components["schemas"])

    assert set(found) == {"UserData", "UserObject", "Problem"}


def test_a_class_of_the_hosts_with_the_name_of_a_component_is_told_from_it() -> None:
    @get("/message", responses={404: ResponseSpec(Problem, generate_examples=False)})
    async def message() -> Message:
        return Message("Hello")

    plugins = [AccountsPlugin(memory_accounts())]
    config = OpenAPIConfig(title="Host", version="1")
    app = Litestar([message], plugins=plugins, openapi_config=config, logging_config=None)
    found = json.loads(encode_json(app.openapi_schema.to_schema()))

    def answer(path: str, method: str, status: str, media_type: str = "application/json") -> Any:
        content = found["paths"][path][method]["responses"][status]["content"]
        return found["components"]["schemas"][content[media_type]["schema"]["$ref"].rpartition("/")[2]]

    assert list(answer("/message", "get", "200")["properties"]) == ["subject"]
    assert list(answer("/api/users/current/deactivate", "put", "200")["properties"]) == ["message"]
    # the problem is the same one, whoever documents it
    assert [name for name in found["components"]["schemas"] if name.endswith("Problem")] == ["Problem"]
    ours = answer("/api/v1/user", "get", "401", "application/problem+json")
    assert answer("/message", "get", "404") == ours
    assert list(ours["properties"])[:4] == ["type", "title", "status", "detail"]
