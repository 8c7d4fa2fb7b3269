"""The preview of a user's deletion: what is deleted, what stays without an author, and what prevents it."""

from collections.abc import Mapping
from typing import Self

import attrs


def _sum(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {name: left.get(name, 0) + right.get(name, 0) for name in [*left, *(n for n in right if n not in left)]}


@attrs.frozen(kw_only=True)
class DeletionPreview:
    """Counts by name. `blocked_by` names what prevents the deletion; it is empty if nothing does."""

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
