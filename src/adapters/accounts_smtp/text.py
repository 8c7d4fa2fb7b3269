import unicodedata
from typing import Final

_BREAKS: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
MAX_HEADER: Final = 300


def for_header(text: str) -> str:
    """Return `text` cleaned for a header: one line, at most 300 characters, no encoded words.

    A line break would end the header. So would `=?utf-8?q?=0D=0ABcc:...?=` in a mail program that decodes twice.
    """
    line = "".join(" " if unicodedata.category(c) in _BREAKS else c for c in text).replace("=?", "= ?")
    return " ".join(line.split())[:MAX_HEADER]
