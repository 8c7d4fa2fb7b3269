"""The tables as a host application names them in its models and in its Alembic environment."""

from collections.abc import Mapping, MutableMapping
from functools import cache
from typing import Any, Final, Literal, TypeAlias

import attrs
import sqlalchemy as sa

from .common import NAMING, metadata, sqlite_metadata
from .identity import user_ids, users
from .location import PREFIX, Location
from .teams import team_ids, teams
from .versions import version_metadata

ParentNames: TypeAlias = MutableMapping[Literal["schema_name", "table_name", "schema_qualified_table_name"], str | None]
"""Schema and table of a name, as Alembic passes them."""


_DEFAULT_SCHEMA: Final = "public"


@attrs.frozen
class Tables:
    """Definitions of the tables at one location, as the migrations make them. Made by `tables_for`.

    A model of the host application refers to `users` and `teams`:

        accounts = accounts_sql.tables_for()

        class Order(Base):
            user_id: Mapped[int] = mapped_column(ForeignKey(accounts.users.c.id))

    They belong to a `MetaData` of their own, so that the host application's `create_all` does not create them.
    """

    users: sa.Table
    teams: sa.Table
    _on: Mapping[str, sa.MetaData]
    _names: frozenset[str]
    _schema: str | None

    def metadata_on(self, dialect: str) -> sa.MetaData:
        """Return what Alembic compares with a database, besides the host application's metadata.

        Args:
            dialect: Name of the dialect, such as `connection.dialect.name`.

        """
        return self._on["sqlite" if dialect == "sqlite" else "postgresql"]

    def include_name(self, name: str | None, type_: str, parent_names: ParentNames) -> bool:
        """Return False for these tables: an `include_name` function for Alembic's `context.configure`.

        Alembic then proposes no changes of them, whose definitions the host application's metadata does not have.
        """
        if type_ != "table" or name not in self._names:
            return True
        schema = parent_names.get("schema_name")
        # Alembic names no schema for the connection's default one
        return schema != self._schema and not (schema is None and self._schema == _DEFAULT_SCHEMA)


@cache
def tables_for(*, schema: str | None = None, prefix: str = PREFIX) -> Tables:
    """Return definitions of the tables with this schema and prefix. Raises `ConfigurationError` for a bad prefix."""
    location = Location(schema, prefix)
    on = {dialect: sa.MetaData(schema=schema, naming_convention=NAMING) for dialect in ("postgresql", "sqlite")}
    for dialect, into in on.items():
        for table in (*metadata.sorted_tables, *version_metadata.sorted_tables):
            _copy(table, into, location, has_identity=dialect == "postgresql")
    for sequence in (user_ids, team_ids):
        sa.Sequence(location.rename(sequence.name), metadata=on["postgresql"])
    for table in sqlite_metadata.sorted_tables:
        _copy(table, on["sqlite"], location, has_identity=False)
    named = {table.name: table for table in on["postgresql"].tables.values()}
    return Tables(
        users=named[location.rename(users.name)],
        teams=named[location.rename(teams.name)],
        on=on,
        names=frozenset(table.name for into in on.values() for table in into.tables.values()),
        schema=schema,
    )


def _copy(table: sa.Table, to: sa.MetaData, location: Location, *, has_identity: bool) -> None:
    """Define a table again with other names. `Table.to_metadata` leaves those of constraints and indexes."""

    def named(item: sa.Constraint | sa.Index) -> Any:
        return sa.schema.conv(location.rename(str(item.name)))

    columns = [_column(column, has_identity=has_identity) for column in table.columns]
    copy = sa.Table(location.rename(table.name), to, *columns, **table.kwargs)
    for constraint in sorted(table.constraints, key=lambda each: str(each.name)):
        match constraint:
            case sa.PrimaryKeyConstraint():
                copy.append_constraint(sa.PrimaryKeyConstraint(*constraint.columns.keys(), name=named(constraint)))
            case sa.UniqueConstraint():
                copy.append_constraint(sa.UniqueConstraint(*constraint.columns.keys(), name=named(constraint)))
            case sa.CheckConstraint():
                copy.append_constraint(sa.CheckConstraint(constraint.sqltext, name=named(constraint)))
            case sa.ForeignKeyConstraint():
                target = location.rename(constraint.referred_table.name)
                target = target if location.schema is None else f"{location.schema}.{target}"
                copy.append_constraint(
                    sa.ForeignKeyConstraint(
                        constraint.column_keys,
                        [f"{target}.{key.column.name}" for key in constraint.elements],
                        name=named(constraint),
                        ondelete=constraint.ondelete,
                    )
                )
    for index in sorted(table.indexes, key=lambda each: str(each.name)):
        on = [copy.c[column.name] for column in index.columns]
        sa.Index(named(index), *on, unique=index.unique, **index.kwargs)


def _column(column: sa.Column[Any], *, has_identity: bool) -> sa.Column[Any]:
    # SQLite numbers rows without it
    identity = [sa.Identity()] if has_identity and column.identity is not None else []
    return sa.Column(
        column.name,
        column.type,
        *identity,
        primary_key=column.primary_key,
        nullable=column.nullable,
        autoincrement=column.autoincrement,
        server_default=getattr(column.server_default, "arg", None),
    )


ALL: Final = tables_for()
