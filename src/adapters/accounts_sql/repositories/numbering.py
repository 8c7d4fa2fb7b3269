"""Ids that are never reused: a sequence on PostgreSQL, a counter row on SQLite.

Concurrent transactions do not wait for each other at a sequence. They do at the counter row, but SQLite has only one
writer anyway.
"""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from accounts_sql.statements.queries import Query, scalar
from accounts_sql.tables import counters


def numbering(name: str, sequence: sa.Sequence) -> Mapping[str, Query[int]]:
    """Return, by dialect, the query for the next id."""
    count = sqlite.insert(counters).values(name=sa.literal(name), value=sa.literal(1))
    count = count.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + 1})
    return {
        "postgresql": Query(sa.select(sequence.next_value()), scalar),
        "sqlite": Query(count.returning(counters.c.value), scalar),
    }
