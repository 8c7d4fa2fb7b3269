"""Members that a class does not declare, found by msgspec's description of its types, and the order of sets.

msgspec itself refuses such members only in a Struct that says so, and orders a set only if its items can be compared.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import attrs
from msgspec import inspect

from accounts_core.errors import ConfigurationError
from accounts_core.model.profile_data import Path, json_of

T = TypeVar("T")

Prune = Callable[[Any, Path, list[Path]], Any]
"""Takes a value, its path, and a list to which it adds the path of each undeclared member; returns it without them."""

_OBJECTS: Final = (inspect.StructType, inspect.DataclassType, inspect.TypedDictType)


def pruner(kind: Any, owner: str, *, is_ordering: bool = False) -> Prune | None:
    """Return what prunes values of a type, or None if nothing in them can be undeclared.

    Args:
        kind: msgspec's description of the type.
        owner: What the type belongs to, for errors.
        is_ordering: Whether the items of sets (lists by then) and dictionaries are put in order, too.

    Raises:
        ConfigurationError: The type, or one within it, cannot be part of profile data.

    """

    def of(inner: Any) -> Prune | None:
        return pruner(inner, owner, is_ordering=is_ordering)

    if isinstance(kind, inspect.Metadata):
        return of(kind.type)
    if isinstance(kind, _OBJECTS):
        return _of_object(kind, is_ordering=is_ordering)
    if isinstance(kind, inspect.UnionType):
        return _of_union(kind, of)
    if isinstance(kind, inspect.DictType):
        values = of(kind.value_type)
        return _of_dict(values, is_ordering=is_ordering) if is_ordering or values is not None else None
    if isinstance(kind, inspect.TupleType):
        return _of_places([of(each) for each in kind.item_types])
    if isinstance(kind, inspect.SetType | inspect.FrozenSetType) and is_ordering:
        return _of_set(of(kind.item_type))
    if isinstance(kind, inspect.CollectionType):
        items = of(kind.item_type)
        return None if items is None else _of_list(items)
    if isinstance(kind, inspect.CustomType | inspect.RawType | inspect.ExtType | inspect.NamedTupleType):
        raise ConfigurationError(f"{owner} has a field of a type that profile data cannot have, {_name(kind)}.")
    return None


def _name(kind: Any) -> str:
    return getattr(getattr(kind, "cls", kind), "__name__", type(kind).__name__)


def _of_object(kind: Any, *, is_ordering: bool) -> Prune:
    name = kind.cls.__name__
    if getattr(kind, "array_like", False):
        raise ConfigurationError(f"{name} is written as a list (array_like), which profile data cannot have.")
    _check_fields(kind.cls, name)
    fields = {
        field.encode_name: pruner(field.type, f"{name}.{field.name}", is_ordering=is_ordering) for field in kind.fields
    }
    if getattr(kind, "tag_field", None) is not None:
        fields[kind.tag_field] = None

    def prune(value: Any, path: Path, undeclared: list[Path]) -> Any:
        if not isinstance(value, Mapping):
            return value
        kept = {}
        for member, each in value.items():
            if member not in fields:
                undeclared.append((*path, member))
                continue
            inner = fields[member]
            kept[member] = each if inner is None else inner(each, (*path, member), undeclared)
        return kept

    return prune


def _check_fields(cls: type[Any], name: str) -> None:
    """Refuse what msgspec would set or write in another way than the class itself."""
    if attrs.has(cls):
        for field in attrs.fields(cls):
            if field.converter is not None:
                raise ConfigurationError(f"{name}.{field.name} has a converter, which is not called.")
            if field.name.startswith("_") or not field.init:
                raise ConfigurationError(f"{name}.{field.name} is private or not in __init__, and would not be kept.")
    elif hasattr(cls, "__dataclass_fields__"):
        for each in cls.__dataclass_fields__.values():
            if each.name.startswith("_") or not each.init:
                raise ConfigurationError(f"{name}.{each.name} is private or not in __init__, and would not be kept.")


def _of_union(kind: inspect.UnionType, of: Callable[[Any], Prune | None]) -> Prune | None:
    objects = [each for each in kind.types if isinstance(each, _OBJECTS)]
    tagged = [each for each in objects if isinstance(each, inspect.StructType) and each.tag is not None]
    by_tag = {each.tag: of(each) for each in tagged}
    if by_tag:
        tag_field = tagged[0].tag_field

        def prune(value: Any, path: Path, undeclared: list[Path]) -> Any:
            tag = value.get(tag_field) if isinstance(value, Mapping) else None
            inner = by_tag.get(tag) if isinstance(tag, str | int) else None
            return value if inner is None else inner(value, path, undeclared)

        return prune
    others = [found for each in kind.types if (found := of(each)) is not None]
    if len(others) > 1:

        def apply_all(value: Any, path: Path, undeclared: list[Path]) -> Any:
            # each looks at values of its own kind: a list, or an object
            for each in others:
                value = each(value, path, undeclared)
            return value

        return apply_all
    return others[0] if others else None


def _of_dict(inner: Prune | None, *, is_ordering: bool) -> Prune:
    def prune(value: Any, path: Path, undeclared: list[Path]) -> Any:
        if not isinstance(value, Mapping):
            return value
        names = sorted(value) if is_ordering else value
        return {name: inner(value[name], (*path, name), undeclared) if inner else value[name] for name in names}

    return prune


def _of_list(inner: Prune) -> Prune:
    def prune(value: Any, path: Path, undeclared: list[Path]) -> Any:
        if not isinstance(value, list | tuple):
            return value
        return [inner(each, (*path, place), undeclared) for place, each in enumerate(value)]

    return prune


def _of_set(inner: Prune | None) -> Prune:
    def prune(value: Any, path: Path, undeclared: list[Path]) -> Any:
        if not isinstance(value, list | tuple):
            return value
        items = value if inner is None else _of_list(inner)(value, path, undeclared)
        return sorted(items, key=_rank)

    return prune


def _rank(item: Any) -> tuple[bool, Any]:
    """Return the place of a JSON value in a set: numbers come first, which other values are not compared with."""
    if isinstance(item, int | float):
        return False, item
    return True, item if isinstance(item, str) else json_of(item)


def _of_places(places: list[Prune | None]) -> Prune | None:
    if not any(places):
        return None

    def prune(value: Any, path: Path, undeclared: list[Path]) -> Any:
        if not isinstance(value, list | tuple) or len(value) != len(places):
            return value
        return [
            each if inner is None else inner(each, (*path, place), undeclared)
            for place, (each, inner) in enumerate(zip(value, places, strict=True))
        ]

    return prune


def described(cls: type[Any]) -> Any:
    """Return msgspec's description of a class with fields.

    Raises:
        ConfigurationError: It is none.

    """
    try:
        kind = inspect.type_info(cls)
    except Exception as error:
        raise ConfigurationError(f"{cls!r} cannot be a profile type: {error}") from error
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    if not isinstance(kind, _OBJECTS):
        raise ConfigurationError(
            f"{getattr(cls, '__name__', cls)} is no class with fields, so it cannot be a profile type."
        )
    return kind
