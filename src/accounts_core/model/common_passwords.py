"""Common passwords, read from the two lists in `data`; `data/README.md` names their sources.

This is the only place where the core reads a file: once, when this module is imported, from the package itself, so
there is nothing to configure and no request waits for it.
"""

from importlib.resources import files
from typing import Final


def _entries(name: str) -> frozenset[str]:
    text = files(__package__).joinpath("data", name).read_text(encoding="utf-8")
    # `splitlines` would also split at other characters, which an entry may contain.
    return frozenset(text.removesuffix("\n").split("\n"))


COMMON: Final = _entries("common_passwords.txt")
"""Those of the 20,000 most common passwords that have at least eight characters."""

COMMON_LONG: Final = _entries("common_long_passwords.txt")
"""Those of the million most common passwords that have at least fifteen characters."""
