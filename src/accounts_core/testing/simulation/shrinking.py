"""Shrinking of failing plans: operations, faults and interleavings are removed while the plan still fails."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import attrs

from .plans import Plan

T = TypeVar("T")


class _Budget:
    def __init__(self, runs: int) -> None:
        self.left = runs


def shrunk(plan: Plan, fails: Callable[[Plan], bool], *, runs: int = 400) -> Plan:
    """Return the smallest plan found in at most `runs` runs for which `fails` still returns true."""
    budget = _Budget(runs)
    before = None
    while before != plan and budget.left > 0:
        before = plan
        for part in ("operations", "faults", "switches", "operations"):
            plan = _without(plan, part, fails, budget)
        plan = _struck_once(plan, fails, budget)
    return plan


def _struck_once(plan: Plan, fails: Callable[[Plan], bool], budget: _Budget) -> Plan:
    """Replace several faults of a task by one of them, at the same or an earlier point, if the plan still fails.

    Faults are identified by the number of their point. Without an earlier fault that made the task retry, the same
    point has a lower number.
    """
    for (task, number), fault in sorted(plan.faults.items(), reverse=True):
        others = {at: each for at, each in plan.faults.items() if at[0] != task}
        if len(plan.faults) - len(others) < 2:
            continue
        for place in range(number, 0, -1):
            if budget.left <= 0:
                return plan
            budget.left -= 1
            simpler = attrs.evolve(plan, faults={**others, (task, place): fault})
            if fails(simpler):
                return simpler
    return plan


def _without(plan: Plan, part: str, fails: Callable[[Plan], bool], budget: _Budget) -> Plan:
    whole = getattr(plan, part)
    entries = list(whole.items()) if isinstance(whole, dict) else list(whole)

    def made(kept: Sequence[T]) -> Plan:
        return attrs.evolve(plan, **{part: dict(kept) if isinstance(whole, dict) else tuple(kept)})  # type: ignore[arg-type]  # a dict of its own entries

    return made(_fewest(entries, lambda kept: fails(made(kept)), budget))


def _fewest(entries: list[T], fails: Callable[[list[T]], bool], budget: _Budget) -> list[T]:
    """Remove halves, quarters and so on down to single entries while the rest still fails (delta debugging)."""
    size = len(entries)
    while size and entries and budget.left > 0:
        place = 0
        while place < len(entries) and budget.left > 0:
            rest = entries[:place] + entries[place + size :]
            budget.left -= 1
            if fails(rest):
                entries = rest
            else:
                place += size
        size = min(size, len(entries) + 1) // 2
    return entries
