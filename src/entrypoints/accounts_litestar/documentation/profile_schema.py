"""The JSON Schema of the host application's profile data, in the OpenAPI document.

The schema refers to parts of itself (`#/$defs/Address`). In the document it is one component among others, so its parts
become components with names of their own, and the references lead to these.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import attrs
from litestar.openapi.spec import Reference, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from accounts_http.schemas.profile_data import HostProfile

NAME: Final = "AccountsProfile"
"""The component of the whole schema. Those of its parts follow after a dot: `AccountsProfile.Address`."""
_COMPONENTS: Final = "#/components/schemas/"
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9._-]")
_SCHEMAS_BY_NAME: Final = frozenset({"properties", "patternProperties", "dependentSchemas"})
"""Keywords whose members have names of the host's, and are schemas."""
_VALUES: Final = frozenset({"const", "default", "enum", "example", "examples", "required", "dependentRequired"})
"""Keywords that hold no schema, whatever is in them."""
_ANY: Final[Mapping[str, Any]] = {"type": "object"}


@attrs.frozen
class ProfileSchema:
    """The schema as components of the document."""

    components: Mapping[str, Mapping[str, Any]]
    """By name. References lead to other components."""
    changes: Mapping[str, Any]
    """The schema of an update, which needs no member."""
    is_required: bool
    """Whether a sign-up needs a member of the data, and so the data."""
    example: Mapping[str, Any]
    """The schema's own example, or what its members have as examples and defaults."""

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> "ProfileSchema":
        """Return the components for a self-contained JSON Schema."""
        parts = schema.get("$defs", {})
        names = _names(parts)

        def renamed(reference: str) -> str:
            part = reference.removeprefix("#/$defs/").replace("%25", "%").replace("~1", "/").replace("~0", "~")
            return _COMPONENTS + names.get(part, NAME)

        whole = {name: value for name, value in schema.items() if name not in {"$defs", "$schema", "$id"}}
        components = {
            NAME: _with_references(whole, renamed),
            **{names[name]: _with_references(part, renamed) for name, part in parts.items()},
        }
        fields = components[NAME]
        seen = set[str]()
        while "$ref" in fields and fields["$ref"] not in seen:
            seen.add(fields["$ref"])
            fields = components[fields["$ref"].removeprefix(_COMPONENTS)]
        changes = {name: value for name, value in fields.items() if name not in {"required", "minProperties"}}
        return cls(
            components=components,
            changes=changes,
            is_required=bool(fields.get("required")),
            example=_example(fields),
        )


def _example(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    whole: Mapping[str, Any] = next(iter(schema.get("examples", ())), {})
    members = schema.get("properties", {}).items()
    return whole or {
        name: member["examples"][0] if member.get("examples") else member["default"]
        for name, member in members
        if member.get("examples") or "default" in member
    }


def _names(parts: Mapping[str, Any]) -> dict[str, str]:
    """Return a name of its own for the component of each part: names of components have no brackets, say."""
    names: dict[str, str] = {}
    for part in parts:
        name = first = f"{NAME}.{_NOT_IN_NAMES.sub('_', part)}"
        number = 1
        while name in names.values():
            number += 1
            name = f"{first}_{number}"
        names[part] = name
    return names


def _with_references(schema: Any, renamed: Callable[[str], str]) -> Any:
    """Return a schema whose references to parts of the host's schema lead to components."""
    if isinstance(schema, list):
        return [_with_references(each, renamed) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    changed: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword == "$ref" and isinstance(value, str):
            changed[keyword] = renamed(value)
        elif keyword == "discriminator" and isinstance(value, Mapping):
            mapping = {tag: renamed(reference) for tag, reference in value.get("mapping", {}).items()}
            changed[keyword] = {**value, **({"mapping": mapping} if mapping else {})}
        elif keyword in _SCHEMAS_BY_NAME and isinstance(value, Mapping):
            changed[keyword] = {name: _with_references(each, renamed) for name, each in value.items()}
        else:
            changed[keyword] = value if keyword in _VALUES else _with_references(value, renamed)
    return changed


class ProfileDocumentation(OpenAPISchemaPlugin):
    """Adds the components to the document of an application, where an answer has profile data."""

    def __init__(self, schema: ProfileSchema) -> None:
        self._schema = schema
        # Litestar names a component after a class
        self._classes = {name: type(name, (), {"__module__": "accounts"}) for name in schema.components}

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        """Return whether this is the stand-in for the host's type."""
        return value is HostProfile

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:  # noqa: ARG002  Litestar's signature
        """Register the components, and return a reference to the whole schema."""
        registry = schema_creator.schema_registry
        for name, cls in self._classes.items():
            component = FieldDefinition.from_annotation(cls)
            registry.get_schema_for_field_definition(component)
            reference = registry.get_reference_for_field_definition(component)
            # a mapping is written as it is
            registry.from_reference(reference).schema = self._schema.components[name]
        return cast("Schema", reference_to_profile())


def reference_to_profile() -> Reference:
    """Return a reference to the component of the whole schema."""
    return Reference(_COMPONENTS + NAME)
