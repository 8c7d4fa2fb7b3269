"""References of schemas and operations to components: found, and led elsewhere."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

COMPONENTS: Final = "#/components/schemas/"

_SCHEMAS_BY_NAME: Final = frozenset({"properties", "patternProperties", "dependentSchemas"})
"""Keywords whose members have names of the host's, and are schemas."""
_VALUES: Final = frozenset({"const", "default", "enum", "example", "examples", "required", "dependentRequired"})
"""Keywords that hold no schema, whatever is in them."""


def with_references(part: Any, renamed: Callable[[str], str]) -> Any:
    """Return a schema, or an operation, with other references: `renamed` is given each, such as `#/$defs/Address`."""
    if isinstance(part, list):
        return [with_references(each, renamed) for each in part]
    if not isinstance(part, Mapping):
        return part
    changed: dict[str, Any] = {}
    for keyword, value in part.items():
        if keyword == "$ref" and isinstance(value, str):
            changed[keyword] = renamed(value)
        elif keyword == "discriminator" and isinstance(value, Mapping):
            mapping = {tag: renamed(reference) for tag, reference in value.get("mapping", {}).items()}
            changed[keyword] = {**value, **({"mapping": mapping} if mapping else {})}
        elif keyword in _SCHEMAS_BY_NAME and isinstance(value, Mapping):
            changed[keyword] = {name: with_references(each, renamed) for name, each in value.items()}
        else:
            changed[keyword] = value if keyword in _VALUES else with_references(value, renamed)
    return changed


def components_of(part: Any, schemas: Mapping[str, Any]) -> list[str]:
    """Return the names of the components that an operation refers to, those among `schemas` that they need included."""
    found: dict[str, None] = {}
    waiting = [part]
    while waiting:
        for name in _names(waiting.pop()):
            if name not in found and name in schemas:
                found[name] = None
                waiting.append(schemas[name])
    return list(found)


def _names(part: Any) -> Iterator[str]:
    names: list[str] = []

    def noted(reference: str) -> str:
        names.append(reference.removeprefix(COMPONENTS))
        return reference

    with_references(part, noted)
    yield from names
