"""The operations and components of the API in the document that Litestar makes of an application.

Litestar asks for an operation when the document is made, so nothing is made before. Where the host application has a
class with the name of a component, Litestar gives both longer names, and the references here follow.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, cast

from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Components, OpenAPIResponse, Operation, Reference, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from accounts_http.api.http_api import HttpApi
from accounts_http.api.http_calls import HttpCall
from accounts_http.mounting import prefix
from accounts_http.openapi.document import PASSWORD_SCHEME
from accounts_http.openapi.references import COMPONENTS, components_of, with_references
from accounts_http.problems import Problem

_OURS: Final = "599"
"""The status under which Litestar is given the components of an operation to register; no call has it."""


def handler_options(api: HttpApi, call: HttpCall) -> dict[str, Any]:
    """Return the options of a Litestar handler that document its call."""
    if call.documented is None:
        return {"include_in_schema": False}
    docs = call.documented.route.docs
    marker = type("CallComponents", (_CallComponents,), {"api": api, "call": call})

    def operation_of(responses: Mapping[str, OpenAPIResponse], **fields: Any) -> Operation:
        fields.update(parameters=None, request_body=None)
        content = responses[_OURS].content or {}
        (registered,) = (each.schema for each in content.values())
        assert isinstance(registered, _Document)
        return _CallOperation(api.operation(call), registered.references, fields)

    return {
        "operation_id": docs.id,
        "summary": docs.summary,
        "description": call.documented.description,
        "tags": list(call.tags),
        "security": api.operation_security(call),
        # Litestar only calls it; it need not be a class
        "operation_class": operation_of,
        "responses": {int(_OURS): ResponseSpec(marker, generate_examples=False, description="")},
    }


def security_components(api: HttpApi, app_path: str) -> Components:
    """Return the security schemes that the operations refer to, in an application whose routes are below a path."""
    schemes = dict(api.security_schemes)
    if PASSWORD_SCHEME in schemes and prefix(app_path):
        password = schemes[PASSWORD_SCHEME]["flows"]["password"]
        url = f"{prefix(app_path)}/{password['tokenUrl']}".lstrip("/")
        schemes[PASSWORD_SCHEME] = {**schemes[PASSWORD_SCHEME], "flows": {"password": {**password, "tokenUrl": url}}}
    return Components(security_schemes=cast("Any", schemes))


class _CallComponents:
    """Stands for the components of a call."""

    api: ClassVar[HttpApi]
    call: ClassVar[HttpCall]


class ApiDocumentation(OpenAPISchemaPlugin):
    """Adds the components of the API to the document of an application."""

    def __init__(self) -> None:
        # Litestar names a component after a class; the host may document our problems too
        self._classes: dict[str, type] = {"Problem": Problem}

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        """Return whether this stands for the components of a call."""
        return isinstance(value, type) and issubclass(value, _CallComponents)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        """Register the components of a call, and return the references to them."""
        marker: type[_CallComponents] = field_definition.annotation
        schemas, registry = marker.api.components["schemas"], schema_creator.schema_registry
        references: dict[str, Reference] = {}
        for name in components_of(marker.api.operation(marker.call), schemas):
            component = FieldDefinition.from_annotation(self._class(name))
            registry.get_schema_for_field_definition(component)
            reference = registry.get_reference_for_field_definition(component)
            registry.from_reference(reference).schema = _Document(schemas[name], references)
            references[name] = reference
        return _Document({}, references)

    def _class(self, name: str) -> type:
        return self._classes.setdefault(name, type(name, (), {"__module__": "accounts"}))


class _Document(Schema):
    """A schema that is written as it is, but for its references."""

    def __init__(self, document: Mapping[str, Any], references: Mapping[str, Reference]) -> None:
        super().__init__()
        self.document = document
        self.references = references

    def to_schema(self) -> dict[str, Any]:
        """Return the schema with Litestar's names of the components."""
        return _renamed(self.document, self.references)


class _CallOperation(Operation):
    """An operation that is written as it is, but for its references and for what the layers of the host add."""

    def __init__(
        self, document: dict[str, Any], references: Mapping[str, Reference], fields: Mapping[str, Any]
    ) -> None:
        super().__init__(**fields)
        self._document = document
        self._references = references

    def to_schema(self) -> dict[str, Any]:
        """Return the operation with Litestar's names of the components."""
        layers = {"tags": self.tags, "security": self.security, "deprecated": self.deprecated or None}
        added = {name: value for name, value in layers.items() if value is not None}
        return {**_renamed(self._document, self._references), **added}


def _renamed(document: Mapping[str, Any], references: Mapping[str, Reference]) -> dict[str, Any]:
    def renamed(reference: str) -> str:
        found = references.get(reference.removeprefix(COMPONENTS))
        return reference if found is None else found.ref

    written: dict[str, Any] = with_references(document, renamed)
    return written
