from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert_or_ignore(table: sa.Table, *unique: str) -> Mapping[str, sa.Insert]:
    """Return, by dialect, an insert that ignores duplicates. On PostgreSQL it waits for a concurrent insert."""
    return {
        "postgresql": postgresql.insert(table).on_conflict_do_nothing(index_elements=unique),
        "sqlite": sqlite.insert(table).on_conflict_do_nothing(index_elements=unique),
    }
