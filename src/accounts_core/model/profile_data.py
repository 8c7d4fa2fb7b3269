"""Profile data: the host application's own fields of a user, in a type that it declares.

A user has the JSON text that is stored, with the version of the type that wrote it. It is decoded when `User.profile`
is read, so that data that cannot be read any more never keeps a user from signing in.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs

from accounts_core.errors import Invalid

from .card_numbers import CARD_NUMBER, LEAST_DIGITS, holds_card_number
from .text import MAX_MARKS, is_stream_safe

if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault

    # The default lets users write `User` without a type argument; `typing.TypeVar` has it from Python 3.13 on.
    D = TypeVarWithDefault("D", default=Any)
else:
    D = TypeVar("D")

Upgrade = Callable[[dict[str, Any], int], Mapping[str, Any]]
"""Takes members that an older version has written, and that version; returns members of the present one."""

MAX_BYTES: Final = 4096
"""The default of `ProfileType.max_bytes`."""
FIELD: Final = "profile"
"""The name under which errors report the data; its members follow after a dot."""
MAX_DEPTH: Final = 8
MAX_NAME: Final = 200
"""Characters of a member's name."""
MAX_ERRORS: Final = 20
"""Errors that are reported at once."""
_MAX_INTEGER: Final = 2**63
_LEAST_CARD_NUMBER: Final = 10 ** (LEAST_DIGITS - 1)
_SHOWN: Final = 48
"""Characters of an undeclared name that an error shows."""
_CONTROL: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters other than line breaks and tabs, and lone surrogates."""
_CONTROL_IN_NAME: Final = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

Path = tuple[str | int, ...]
"""Names of members and positions in lists that lead to a value."""
Problem = tuple[Path, str]
"""A value that is not valid, and the reason, for people."""


@attrs.frozen
class ProfileData:
    """Profile data as it is stored: a JSON object, and the version of the type that it was written with.

    Two are equal if they have the same text and version.
    """

    text: str = attrs.field(repr=False)
    version: int
    read: Callable[["ProfileData"], Any] | None = attrs.field(default=None, eq=False, repr=False)
    """Returns the data in the host application's type; None in data that comes from a store."""

    @classmethod
    def of(cls, members: Mapping[str, Any], version: int) -> "ProfileData":
        """Return the data with these members, which are JSON values."""
        return cls(json_of(members), version)

    def members(self) -> dict[str, Any]:
        """Return the members as JSON values.

        Raises:
            ValueError: The text is not a JSON object, because something else has written it.

        """
        parsed = json.loads(self.text)
        if not isinstance(parsed, dict):
            raise ValueError("The profile data is not a JSON object.")  # noqa: TRY004  as for a text that is no JSON
        return parsed


NOTHING: Final = ProfileData("{}", 0)
"""The data of users who signed up before the type was declared."""


def json_of(value: Any) -> str:
    """Return a JSON value as text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def field_of(path: Path) -> str:
    """Return the name of a value in errors, such as `profile.address.zip` or `profile.tags.0`."""
    return ".".join((FIELD, *map(_shown, path)))


def invalid_profile(problems: Sequence[Problem]) -> Invalid:
    """Return the error for one or more values of profile data, at most `MAX_ERRORS` of them.

    Args:
        problems: The path and the reason of each, at least one. A path is `()` for the data as a whole.

    """
    first, *others = (Invalid(field_of(path), reason) for path, reason in problems[:MAX_ERRORS])
    return Invalid(first.field, first.reason, others)


def check_json(data: Mapping[str, Any], *, max_bytes: int) -> None:
    """Check what is true of all profile data, whatever its type.

    It has only what JSON has: objects with names as text, lists, texts, finite numbers, integers of 64 bits, booleans
    and null. Texts have no control characters but line breaks and tabs, no lone surrogates and no card numbers. The
    work is linear in `max_bytes`, however large the data is.

    Args:
        data: The members.
        max_bytes: Most bytes of the data as JSON in UTF-8.

    Raises:
        Invalid: On `profile` or its members.

    """
    problems: list[Problem] = []
    # each value has at least one byte and a separator, so more of them than bytes are too many
    left = max_bytes
    members = dict(data)
    for path, reason, size in _walk(members, ()):
        left -= size
        if reason is not None:
            problems.append((path, reason))
        if left < 0 or len(problems) >= MAX_ERRORS:
            break
    if left < 0 or (not problems and len(json_of(members).encode()) > max_bytes):
        problems.insert(0, ((), f"At most {max_bytes} bytes as JSON, please."))
    if problems:
        raise invalid_profile(problems)


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, str | None, int]]:
    """Yield the path of each value, why it cannot be stored, if so, and the least size that it has as JSON."""
    match value:
        case None | bool():
            yield path, None, 4
        case int():
            yield path, _fault_of_integer(value), 1
        case float():
            yield path, _fault_of_float(value), 3
        case str():
            yield path, None, len(value)  # so that a text that is too long is not looked at
            yield path, _fault_of(value), 0
        case dict() | list() | tuple() if len(path) >= MAX_DEPTH:
            yield path, f"At most {MAX_DEPTH} levels, please.", 2
        case dict():
            yield path, None, 2
            for name, each in value.items():
                if not isinstance(name, str):
                    yield path, "The names of members are texts.", 1
                    continue
                yield path, None, len(name) + 4
                fault = _fault_of_name(name)
                if fault is None:
                    yield from _walk(each, (*path, name))
                else:
                    yield path, fault, 0
        case list() | tuple():
            yield path, None, 2
            for place, each in enumerate(value):
                yield path, None, 1
                yield from _walk(each, (*path, place))
        case _:
            yield path, "This is not a JSON value.", 1


def _fault_of_integer(value: int) -> str | None:
    if not -_MAX_INTEGER <= value < _MAX_INTEGER:
        return "At most 64 bits, please."
    return CARD_NUMBER if abs(value) >= _LEAST_CARD_NUMBER and holds_card_number(str(abs(value))) else None


def _fault_of_float(value: float) -> str | None:
    if not math.isfinite(value):
        return "This is not a finite number."
    return CARD_NUMBER if abs(value) >= _LEAST_CARD_NUMBER and holds_card_number(f"{abs(value):.0f}") else None


def _fault_of(text: str) -> str | None:
    if _CONTROL.search(text) is not None:
        return "Control characters other than line breaks and tabs are not allowed."
    if not is_stream_safe(text):
        return f"At most {MAX_MARKS} combining marks in a row, please."
    return CARD_NUMBER if holds_card_number(text) else None


def _fault_of_name(name: str) -> str | None:
    if len(name) > MAX_NAME:
        return f"The names of members have at most {MAX_NAME} characters."
    if _CONTROL_IN_NAME.search(name) is not None:
        return "The names of members have no control characters and line breaks."
    fault = _fault_of(name)
    return None if fault is None else f"The name of a member is not valid. {fault}"


def _shown(step: str | int) -> str:
    text = str(step)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}\u2026"
