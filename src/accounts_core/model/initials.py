"""The initials of a name.

The rule, in order:

1. Text in brackets at the end is not part of the name: of `Jane Doe (CEO)` only `Jane Doe` counts. A name that is
   all in brackets is used as it is.
2. A name is divided at white space. Words without a letter, a digit or a symbol, such as a dash, do not count, unless
   there are no others.
3. The first and the last word have one initial each; a single word has one.
4. The initial of a word is its first grapheme (`accounts_core.model.graphemes`) that begins with a letter; of a word
   without letters the first that begins with a digit or a symbol, such as an emoji or a flag; else the first.
5. It is converted to upper case if the result has the same number of characters: `ß`, whose upper case is `SS`, stays
   `ß`. A ligature (`ﬁ`) is replaced with its first letter before.

The order is that of the text, which is the reading order in every script; a page displays right-to-left text.
"""

import unicodedata
from typing import Final

from .graphemes import graphemes

_BRACKETS: Final = {")": "(", "]": "[", "}": "{", "\uff09": "\uff08", "\u3011": "\u3010"}
_LIGATURES: Final = ("\ufb00", "\ufb17")
"""The range of the Latin and Armenian ligatures."""


def initials_of(name: str) -> str:
    """Return the initials, one or two graphemes; an empty text for an empty name."""
    words = _without_bracketed_end(name).split() or name.split()
    names = [word for word in words if any(_is_shown(each) for each in word)] or words
    return "".join(_initial(word) for word in names[:1] + names[1:][-1:])


def _without_bracketed_end(name: str) -> str:
    """Return the name without the text in brackets at its end, repeated and nested brackets included."""
    text = name.rstrip()
    end = len(text)
    opening: list[str] = []
    for place in range(len(text) - 1, -1, -1):
        each = text[place]
        if each in _BRACKETS:
            opening.append(_BRACKETS[each])
        elif not opening:
            if not each.isspace():
                break
        elif each == opening[-1]:
            opening.pop()
            if not opening:
                end = place
    return text[:end]


def _is_shown(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNS"


def _initial(word: str) -> str:
    parts = list(graphemes(word))
    first = next((part for part in parts if part[0].isalpha()), None)
    if first is None:
        return next((part for part in parts if _is_shown(part[0])), parts[0])
    if _LIGATURES[0] <= first[0] <= _LIGATURES[1]:
        first = unicodedata.normalize("NFKD", first[0])[0]
    first = unicodedata.normalize("NFC", first)
    upper = unicodedata.normalize("NFC", first.upper())
    return upper if len(upper) == len(first) else first
