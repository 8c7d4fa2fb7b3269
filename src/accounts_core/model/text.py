"""Rules for text that comes from outside, shared by every value object.

No adapter stores NUL (PostgreSQL cannot) and no encoder takes a lone surrogate (UTF-8 cannot), so
neither gets past these. Lengths are checked before anything costly is done with the text.
"""

import unicodedata
from typing import Final

from accounts_core.errors import Invalid

MAX_LINE: Final = 200
MAX_BODY: Final = 10_000
_CONTROL: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


class Secret(str):
    """A text that no `repr` shows. An error reporter that looks into frames, or a log of an object, has nothing of it.

    It is a text in every other way; where that is needed, `str(secret)` is a plain one.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def is_storable(text: str) -> bool:
    """Say whether every store can keep `text`: no NUL, no lone surrogate."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def one_line(field: str, text: str, *, at_most: int = MAX_LINE) -> str:
    """Return `text` in NFC without outer white space; it must hold 1 to `at_most` characters on one line.

    Raises `Invalid` on `field`.
    """
    if len(text) > at_most:
        raise Invalid(field, f"At most {at_most} characters, please.")
    if any(unicodedata.category(character) in _CONTROL for character in text):
        raise Invalid(field, "Control characters and line breaks do not belong here.")
    tidy = unicodedata.normalize("NFC", text).strip()
    if not tidy:
        raise Invalid(field, "This cannot be empty.")
    if len(tidy) > at_most:
        raise Invalid(field, f"At most {at_most} characters, please.")
    return tidy


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
    return text
