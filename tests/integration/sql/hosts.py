"""A host application with tables and an Alembic history of its own, in the accounts' database."""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import accounts_sql

_ENV = """
from alembic import context

given = context.config.attributes
if context.is_offline_mode():
    named = {"dialect_name": given["engine"].dialect.name, "dialect_opts": {"paramstyle": "named"}}
    context.configure(**named, literal_binds=True, **given["options"])
    with context.begin_transaction():
        context.run_migrations()
else:
    with given["engine"].connect() as connection:
        given["connected"](connection)
        context.configure(connection=connection, **given["options"])
        with context.begin_transaction():
            given["before"](connection)
            context.run_migrations()
"""
_ORDERS = '''
"""Orders."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = ("shop",)
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    {before}
    op.create_table(
        "orders", sa.Column("id", sa.Integer, primary_key=True), sa.Column("user_id", NUMBER), {key}
    )


def downgrade():
    op.drop_table("orders")
'''
_INVOICES = '''
"""Invoices."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table("invoices", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("invoices")
'''
OURS = "accounts_sql:migrations/versions"


@attrs.frozen
class Host:
    """An Alembic project. Its revisions have the ids 0001 and 0002, as the accounts' once had."""

    folder: Path
    engine: sa.Engine
    options: Mapping[str, Any]
    before: Callable[[sa.Connection], None]
    connected: Callable[[sa.Connection], None]
    locations: tuple[str, ...]

    def upgrade(self, revision: str = "heads") -> None:
        command.upgrade(self._config(), revision)

    def downgrade(self, revision: str) -> None:
        command.downgrade(self._config(), revision)

    def printed(self, revision: str = "heads") -> str:
        """Return what `alembic upgrade --sql` prints."""
        buffer = io.StringIO()
        command.upgrade(self._config(output_buffer=buffer), revision, sql=True)
        return buffer.getvalue()

    def check(self) -> None:
        """Raise Alembic's error if it would generate an operation."""
        command.check(self._config())

    def _config(self, **options: Any) -> Config:
        config = Config(**options)
        config.set_main_option("script_location", str(self.folder))
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", "\n".join((str(self.folder / "versions"), *self.locations)))
        config.attributes |= {
            "engine": self.engine,
            "options": dict(self.options),
            "before": self.before,
            "connected": self.connected,
        }
        return config


def nothing(_: sa.Connection) -> None:
    """Do nothing before the host's migrations."""


def make_host(
    folder: Path,
    engine: sa.Engine,
    *,
    before: Callable[[sa.Connection], None] = nothing,
    connected: Callable[[sa.Connection], None] = nothing,
    in_revision: str = "pass",
    refers_to: str | None = None,
    locations: tuple[str, ...] = (),
    **options: Any,
) -> Host:
    """Write the project into a folder.

    `connected` is called in `env.py` as soon as it has connected, and `before` just before the host's migrations.
    `in_revision` is a line of the first revision, and `refers_to` is a column to which its table has a foreign key.
    """
    versions = folder / "versions"
    versions.mkdir(parents=True)
    key = "" if refers_to is None else f'sa.ForeignKeyConstraint(["user_id"], ["{refers_to}"], name="fk_orders_user")'
    (folder / "env.py").write_text(_ENV)
    (versions / "orders.py").write_text(_ORDERS.format(before=in_revision, key=key))
    (versions / "invoices.py").write_text(_INVOICES)
    return Host(folder, engine, options, before, connected, locations)


def make_models(accounts: accounts_sql.Tables | None = None) -> sa.MetaData:
    """Return the metadata of the host's models, which refer to a user if `accounts` is given."""

    class Base(DeclarativeBase):
        pass

    class Order(Base):
        __tablename__ = "orders"
        id: Mapped[int] = mapped_column(primary_key=True)
        user_id: Mapped[int | None] = (
            mapped_column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"))
            if accounts is None
            else mapped_column(sa.ForeignKey(accounts.users.c.id, name="fk_orders_user"))
        )

    class Invoice(Base):
        __tablename__ = "invoices"
        id: Mapped[int] = mapped_column(primary_key=True)

    return Base.metadata


def names_in(engine: sa.Engine, schema: str | None = None) -> set[str]:
    """Return the tables of a schema."""
    return set(sa.inspect(engine).get_table_names(schema=schema))


@contextmanager
def with_schemas(engine: sa.Engine, *schemas: str) -> Iterator[None]:
    """Make schemas for the block."""
    with engine.begin() as connection:
        for schema in schemas:
            connection.execute(sa.schema.CreateSchema(schema))
    yield
    with engine.begin() as connection:
        for schema in schemas:
            connection.execute(sa.schema.DropSchema(schema, cascade=True))
