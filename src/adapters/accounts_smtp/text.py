import unicodedata
from typing import Final

_BREAKS: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
MAX_HEADER: Final = 300


def for_header(text: str) -> str:
    """Return `text` fit for a header: one line, at most 300 characters, nothing that is decoded.

    Line breaks of every kind would end the header. `=?utf-8?q?=0D=0ABcc:...?=` would too, in a mail program that
    decodes twice.
    """
    line = "".join(" " if unicodedata.category(c) in _BREAKS else c for c in text).replace("=?", "= ?")
    return " ".join(line.split())[:MAX_HEADER]
