"""Describe settings as attrs fields: name, parser, expected form and default in one place."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final, TypeVar

import attrs

from accounts_service import parsers

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

TEN_YEARS: Final = 3650
FOR_EVER: Final = "for ever"
TRUE_OR_FALSE: Final = "true or false"


def setting(
    parse: Callable[[str], T],
    expected: str,
    default: T | None = None,
    *,
    secret: bool = False,
    empty: bool = False,
    used: bool = True,
    alias: str | None = None,
) -> T:
    """Return the field of a setting.

    Args:
        parse: Reads its text; raises `ValueError`.
        expected: Describes a valid text, in the message about one that is not.
        default: Its value where it is not set.
        secret: Its text may hold a secret, so it is never shown.
        empty: It may be set to an empty text.
        used: Whether it has an effect in this release.
        alias: Another name for it, without `ACCOUNTS_`.

    """
    meta = {"parse": parse, "expected": expected, "secret": secret, "empty": empty, "used": used, "alias": alias}
    field: T = attrs.field(default=default, repr=not secret, metadata=meta)
    return field


def number(unit: str, least: int, most: int, default: int, *, zero: str | None = None) -> int:
    """Return the field of a whole number; `zero` explains 0 where that is special."""
    lowest = f"{least} ({zero})" if zero else str(least)
    return setting(parsers.make_number_parser(least, most), f"a number of {unit} from {lowest} to {most}", default)


def days(default: int, *, zero: str | None = None) -> int:
    return number("days", 0 if zero else 1, TEN_YEARS, default, zero=zero)


def choice(kind: type[E], default: E) -> E:
    *others, last = kind
    return setting(kind, f"{', '.join(others)} or {last}", default)


def optional(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    return parse
