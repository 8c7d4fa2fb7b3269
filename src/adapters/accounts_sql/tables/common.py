"""Metadata objects, and columns that several tables have."""

from collections.abc import Iterable
from enum import IntEnum, StrEnum
from typing import Final

import sqlalchemy as sa

from .types import Number

NAMING: Final = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

metadata: Final = sa.MetaData(naming_convention=NAMING)

sqlite_metadata: Final = sa.MetaData(naming_convention=NAMING)
"""Additional tables on SQLite, which has no sequences."""


def listed(values: Iterable[StrEnum] | Iterable[IntEnum]) -> str:
    return ", ".join(sorted(repr(value.value) for value in values))


def user_column(*, nullable: bool = False, name: str = "user_id") -> sa.Column[int]:
    return sa.Column(name, Number, sa.ForeignKey("accounts_users.id"), nullable=nullable)


def team_column() -> sa.Column[int]:
    return sa.Column("team_id", Number, sa.ForeignKey("accounts_teams.id", ondelete="CASCADE"), nullable=False)
