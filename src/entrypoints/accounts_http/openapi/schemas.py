"""The schemas of answers and bodies, in OpenAPI's form."""

from collections.abc import Mapping, Sequence
from inspect import cleandoc
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from accounts_http.bodies import PROFILE
from accounts_http.openapi.profile_schema import NAME, ProfileSchema
from accounts_http.openapi.references import COMPONENTS
from accounts_http.schemas.profile import NewProfileBody

_REFERENCE_TO_PROFILE = {"$ref": COMPONENTS + NAME}


def content_schemas(contents: Sequence[Any]) -> tuple[list[Mapping[str, Any] | None], dict[str, Any]]:
    """Return a schema for each of these types of answers, None for an answer without a body, and the components."""
    members = [_members(content) for content in contents]
    flat = [each for group in members for each in group]
    schemas, components = msgspec.json.schema_components(
        flat, schema_hook=lambda _: _REFERENCE_TO_PROFILE, ref_template=COMPONENTS + "{name}"
    )
    remaining = iter(schemas)
    found: list[Mapping[str, Any] | None] = []
    for group in members:
        of_group = [_tidied(next(remaining)) for _ in group]
        found.append(of_group[0] if len(of_group) == 1 else {"oneOf": of_group} if of_group else None)
    return found, {name: _tidied(component) for name, component in components.items()}


def body_schema(model: type[msgspec.Struct], profile: ProfileSchema | None) -> dict[str, Any]:
    """Return the schema of a body; `profile` is that of the host application's profile data."""
    schema: dict[str, Any] = _tidied(msgspec.json.schema(model)["$defs"][model.__name__])
    if profile is not None and PROFILE in schema["properties"]:
        is_new = issubclass(model, NewProfileBody)
        schema["properties"][PROFILE] = dict(_REFERENCE_TO_PROFILE) if is_new else profile.changes
        schema["required"] += [PROFILE] if is_new and profile.is_required else []
    return schema


def _members(content: Any) -> list[Any]:
    """Return the types of a union, or the one type; none for an answer without a body."""
    members = get_args(content) if get_origin(content) in {Union, UnionType} else (content,)
    return [each for each in members if each not in {None, NoneType}]


def _tidied(schema: Any) -> Any:
    """Return a schema with the type of its constants, which tools expect, and without indentation in texts."""
    if isinstance(schema, list):
        return [_tidied(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    tidied = {name: _tidied(value) for name, value in schema.items()}
    if isinstance(tidied.get("description"), str):
        tidied["description"] = cleandoc(tidied["description"])
    constants = tidied.get("enum")
    if isinstance(constants, list):
        for kind, name in ((str, "string"), (bool, "boolean")):
            if all(isinstance(each, kind) for each in constants):
                tidied = {"type": name, **tidied}
        if len(constants) == 1:
            tidied["const"] = tidied.pop("enum")[0]
    return tidied
