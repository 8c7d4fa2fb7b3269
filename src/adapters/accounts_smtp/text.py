import unicodedata
from typing import Final

_BREAKS: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Bidirectional formatting characters, of which one in a value could end the isolation of that value."""
MAX_HEADER: Final = 300


def one_line(text: str) -> str:
    """Return `text` in one line, without control characters and without bidirectional formatting characters."""
    kept = (c for c in text if unicodedata.bidirectional(c) not in _TURNING)
    return " ".join("".join(" " if unicodedata.category(c) in _BREAKS else c for c in kept).split())


def for_header(text: str) -> str:
    """Return `text` cleaned for a header: one line, at most 300 characters, no encoded words.

    A line break would end the header. So would `=?utf-8?q?=0D=0ABcc:...?=` in a mail program that decodes twice.
    """
    line = "".join(" " if unicodedata.category(c) in _BREAKS else c for c in text).replace("=?", "= ?")
    return " ".join(line.split())[:MAX_HEADER]
