"""Defaults of classes whose instances have a `__dict__`.

msgspec leaves a default that is an attribute of the class to the class, and writes only what is in the instance. So the
same value would be written in two ways, by whether msgspec or its own `__init__` has made it.
"""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, cast

import attrs
from msgspec import inspect


def completer(kind: Any) -> Callable[[Any], None] | None:
    """Return what completes a value of a type, with all that is in it; None if nothing in it can be incomplete."""
    return _complete if any(_has_dict(cls) for cls in _classes(kind)) else None


def _classes(kind: Any) -> Iterator[type[Any]]:
    """Yield the dataclasses and attrs classes in a type that does not refer to itself."""
    if isinstance(kind, inspect.DataclassType):
        yield kind.cls
    for field in getattr(kind, "fields", ()):
        yield from _classes(field.type)
    for name in ("type", "item_type", "value_type"):
        if (inner := getattr(kind, name, None)) is not None:
            yield from _classes(inner)
    for inner in (*getattr(kind, "types", ()), *getattr(kind, "item_types", ())):
        yield from _classes(inner)


def _has_dict(cls: type[Any]) -> bool:
    return cls.__dictoffset__ != 0


def _names(value: Any) -> list[str]:
    if dataclasses.is_dataclass(value):
        return [field.name for field in dataclasses.fields(value)]
    if attrs.has(type(value)):
        return [field.name for field in attrs.fields(type(value))]
    return list(getattr(type(value), "__struct_fields__", ()))


def _complete(value: Any) -> None:
    if isinstance(value, dict):
        for each in value.values():
            _complete(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            _complete(each)
    else:
        values = {name: getattr(value, name) for name in _names(value)}
        for each in values.values():
            _complete(each)
        if values and not hasattr(type(value), "__struct_fields__") and _has_dict(type(value)):
            own = cast("dict[str, Any]", vars(value))
            if own.keys() >= values.keys():
                return  # it may be the default of a class, which other threads read at this moment
            others = {name: each for name, each in own.items() if name not in values}
            own.clear()
            own.update(values, **others)
