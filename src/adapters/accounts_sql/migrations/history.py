"""The order of revisions.

Alembic knows a revision as `accounts_0010`, so that it differs from those of a host application. In the table
`accounts_alembic_version` and in this package it is `0010`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Self

import attrs
from alembic.operations import Operations

from .indexes import NewIndex

LABEL: Final = "accounts"
"""Alembic's label of the branch that these revisions are."""

Change = Callable[[Operations], None]


def to_number(revision: str) -> str:
    """Return `0010` for `accounts_0010`, and any other text as it is."""
    return revision.removeprefix(f"{LABEL}_")


@attrs.frozen
class Revision:
    """A revision, as its module describes it."""

    number: str
    before: str | None
    served_from: str | None
    """The oldest revision whose code can serve the database after this one; None if only this one's can."""
    indexes: Sequence[NewIndex]
    """Built without blocking writes before `upgrade`, where that is possible."""
    upgrade: Change
    downgrade: Change

    @classmethod
    def of(cls, module: Any) -> Self:
        """Describe a module of `versions`."""
        return cls(
            number=to_number(module.revision),
            before=None if module.down_revision is None else to_number(module.down_revision),
            served_from=getattr(module, "served_from", None),
            indexes=tuple(getattr(module, "indexes", ())),
            upgrade=module.upgrade,
            downgrade=module.downgrade,
        )


@attrs.frozen
class History:
    """Revisions, the oldest first."""

    revisions: Sequence[Revision]

    @classmethod
    def of(cls, modules: Iterable[Any]) -> Self:
        """Describe modules of `versions`."""
        return cls(tuple(Revision.of(module) for module in modules))

    @property
    def head(self) -> str:
        """The newest revision."""
        return self.revisions[-1].number

    def place(self, number: str | None) -> int | None:
        """Return how many revisions lead to this one; 0 for None (no tables), None for an unknown revision."""
        if number is None:
            return 0
        return next((place for place, each in enumerate(self.revisions, 1) if each.number == number), None)

    def get(self, number: str) -> Revision:
        """Return the revision with this number. Raises `KeyError`."""
        place = self.place(number)
        if place is None:
            raise KeyError(number)
        return self.revisions[place - 1]
