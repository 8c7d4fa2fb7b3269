"""The initials of a name.

The rule, in order:

1. What stands in brackets at the end is no part of the name: of `Jane Doe (CEO)` only `Jane Doe` counts. A name that is
   nothing but brackets is taken as it is.
2. A name is divided at white space. Words without a letter, a digit or a symbol, such as a dash, do not count, unless
   there are no others.
3. The first and the last word give one initial each; a single word gives one.
4. The initial of a word is its first grapheme (`accounts_core.model.graphemes`) that begins with a letter; of a word
   without letters the first that begins with a digit or a symbol, such as an emoji or a flag; else the first.
5. It is put in upper case where that is one grapheme of as many characters; else it stays as it is written: `ß` has
   `SS` for its upper case and stays `ß`. A ligature (`ﬁ`) is taken apart first, into its first letter.

The order is that of the text, which is the order of reading in every script: a name written from right to left has its
first letter first, and the page that shows it turns it.
"""

import unicodedata
from typing import Final

from .graphemes import graphemes

_BRACKETS: Final = {")": "(", "]": "[", "}": "{", "\uff09": "\uff08", "\u3011": "\u3010"}
_LIGATURES: Final = ("\ufb00", "\ufb17")
"""Latin and Armenian ligatures, the only letters that a typeface joined and Unicode kept."""


def initials_of(name: str) -> str:
    """Return one or two graphemes; nothing for a name without any character."""
    words = _without_bracketed_end(name).split() or name.split()
    names = [word for word in words if any(_is_shown(each) for each in word)] or words
    return "".join(_initial(word) for word in names[:1] + names[1:][-1:])


def _without_bracketed_end(name: str) -> str:
    """Return the name without what stands in brackets at its end, several times and nested too."""
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
