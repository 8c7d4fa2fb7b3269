"""Reasons of errors, as people read them."""

from typing import Final

REQUIRED: Final = "This field is required."
UNKNOWN: Final = "This field is unknown."
UNWRITABLE: Final = "This cannot be written as JSON."
_LONGEST: Final = 200


def sentence(text: str) -> str:
    """Return a library's text as a sentence of at most 200 characters on one line."""
    line = " ".join(text.split()) or "This is not valid."
    if len(line) > _LONGEST:
        line = f"{line[:_LONGEST]}\u2026"
    return line if line[-1] in ".!?\u2026" else f"{line}."
