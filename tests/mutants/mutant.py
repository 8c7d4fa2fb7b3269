"""A fault put into the product on purpose, and the check that has to find it."""

from pathlib import Path
from typing import Final

import attrs

ROOT: Final = Path(__file__).resolve().parents[2]


class DoesNotApply(Exception):
    """The text that a mutant changes is not there, or not once: the product has moved on, and the mutant has to."""


@attrs.frozen
class Mutant:
    """One change: in `file`, `old` becomes `new`. `check` names the test that catches it, as pytest does."""

    name: str
    """What is wrong then, in words."""
    file: str
    """Below `src/`."""
    old: str = attrs.field(repr=False)
    new: str = attrs.field(repr=False)
    check: str

    def mutated(self) -> str:
        """Return the file's text with the change in it. Raises `DoesNotApply`."""
        text = (ROOT / "src" / self.file).read_text()
        if text.count(self.old) != 1 or self.old == self.new:
            raise DoesNotApply(f"{self.name}: {self.file} has its text {text.count(self.old)} times.")
        return text.replace(self.old, self.new)
