"""Batch updates and deletes: at most `at_most` rows, skipping rows that another transaction has locked."""

from collections.abc import Mapping

import sqlalchemy as sa

from .queries import a_limit


def in_batch(table: sa.Table, condition: sa.ColumnElement[bool]) -> Mapping[str, sa.ColumnElement[bool]]:
    """Return, by dialect, a condition that selects at most `at_most` of the matching rows."""
    key = list(table.primary_key.columns)
    of_a_row = key[0] if len(key) == 1 else sa.tuple_(*key)
    chosen = sa.select(*key).where(condition).limit(a_limit())
    # PostgreSQL may run a subquery once for each row and lock another batch each time; a locking CTE runs once.
    # SQLite has one writer and no row locks, and its driver counts rows only of a statement that begins with DELETE
    batch = chosen.with_for_update(skip_locked=True).cte("batch")
    return {"postgresql": of_a_row.in_(sa.select(*batch.columns)), "sqlite": of_a_row.in_(chosen)}


def delete_batch(table: sa.Table, condition: sa.ColumnElement[bool]) -> Mapping[str, sa.Delete]:
    """Return, by dialect, a statement that deletes at most `at_most` of the matching rows."""
    return {dialect: table.delete().where(rows) for dialect, rows in in_batch(table, condition).items()}
