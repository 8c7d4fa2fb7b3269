"""What deleting a user destroys, what it leaves behind without an author, and what stands against it."""

from collections.abc import Mapping
from typing import Self

import attrs


def _sum(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {name: left.get(name, 0) + right.get(name, 0) for name in [*left, *(n for n in right if n not in left)]}


@attrs.frozen(kw_only=True)
class DeletionPreview:
    """Counts by name. `blocked_by` names what has to be settled first; empty when nothing has."""

    destroyed: Mapping[str, int] = attrs.field(factory=dict)
    disassociated: Mapping[str, int] = attrs.field(factory=dict)
    blocked_by: tuple[str, ...] = ()

    def __add__(self, other: Self) -> Self:
        return attrs.evolve(
            self,
            destroyed=_sum(self.destroyed, other.destroyed),
            disassociated=_sum(self.disassociated, other.disassociated),
            blocked_by=self.blocked_by + other.blocked_by,
        )
