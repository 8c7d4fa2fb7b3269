"""Recorded runs: the operations, and every decision other than the default. A plan can be replayed exactly."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import attrs

from .decisions import At, Script
from .faults import Fault

T = TypeVar("T")


@attrs.frozen
class Operation:
    """An operation with a stable `id`. Its choices are derived from the numbers in `draws`."""

    id: int
    name: str
    draws: tuple[int, ...] = ()

    @property
    def task(self) -> str:
        """Name of the operation's task."""
        return f"{self.id}:{self.name}"


class Draw:
    """Choices from numbers drawn in advance; once they are used up, the first option is chosen."""

    def __init__(self, operation: Operation) -> None:
        self.task = operation.task
        self._left = list(operation.draws)

    def below(self, bound: int) -> int:
        """Return a number from 0 to `bound - 1`."""
        return self._left.pop(0) % bound if self._left else 0

    def of(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[self.below(len(options))]

    def happens(self, one_in: int) -> bool:
        """Return true with a probability of one in `one_in`."""
        return self.below(one_in) == one_in - 1


@attrs.frozen
class Plan:
    """Operations and decisions of a run. Any of them can be removed without changing the meaning of the others."""

    operations: tuple[Operation, ...] = ()
    faults: Mapping[At, Fault] = attrs.field(factory=dict)
    switches: Mapping[At, str] = attrs.field(factory=dict)

    @property
    def script(self) -> Script:
        return Script(self.faults, self.switches)

    @property
    def size(self) -> tuple[int, int, int]:
        return len(self.operations), len(self.faults), len(self.switches)

    def dumps(self) -> str:
        """Return the plan as one line of JSON."""
        return json.dumps(
            {
                "operations": [[each.id, each.name, list(each.draws)] for each in self.operations],
                "faults": [[task, number, fault] for (task, number), fault in self.faults.items()],
                "switches": [[task, number, to] for (task, number), to in self.switches.items()],
            },
            separators=(",", ":"),
        )

    @classmethod
    def loads(cls, text: str) -> "Plan":
        """Return the plan from the JSON of `dumps`."""
        read: dict[str, Any] = json.loads(text)
        return cls(
            operations=tuple(Operation(number, name, tuple(draws)) for number, name, draws in read["operations"]),
            faults={(task, number): Fault(fault) for task, number, fault in read["faults"]},
            switches={(task, number): to for task, number, to in read["switches"]},
        )
