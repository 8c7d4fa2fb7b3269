"""Profile data of attrs classes, dataclasses, msgspec Structs and TypedDicts, which msgspec validates."""

import re
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Final, Generic, TypeGuard, cast, get_args, get_origin

import attrs
import msgspec

from accounts_core.errors import ConfigurationError
from accounts_core.model.profile_data import D, Path, Problem, invalid_profile

from .defaults import completer
from .reasons import REQUIRED, UNKNOWN, UNWRITABLE, sentence
from .schemas import in_one_piece
from .undeclared import described, pruner

_MISSING: Final = re.compile("Object missing required field `([^`]*)`")
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]|(\[\.\.\.\])")
_MISSING_VALUE: Final = object()


class MsgspecCodec(Generic[D]):
    """See `accounts_core.ports.profile_codec.ProfileCodec`.

    msgspec stops at the first error, so that each member is tried by itself once there is one.
    """

    def __init__(self, cls: type[D]) -> None:
        kind = described(cls)
        try:
            schema = msgspec.json.schema(cls)
        except TypeError as error:
            raise ConfigurationError(f"{cls.__name__} has a field that JSON has no form for.") from error
        self._schema = in_one_piece(schema, cls.__name__)  # refuses a class that refers to itself
        prune = pruner(kind, cls.__name__)
        order = pruner(kind, cls.__name__, is_ordering=True)
        assert prune is not None
        assert order is not None
        self._cls, self._prune, self._order, self._complete = cls, prune, order, completer(kind)
        hints = _hints(cls)
        self._fields = [(each.encode_name, each.required, hints.get(each.name, Any)) for each in kind.fields]
        self._is_typed_dict = isinstance(kind, msgspec.inspect.TypedDictType)

    def load(self, data: Mapping[str, Any], *, allow_unknown: bool) -> D:
        undeclared: list[Path] = []
        declared = self._prune(data, (), undeclared)
        problems: list[Problem] = [] if allow_unknown else [(path, UNKNOWN) for path in undeclared]
        try:
            value: D = msgspec.convert(declared, self._cls, str_keys=True)
        except msgspec.ValidationError as error:
            raise invalid_profile([*self._faults(declared, str(error)), *problems]) from None
        if problems:
            raise invalid_profile(problems)
        if self._complete is not None:
            self._complete(value)
        return value

    def dump(self, value: D) -> Mapping[str, Any]:
        try:
            members = self._ordered(_builtins(value))
        except (TypeError, ValueError, RecursionError):
            raise invalid_profile([((), UNWRITABLE)]) from None
        declared = {name: members[name] for name, _, _ in self._fields if name in members}
        return {
            **declared,
            **members,
        }  # in the order of the class; members that are no fields, such as a tag, come last

    def _ordered(self, members: Mapping[str, Any]) -> Mapping[str, Any]:
        undeclared: list[Path] = []
        ordered: Mapping[str, Any] = self._order(members, (), undeclared)
        return members if undeclared else ordered  # `load` refuses them, such as those in a value of a TypedDict

    def is_value(self, value: object) -> TypeGuard[D]:
        return not self._is_typed_dict and isinstance(value, self._cls)

    def schema(self) -> Mapping[str, Any]:
        return self._schema

    def _faults(self, declared: Mapping[str, Any], first: str) -> Iterator[Problem]:
        """Yield the errors of data that cannot be converted, of which msgspec has told the first."""
        found, values = False, dict[str, Any]()
        for name, is_required, kind in self._fields:
            if name not in declared:
                if is_required:
                    found = True
                    yield (name,), REQUIRED
                continue
            try:
                values[name] = msgspec.convert(declared[name], kind, str_keys=True)
            except msgspec.ValidationError as error:
                found = True
                yield _problem((name,), str(error))
        for problem in self._refused_by_validators(values):
            found = True
            yield problem
        if not found:
            yield _problem((), first)  # of a check of the class as a whole, such as __post_init__

    def _refused_by_validators(self, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield the errors of attrs' validators, which msgspec reports for the class as a whole."""
        if not attrs.has(self._cls):
            return
        for field in attrs.fields(cast("Any", self._cls)):
            value = values.get(field.name, _MISSING_VALUE)
            if field.validator is None or value is _MISSING_VALUE:
                continue
            try:
                field.validator(None, field, value)
            except (ValueError, TypeError) as error:
                yield (field.name,), sentence(str(error.args[0]) if error.args else "")
            except Exception:  # noqa: BLE001, S112  it looks at the instance, which there is none of; the first error tells
                continue


def _builtins(value: Any) -> Any:
    try:
        return msgspec.to_builtins(value, str_keys=True, order="deterministic", enc_hook=_plain_text)
    except TypeError:  # the items of a set cannot be compared, such as those of an Enum
        return msgspec.to_builtins(value, str_keys=True, enc_hook=_plain_text)


def _plain_text(value: object) -> str:
    """Return a text of a subclass of str, which msgspec does not write, as it is."""
    if not isinstance(value, str):
        raise TypeError(type(value).__name__)
    return str.__str__(value)


def _hints(cls: Any) -> dict[str, Any]:
    """Return the types of the fields; none if a name in them cannot be resolved here."""
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except NameError:
        return {}
    return {name: _without_qualifier(hint) for name, hint in hints.items()}


def _without_qualifier(hint: Any) -> Any:
    while get_origin(hint) in (typing.Required, typing.NotRequired, typing.ClassVar, typing.Final):
        (hint,) = get_args(hint)
    return hint


def _problem(above: Path, message: str) -> Problem:
    """Return the path and the reason of a message such as "Expected `int`, got `str` - at `$.address.lines[0]`"."""
    text, _, place = message.rpartition(" - at ")
    if not text:
        text, place = message, ""
    path = above
    for name, position, rest in _STEP.findall(place.rpartition("$")[2].rstrip("`")):
        if rest:
            break  # a key, which msgspec does not name
        path = (*path, int(position) if position else name)
    missing = _MISSING.fullmatch(text)
    if missing is not None:
        return (*path, missing[1]), REQUIRED
    return path, sentence(text)
