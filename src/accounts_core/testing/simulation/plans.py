"""A run written down: what was started, and every decision that was not the usual one. It plays the same again."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import attrs

from .decisions import At, Script
from .faults import Fault

T = TypeVar("T")


@attrs.frozen
class Operation:
    """Something that is started. `draws` are the numbers from which it makes its choices; `id` names it for good."""

    id: int
    name: str
    draws: tuple[int, ...] = ()

    @property
    def task(self) -> str:
        """What its task is called."""
        return f"{self.id}:{self.name}"


class Draw:
    """Makes choices from numbers that were drawn beforehand; when they are used up, always the first."""

    def __init__(self, operation: Operation) -> None:
        self.task = operation.task
        self._left = list(operation.draws)

    def below(self, bound: int) -> int:
        """Return a number from 0 on, below `bound`."""
        return self._left.pop(0) % bound if self._left else 0

    def of(self, options: Sequence[T]) -> T:
        """Return one of these."""
        return options[self.below(len(options))]

    def happens(self, one_in: int) -> bool:
        """Say yes one time in so many."""
        return self.below(one_in) == one_in - 1


@attrs.frozen
class Plan:
    """What is played. Any part of it may be left out, and the rest still means the same."""

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
        """Write it in one line."""
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
        """Read what `dumps` wrote."""
        read: dict[str, Any] = json.loads(text)
        return cls(
            operations=tuple(Operation(number, name, tuple(draws)) for number, name, draws in read["operations"]),
            faults={(task, number): Fault(fault) for task, number, fault in read["faults"]},
            switches={(task, number): to for task, number, to in read["switches"]},
        )
