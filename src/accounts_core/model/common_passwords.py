"""Passwords that many people use, as the two lists in `data` have them; `data/README.md` says where they are from.

It is the one place where the core reads a file: once, at the import of this module, so that no request waits for it,
and from the package itself, so that there is nothing to configure and nothing that changes while a process runs.
"""

from importlib.resources import files
from typing import Final


def _entries(name: str) -> frozenset[str]:
    text = files(__package__).joinpath("data", name).read_text(encoding="utf-8")
    # An entry may hold what `splitlines` takes for the end of a line.
    return frozenset(text.removesuffix("\n").split("\n"))


COMMON: Final = _entries("common_passwords.txt")
"""At least eight characters each, of the 20,000 commonest."""

COMMON_LONG: Final = _entries("common_long_passwords.txt")
"""At least fifteen characters each, of the million commonest."""
