"""What is counted while scenarios are broken, and how much of it is done."""

from collections.abc import Callable
from typing import Any

import attrs

from .environment import Core

Take = Callable[[int], bool]
"""Says of each run, by its number, whether it is taken."""


def every(number: int) -> bool:
    """Take all of them."""
    return True


@attrs.define
class Tally:
    """What was found and done, in one scenario or in many."""

    scenarios: int = 0
    awaits: int = 0
    modes: int = 0
    """Everything that can happen: each await times what can go wrong there, and who can come between."""
    runs: int = 0
    """How much of it happened."""
    kills: int = 0
    acknowledged: int = 0
    in_doubt: int = 0
    """Runs whose caller did not hear how it ended."""
    states: int = 0
    recoveries: int = 0
    calls: set[str] = attrs.field(factory=set)
    violations: list[str] = attrs.field(factory=list)

    def add(self, other: "Tally") -> None:
        for field in attrs.fields(Tally):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            setattr(self, field.name, mine | theirs if isinstance(mine, set) else mine + theirs)


class Noted:
    """The use cases, noting which are called."""

    def __init__(self, accounts: Core, calls: set[str]) -> None:
        self._accounts = accounts
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        if name == "on":
            return lambda store, **ports: Noted(self._accounts.on(store, **ports), self._calls)
        self._calls.add(name)
        return getattr(self._accounts, name)
