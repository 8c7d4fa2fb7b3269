"""The calls of the API as the generated OpenAPI document lists them."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import attrs
from litestar.serialization import encode_json
from tests.integration.http.service import memory_accounts
from tests.integration.http.stripe_events import checking

from accounts_core import ProfileType
from accounts_litestar import HttpOptions, create_app
from accounts_system import SystemClock

METHODS = {"get", "put", "post", "delete"}
EXAMPLES = {"email": "new@example.org", "current_password": "wrong", "oldPassword": "wrong"}


@cache
def document(profile_type: ProfileType[Any] | None = None) -> dict[str, Any]:
    """Return the specification as clients get it."""
    options = HttpOptions(webhook=checking(SystemClock()))
    app = create_app(memory_accounts(profile_type), options=options)
    found: dict[str, Any] = json.loads(encode_json(app.openapi_schema.to_schema()))
    return found


@attrs.frozen(eq=False)
class Operation:
    """One call."""

    method: str
    path: str
    spec: Mapping[str, Any]
    methods_here: frozenset[str]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def methods_here_with_head(self) -> frozenset[str]:
        """What this path answers; HEAD wherever there is GET, without being in the document."""
        return self.methods_here | ({"HEAD"} if "GET" in self.methods_here else set())

    @property
    def needs_token(self) -> bool:
        return bool(self.spec.get("security"))

    @property
    def takes_body(self) -> bool:
        """Every write reads its body strictly, one without fields included, unless it takes it as it comes."""
        return self.method != "GET" and not self.takes_any_bytes

    @property
    def takes_any_bytes(self) -> bool:
        """Whether the body may be of any media type: then what counts are its bytes, and no field of it is read."""
        return "*/*" in self.spec.get("requestBody", {}).get("content", {})

    @property
    def statuses(self) -> set[int]:
        return {int(status) for status in self.spec["responses"]}

    @property
    def is_paged(self) -> bool:
        return any(parameter["name"] == "limit" for parameter in self.spec.get("parameters", []))

    @property
    def schema(self) -> Mapping[str, Any]:
        content = self.spec.get("requestBody", {}).get("content", {})
        schema: Mapping[str, Any] = content.get("application/json", {}).get("schema", {})
        return schema

    @property
    def fields(self) -> dict[str, str]:
        """The fields of the body and their types, without null."""
        return {name: _types(field)[0] for name, field in self.schema.get("properties", {}).items()}

    @property
    def nullable(self) -> set[str]:
        """The fields of the body that may be null."""
        return {name for name, field in self.schema.get("properties", {}).items() if "null" in _types(field)}

    @property
    def required(self) -> set[str]:
        return set(self.schema.get("required", []))

    def good_body(self) -> dict[str, Any]:
        """Return a body that follows the document."""
        properties = self.schema.get("properties", {})
        return {
            name: EXAMPLES.get(name) or (properties[name].get("examples") or ["something"])[0]
            for name in self.schema.get("required", [])
        }

    def path_with(self, ids: str | Mapping[str, object]) -> str:
        """Return the path with one id in every place, or with the ids that belong into each."""
        path = self.path
        if isinstance(ids, str):
            return path.replace("{id}", ids).replace("{user_id}", ids)
        for place, each in ids.items():
            path = path.replace(place, place.rpartition("{")[0] + str(each))
        assert "{" not in path, f"service.ids has no id for {path}"
        return path


def operations() -> list[Operation]:
    """Return every call in the document."""
    return [
        Operation(method.upper(), path, spec, frozenset(m.upper() for m in item if m in METHODS))
        for path, item in document()["paths"].items()
        for method, spec in item.items()
        if method in METHODS
    ]


def _types(field: Mapping[str, Any]) -> list[str]:
    return [each["type"] for each in field.get("anyOf", [field])]
