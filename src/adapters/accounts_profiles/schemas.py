"""JSON Schemas in one piece, so that they can be put into another document such as an OpenAPI description."""

from collections.abc import Mapping
from typing import Any

from accounts_core.errors import ConfigurationError


def in_one_piece(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a schema with its definitions in the places that refer to them, and without undeclared members.

    Raises:
        ConfigurationError: The schema is not that of an object, or refers to itself.

    """
    definitions: Mapping[str, Any] = schema.get("$defs", {})
    whole = _resolved({key: value for key, value in schema.items() if key != "$defs"}, definitions, (), name)
    if not isinstance(whole, dict) or whole.get("type") != "object" or "properties" not in whole:
        raise ConfigurationError(f"{name} is no class with fields, so it cannot be a profile type.")
    return whole


def _resolved(part: Any, definitions: Mapping[str, Any], within: tuple[str, ...], name: str) -> Any:
    if isinstance(part, list):
        return [_resolved(each, definitions, within, name) for each in part]
    if not isinstance(part, Mapping):
        return part
    reference = part.get("$ref")
    if isinstance(reference, str):
        target = reference.removeprefix("#/$defs/")
        if target in within:
            raise ConfigurationError(f"{name} refers to itself, so it cannot be a profile type.")
        rest = {key: value for key, value in part.items() if key != "$ref"}
        return _resolved({**definitions[target], **rest}, definitions, (*within, target), name)
    resolved: dict[str, Any] = {}
    for key, value in part.items():
        if key == "discriminator":
            resolved[key] = {"propertyName": value["propertyName"]}  # its mapping names definitions
        elif key in {"properties", "patternProperties"}:
            resolved[key] = {each: _resolved(inner, definitions, within, name) for each, inner in value.items()}
        elif key in {"default", "enum", "const", "examples"}:
            resolved[key] = value
        else:
            resolved[key] = _resolved(value, definitions, within, name)
    if resolved.get("type") == "object" and "properties" in resolved:
        resolved["additionalProperties"] = False
    return resolved
