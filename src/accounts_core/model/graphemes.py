"""Extended grapheme clusters (UAX #29), which readers see as one character, as far as names need them.

The standard library does not divide text into graphemes, and the core has no other dependency. These are the rules of
UAX #29, with the properties derived from the general categories of `unicodedata` and from the few ranges below:

- combining marks, variation selectors, emoji modifiers, tags and the zero-width joiner extend the character before them
  (GB9, GB9a), and a joiner joins the emoji that follows it (GB11);
- two regional indicators are one flag (GB12, GB13);
- the jamo of a Hangul syllable are one grapheme (GB6 to GB8);
- prepended signs, such as an Arabic number sign, join the character that follows them (GB9b).

Not covered: conjuncts of Indic scripts that a virama links (GB9c, since Unicode 15.1). There the consonant with its
virama is one grapheme, and the linked consonant begins another, as before Unicode 15.1.
"""

import unicodedata
from collections.abc import Iterator
from typing import Final

_JOINER: Final = "\u200d"
_NON_JOINER: Final = "\u200c"
_EXTENDING: Final = frozenset({"Mn", "Me", "Mc"})
_PREPENDED: Final = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\U000110bd\U000110cd"
)
_HALF_WIDTH_MARKS: Final = frozenset("\uff9e\uff9f")
_LEADING, _VOWEL, _TRAILING, _WITHOUT_END, _WITH_END = range(5)
_FOLLOWS: Final = {
    _LEADING: {_LEADING, _VOWEL, _WITHOUT_END, _WITH_END},
    _WITHOUT_END: {_VOWEL, _TRAILING},
    _VOWEL: {_VOWEL, _TRAILING},
    _WITH_END: {_TRAILING},
    _TRAILING: {_TRAILING},
}
"""The jamo that may follow a jamo in a syllable (GB6 to GB8)."""


def graphemes(text: str) -> Iterator[str]:
    """Return the graphemes of a text in order. Joined, they are the text. The work is linear."""
    begin = 0
    for place in range(1, len(text)):
        if not _is_joined(text, begin, place):
            yield text[begin:place]
            begin = place
    if text:
        yield text[begin:]


def _is_joined(text: str, begin: int, place: int) -> bool:
    """Return whether the character at `place` continues the grapheme that begins at `begin` and ends before it."""
    before, this = text[place - 1], text[place]
    if _extends(this):
        return True
    if before in _PREPENDED:
        return True
    if before == _JOINER:
        return _is_emoji(this) and _is_emoji(text[begin])
    if _is_regional(this):
        return place - begin == 1 and _is_regional(before)
    return (first := _jamo(before)) is not None and _jamo(this) in _FOLLOWS[first]


def _extends(character: str) -> bool:
    return (
        unicodedata.category(character) in _EXTENDING
        or character in (_JOINER, _NON_JOINER)
        or character in _HALF_WIDTH_MARKS
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= character <= "\U000e007f"  # tags, as in flags of regions
    )


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_emoji(character: str) -> bool:
    """Return whether a character may be part of a sequence of joined emoji: a symbol, or a sign drawn as one."""
    return unicodedata.category(character) in ("So", "Sk", "Cn") or character in "\u203c\u2049\u2194\u2195\u25fe\u25fd"


def _jamo(character: str) -> int | None:
    if "\uac00" <= character <= "\ud7a3":
        return _WITHOUT_END if (ord(character) - 0xAC00) % 28 == 0 else _WITH_END
    if "\u1100" <= character <= "\u115f" or "\ua960" <= character <= "\ua97c":
        return _LEADING
    if "\u1160" <= character <= "\u11a7" or "\ud7b0" <= character <= "\ud7c6":
        return _VOWEL
    if "\u11a8" <= character <= "\u11ff" or "\ud7cb" <= character <= "\ud7fb":
        return _TRAILING
    return None
