"""Profile data of pydantic's models and dataclasses, which validate themselves."""

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeGuard

import pydantic

from accounts_core.errors import ConfigurationError
from accounts_core.model.profile_data import D, Path, Problem, invalid_profile, json_of

from .reasons import REQUIRED, UNKNOWN, UNWRITABLE, sentence
from .schemas import in_one_piece

_LEAST: Final = (2, 12)
"""The first version that takes `extra` for one validation."""
_NOWHERE: Final = object()
_UNKNOWN: Final = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
_MISSING: Final = frozenset({"missing", "missing_argument", "missing_keyword_only_argument"})


class PydanticCodec(Generic[D]):
    """See `accounts_core.ports.profile_codec.ProfileCodec`.

    Data is read as JSON, so that a strict model takes dates and the like as text.
    """

    def __init__(self, cls: type[D]) -> None:
        if tuple(int(part) for part in pydantic.VERSION.split(".")[:2]) < _LEAST:
            raise ConfigurationError("Profile types of pydantic need pydantic 2.12 or later.")
        self._cls = cls
        self._adapter: pydantic.TypeAdapter[D] = pydantic.TypeAdapter(cls)
        try:
            schema = self._adapter.json_schema(by_alias=True, mode="validation")
            written = self._adapter.json_schema(by_alias=True, mode="serialization")
        except pydantic.errors.PydanticInvalidForJsonSchema as error:
            raise ConfigurationError(f"{cls.__name__} has a field that JSON has no form for.") from error
        self._schema = in_one_piece(schema, cls.__name__)
        _refuse_what_is_lost(self._schema, in_one_piece(written, cls.__name__), cls.__name__)

    def load(self, data: Mapping[str, Any], *, allow_unknown: bool) -> D:
        try:
            return self._adapter.validate_json(
                json_of(dict(data)), extra="ignore" if allow_unknown else "forbid", by_alias=True, by_name=False
            )
        except pydantic.ValidationError as error:
            # without the error itself, whose text has what was typed
            found = error.errors(include_url=False, include_context=False, include_input=False)
        raise invalid_profile([_problem(data, each["loc"], each["type"], each["msg"]) for each in found])

    def dump(self, value: D) -> Mapping[str, Any]:
        try:
            members: Mapping[str, Any] = self._adapter.dump_python(
                value, mode="json", by_alias=True, round_trip=True, warnings="error"
            )
        except (ValueError, TypeError):  # of pydantic_core, which is not a dependency of its own
            raise invalid_profile([((), UNWRITABLE)]) from None
        return members

    def is_value(self, value: object) -> TypeGuard[D]:
        return isinstance(value, self._cls)

    def schema(self) -> Mapping[str, Any]:
        return self._schema


def _refuse_what_is_lost(read: Any, written: Any, name: str) -> None:
    """Compare the schemas of what is read and of what is written.

    Raises:
        ConfigurationError: A member is not written, or not under its name, or as asterisks.

    """
    if isinstance(read, list) and isinstance(written, list):
        for each, same in zip(read, written, strict=False):
            _refuse_what_is_lost(each, same, name)
    if not isinstance(read, Mapping) or not isinstance(written, Mapping):
        return
    if read.get("writeOnly") and read.get("format") == "password":
        raise ConfigurationError(f"{name} is a secret of pydantic's, which is written as asterisks.")
    for key, each in read.items():
        if key == "properties":
            there = written.get("properties", {})
            for member, inner in each.items():
                if member not in there:
                    raise ConfigurationError(f"{name}.{member} is read, but not written under this name.")
                _refuse_what_is_lost(inner, there[member], f"{name}.{member}")
        elif key not in {"default", "enum", "const", "examples"}:
            _refuse_what_is_lost(each, written.get(key), name)


def _problem(data: Any, location: tuple[int | str, ...], kind: str, message: str) -> Problem:
    if kind in _UNKNOWN:
        reason = UNKNOWN
    elif kind in _MISSING:
        reason = REQUIRED
    else:
        reason = sentence(message.removeprefix("Value error, ").removeprefix("Assertion failed, "))
    return _path(data, location, is_missing=kind in _MISSING), reason


def _path(value: Any, location: tuple[int | str, ...], *, is_missing: bool) -> Path:
    """Return the path in the data; the location also has the names of types, such as those of a union."""
    path: list[str | int] = []
    for place, step in enumerate(location):
        inner = _inner(value, step)
        if inner is not _NOWHERE:
            value = inner
        elif not (is_missing and place == len(location) - 1):
            continue
        path.append(step)
    return tuple(path)


def _inner(value: Any, step: int | str) -> Any:
    if isinstance(step, str):
        return value.get(step, _NOWHERE) if isinstance(value, Mapping) else _NOWHERE
    return value[step] if isinstance(value, list | tuple) and step < len(value) else _NOWHERE
