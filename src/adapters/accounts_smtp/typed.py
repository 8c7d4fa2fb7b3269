import unicodedata
from html import escape
from typing import Final, Self

from accounts_smtp.text import one_line

_FIRST_STRONG_ISOLATE: Final = "\u2068"
_POP_ISOLATE: Final = "\u2069"
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})


class Typed(str):  # noqa: SLOT000  it has an attribute
    """Text that a person typed, cleaned to one line, which a template inserts so that it stays a unit of its own.

    As HTML it is escaped inside of `<bdi>`. As plain text it is between isolating characters (UAX #9), if it has
    letters that are written from right to left, or if the text around it is; it would otherwise be reordered.
    """

    is_in_right_to_left: bool

    def __new__(cls, text: str, *, is_in_right_to_left: bool = False) -> Self:
        made = super().__new__(cls, one_line(text))
        made.is_in_right_to_left = is_in_right_to_left
        return made

    def __str__(self) -> str:
        plain = str.__str__(self)
        turns = self.is_in_right_to_left or any(unicodedata.bidirectional(each) in _RIGHT_TO_LEFT for each in plain)
        return f"{_FIRST_STRONG_ISOLATE}{plain}{_POP_ISOLATE}" if plain and turns else plain

    def __html__(self) -> str:
        return f"<bdi>{escape(str.__str__(self))}</bdi>" if self else ""
