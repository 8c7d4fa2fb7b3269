"""Changing a batch of rows: as many as are asked for at most, and none that somebody else is changing."""

from collections.abc import Mapping

import sqlalchemy as sa

from .queries import a_limit


def in_batch(table: sa.Table, condition: sa.ColumnElement[bool]) -> Mapping[str, sa.ColumnElement[bool]]:
    """Return, by dialect, what holds for `at_most` rows for which the condition holds."""
    key = list(table.primary_key.columns)
    of_a_row = key[0] if len(key) == 1 else sa.tuple_(*key)
    chosen = sa.select(*key).where(condition).limit(a_limit())
    # PostgreSQL may run a subquery once for each row, and lock another batch each time; a CTE that locks runs once.
    # SQLite has one writer and no such lock, and its driver counts the rows of a DELETE that begins so
    batch = chosen.with_for_update(skip_locked=True).cte("batch")
    return {"postgresql": of_a_row.in_(sa.select(*batch.columns)), "sqlite": of_a_row.in_(chosen)}


def delete_batch(table: sa.Table, condition: sa.ColumnElement[bool]) -> Mapping[str, sa.Delete]:
    """Return, by dialect, the statement that deletes `at_most` rows for which the condition holds."""
    return {dialect: table.delete().where(rows) for dialect, rows in in_batch(table, condition).items()}
