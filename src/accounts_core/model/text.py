"""Rules for text that comes from outside, shared by all value objects.

NUL and lone surrogates are refused, because PostgreSQL cannot store NUL and UTF-8 cannot encode a lone surrogate.
Lengths are checked before any expensive operation on a text.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

import attrs

from accounts_core.errors import Invalid

from .card_numbers import refuse_card_number
from .secret_values import SecretValue

MAX_LINE: Final = 200
MAX_BODY: Final = 10_000
_CONTROL: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Bidirectional formatting characters, which change the display order of the text that follows."""
_INVISIBLE: Final = frozenset({"Cf", "Mn", "Me", "Zs"})
BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that are displayed as blank."""
MAX_MARKS: Final = 30
"""Combining marks in a row (UAX #15, "Stream-Safe Text Format"). No language has so many."""
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


class Secret(str):
    """A string with a redacted `repr`, so that logs of objects and error reports with local variables do not show it.

    Otherwise it is a normal string; `str(secret)` returns a plain one.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def is_storable(text: str) -> bool:
    """Return whether every store can store `text`: it has no NUL and no lone surrogate."""
    return _UNSTORABLE.search(text) is None


def is_stream_safe(text: str) -> bool:
    """Return whether `text` has at most `MAX_MARKS` combining marks in a row.

    Normalisation sorts the marks of a character by insertion, which takes quadratic time for a long row of them.
    """
    if text.isascii():
        return True
    row = 0
    for each in text:
        row = row + 1 if unicodedata.combining(each) else 0
        if row > MAX_MARKS:
            return False
    return True


def check_storable(value: Any) -> None:
    """Check that every store can store all text in a value, nested values included.

    Stores call it, so that all of them accept the same values.

    Raises:
        Invalid: On `value`: a text in it is not storable.

    """
    match value:
        case str():
            if not is_storable(value):
                raise Invalid("value", "This cannot be stored.")
        case Mapping():
            for name, each in value.items():
                check_storable(name)
                check_storable(each)
        case list() | tuple():
            for each in value:
                check_storable(each)
        case SecretValue():
            check_storable(value.reveal())
        case _ if attrs.has(type(value)):
            for field in attrs.fields(type(value)):
                check_storable(getattr(value, field.name))


def one_line(field: str, text: str, *, at_most: int = MAX_LINE) -> str:
    """Return `text` in NFC without surrounding white space; it must have 1 to `at_most` characters on one line.

    Raises:
        Invalid: On `field`: it is empty or too long, or has control characters, bidirectional formatting characters or
            too many combining marks.

    """
    if len(text) > at_most:
        raise Invalid(field, f"At most {at_most} characters, please.")
    if any(unicodedata.category(each) in _CONTROL or unicodedata.bidirectional(each) in _TURNING for each in text):
        raise Invalid(field, "Control characters and line breaks are not allowed.")
    if not is_stream_safe(text):
        raise Invalid(field, f"At most {MAX_MARKS} combining marks in a row, please.")
    cleaned = unicodedata.normalize("NFC", text).strip()
    if all(each in BLANK or unicodedata.category(each) in _INVISIBLE for each in cleaned):
        raise Invalid(field, "This cannot be empty.")
    if len(cleaned) > at_most:
        raise Invalid(field, f"At most {at_most} characters, please.")
    if not is_stream_safe(cleaned):  # one mark may become two, such as U+0344
        raise Invalid(field, f"At most {MAX_MARKS} combining marks in a row, please.")
    return cleaned


def display_name(field: str, text: str) -> str:
    """Return the name of a person or a team, as `one_line` does, and check that it has no card number.

    Raises:
        Invalid: On `field`: as `one_line`, or it has a card number.

    """
    if len(text) <= MAX_LINE:
        refuse_card_number(field, text)
    return one_line(field, text)


def body(field: str, text: str, *, at_most: int = MAX_BODY) -> str:
    """Check a text of 1 to `at_most` characters, with line breaks and tabs, and return it unchanged.

    Raises:
        Invalid: On `field`: it is too long, cannot be stored, or has only white space.

    """
    if len(text) > at_most:
        raise Invalid(field, f"At most {at_most} characters, please.")
    if not is_storable(text):
        raise Invalid(field, "This has characters that cannot be stored.")
    if not text.strip():
        raise Invalid(field, "This cannot be empty.")
    return str(text)
