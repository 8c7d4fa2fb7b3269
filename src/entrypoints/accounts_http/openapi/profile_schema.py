"""The JSON Schema of the host application's profile data, in the OpenAPI document.

The schema refers to parts of itself (`#/$defs/Address`). In the document it is one component among others, so its parts
become components with names of their own, and the references lead to these.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import attrs

from accounts_http.openapi.references import COMPONENTS, with_references

NAME: Final = "AccountsProfile"
"""The component of the whole schema. Those of its parts follow after a dot: `AccountsProfile.Address`."""
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9._-]")


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
            return COMPONENTS + names.get(part, NAME)

        whole = {name: value for name, value in schema.items() if name not in {"$defs", "$schema", "$id"}}
        components = {
            NAME: with_references(whole, renamed),
            **{names[name]: with_references(part, renamed) for name, part in parts.items()},
        }
        fields = components[NAME]
        seen = set[str]()
        while "$ref" in fields and fields["$ref"] not in seen:
            seen.add(fields["$ref"])
            fields = components[fields["$ref"].removeprefix(COMPONENTS)]
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
