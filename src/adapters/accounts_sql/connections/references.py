"""Foreign keys of the host application's tables to those of the accounts.

PostgreSQL names the table in its error. SQLite does not, so that it has to be looked for.
"""

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from accounts_core.errors import Conflict, StillReferenced
from accounts_sql.tables import metadata, sqlite_metadata
from accounts_sql.tables.location import PREFIX

FOREIGN_KEYS: Final = frozenset({"23503", "23001"})
"""PostgreSQL's codes for a violated foreign key. From version 18, `ON DELETE RESTRICT` has the second."""
_ON_SQLITE: Final = frozenset({"SQLITE_CONSTRAINT_FOREIGNKEY", "SQLITE_CONSTRAINT_TRIGGER"})
"""SQLite's names for it. `ON DELETE RESTRICT` has the second, and so has a trigger that raises."""

_OURS: Final = tuple(f"_{name.removeprefix(PREFIX)}" for name in (*metadata.tables, *sqlite_metadata.tables))
_OUR_KEYS: Final = frozenset(
    f"fk_{table.name}_{key.parent.name}" for table in metadata.tables.values() for key in table.foreign_keys
)

_HOSTS_KEYS: Final = sa.text(
    'SELECT t.name, k."from" FROM sqlite_master AS t JOIN pragma_foreign_key_list(t.name) AS k'
    " WHERE t.type = 'table' AND lower(k.\"table\") = :parent ORDER BY t.name, k.id, k.seq"
)


def is_ours(table: str, parent: str) -> bool:
    """Return whether both are tables of the accounts': they have our names, after the same prefix."""
    return bool(_prefixes(table) & _prefixes(parent))


def is_our_key(table: str, constraint: str) -> bool:
    """Return whether a foreign key has the name of one of the accounts', with any prefix of the tables."""
    return any(
        f"fk_{PREFIX}{constraint.removeprefix(f'fk_{prefix}_')}" in _OUR_KEYS
        for prefix in _prefixes(table)
        if constraint.startswith(f"fk_{prefix}_")
    )


def _prefixes(table: str) -> set[str]:
    return {table.removesuffix(name) for name in _OURS if table.endswith(name)}


def still_referenced(table: str, constraint: str | None = None) -> StillReferenced:
    """Return the error for a row of the host application's that refers to what was to be deleted."""
    named = f"{table} (constraint {constraint})" if constraint else table
    return StillReferenced(
        f"The table {named} still refers to a row that was to be deleted. Give the accounts an OwnedData that deletes"
        " these rows or removes the reference: owned_data=[...]."
    )


def explained_delete(connection: sa.Connection, conflict: Conflict, parent: str, id: int) -> Conflict:
    """Return what a refused DELETE of one row conflicts with, if that is a row of the host application's on SQLite."""
    if not _is_foreign_key(conflict):
        return conflict
    for table, column in connection.execute(_HOSTS_KEYS, {"parent": parent}).fetchall():
        referring = sa.select(sa.literal(1)).select_from(sa.table(table)).where(sa.column(column) == id).limit(1)
        if not is_ours(table, parent) and connection.execute(referring).first() is not None:
            return still_referenced(table)
    return conflict


def explained_commit(connection: sa.Connection, conflict: Conflict) -> Conflict:
    """Return what a refused COMMIT conflicts with, if that is a deferred foreign key of the host's on SQLite."""
    if not _is_foreign_key(conflict):
        return conflict
    cursor = connection.connection.cursor()  # SQLAlchemy executes nothing between a failed COMMIT and the ROLLBACK
    cursor.execute("PRAGMA foreign_key_check")
    violated = [(str(row[0]), str(row[2])) for row in cursor.fetchall()]
    cursor.close()
    return next((still_referenced(table) for table, parent in violated if not is_ours(table, parent)), conflict)


def _is_foreign_key(conflict: Conflict) -> bool:
    return any(getattr(each, "sqlite_errorname", None) in _ON_SQLITE for each in _causes(conflict))


def _causes(error: BaseException) -> Iterator[Any]:
    each: BaseException | None = error
    while each is not None:
        yield each
        yield getattr(each, "orig", None)
        each = each.__cause__
