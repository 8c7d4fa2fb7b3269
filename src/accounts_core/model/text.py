"""Rules for text that comes from outside, shared by every value object.

No adapter stores NUL (PostgreSQL cannot) and no encoder takes a lone surrogate (UTF-8 cannot), so
neither gets past these. Lengths are checked before anything costly is done with the text.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

import attrs

from accounts_core.errors import Invalid

from .card_numbers import refuse_card_number

MAX_LINE: Final = 200
MAX_BODY: Final = 10_000
_CONTROL: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""What makes the text that follows on a page or in a mail read in another order than it is written."""
_INVISIBLE: Final = frozenset({"Cf", "Mn", "Me", "Zs"})
BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that show nothing."""
MAX_MARKS: Final = 30
"""Combining marks in a row (UAX #15, "Stream-Safe Text Format"). No language has so many."""
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


class Secret(str):
    """A text that no `repr` shows. An error reporter that looks into frames, or a log of an object, has nothing of it.

    It is a text in every other way; where that is needed, `str(secret)` is a plain one.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def is_storable(text: str) -> bool:
    """Say whether every store can keep `text`: no NUL, no lone surrogate."""
    return _UNSTORABLE.search(text) is None


def is_stream_safe(text: str) -> bool:
    """Return whether `text` has at most `MAX_MARKS` combining marks in a row.

    Normalising sorts the marks of each character by insertion, so a long row of them costs its square.
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
    """Raise `Invalid` for a value to be kept that holds, however deep, text that not every store can keep.

    For stores: so that what one of them takes is taken by every other.
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
        case _ if attrs.has(type(value)):
            for field in attrs.fields(type(value)):
                check_storable(getattr(value, field.name))


def one_line(field: str, text: str, *, at_most: int = MAX_LINE) -> str:
    """Return `text` in NFC without outer white space; it must hold 1 to `at_most` characters on one line.

    Raises `Invalid` on `field`.
    """
    if len(text) > at_most:
        raise Invalid(field, f"At most {at_most} characters, please.")
    if any(unicodedata.category(each) in _CONTROL or unicodedata.bidirectional(each) in _TURNING for each in text):
        raise Invalid(field, "Control characters and line breaks do not belong here.")
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
    """Return what a person or a team is called: `one_line`, and no card number, which would go wherever the name goes.

    Raises `Invalid` on `field`.
    """
    if len(text) <= MAX_LINE:
        refuse_card_number(field, text)
    return one_line(field, text)


def body(field: str, text: str, *, at_most: int = MAX_BODY) -> str:
    """Return `text` as it is: 1 to `at_most` characters, line breaks and tabs allowed, not only white space.

    Raises `Invalid` on `field`.
    """
    if len(text) > at_most:
        raise Invalid(field, f"At most {at_most} characters, please.")
    if not is_storable(text):
        raise Invalid(field, "This holds characters that cannot be stored.")
    if not text.strip():
        raise Invalid(field, "This cannot be empty.")
    return str(text)
