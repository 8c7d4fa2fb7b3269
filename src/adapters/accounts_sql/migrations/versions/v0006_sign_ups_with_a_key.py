"""Kept answers to sign-ups: those belong to an address until there is a user.

Revision ID: accounts_0006
Revises: accounts_0005

A process of the version before writes the user of each of its rows, and finds none of the others.

Types and names are spelled out here, not taken from the package: what a migration did must never change.
"""

import sqlalchemy as sa
from alembic.operations import Operations

from accounts_sql.migrations.steps import downgrades_from, upgrades_to

revision = "accounts_0006"
down_revision = "accounts_0005"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Moment = sa.DateTime(timezone=True).with_variant(sa.Integer(), "sqlite")

_TABLE = "accounts_kept_requests"
_BEFORE = "accounts_kept_requests_before"
_CHECK = "ck_accounts_kept_requests_owner"
_INDEXED = ("user_id", "created_at")
_COLUMNS = ["scope", "user_id", "fingerprint", "claim", "created_at", "claimed_until", "answer"]
_ROWS, _OLD_ROWS = (sa.table(name, *map(sa.column, _COLUMNS)) for name in (_TABLE, _BEFORE))
_OWNER = "(user_id IS NULL) <> (email_key IS NULL)"


@upgrades_to(revision)
def upgrade(op: Operations) -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(op, sa.Column("email_key", Name), sa.CheckConstraint(_OWNER, name=_CHECK), is_owned=False)
    else:
        op.alter_column(_TABLE, "user_id", nullable=True)
        op.add_column(_TABLE, sa.Column("email_key", Name))
        op.create_check_constraint(_CHECK, _TABLE, _OWNER)
    op.create_index(f"ix_{_TABLE}_email_key", _TABLE, ["email_key"])


@downgrades_from(revision)
def downgrade(op: Operations) -> None:
    op.execute(sa.delete(_ROWS).where(_ROWS.c.user_id.is_(None)))
    op.drop_index(f"ix_{_TABLE}_email_key", _TABLE)
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(op, is_owned=True)
    else:
        op.drop_constraint(_CHECK, _TABLE, type_="check")
        op.drop_column(_TABLE, "email_key")
        op.alter_column(_TABLE, "user_id", nullable=False)


def _rebuild(op: Operations, *besides: sa.schema.SchemaItem, is_owned: bool) -> None:
    """Make the table anew with the rows that are in it: SQLite cannot change whether a column may be NULL.

    The old table is renamed and not the new one, whose definition SQLite would write down differently.
    """
    for column in _INDEXED:
        op.drop_index(f"ix_{_TABLE}_{column}", _TABLE)
    op.rename_table(_TABLE, _BEFORE)
    op.create_table(
        _TABLE,
        sa.Column("scope", sa.LargeBinary, nullable=False),
        sa.Column("user_id", Number, nullable=not is_owned),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("claim", Name, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("claimed_until", Moment, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.PrimaryKeyConstraint("scope", name=f"pk_{_TABLE}"),
        sa.ForeignKeyConstraint(["user_id"], ["accounts_users.id"], name=f"fk_{_TABLE}_user_id"),
        *besides,
        sqlite_strict=True,
    )
    op.execute(sa.insert(_ROWS).from_select(_COLUMNS, sa.select(*_OLD_ROWS.c)))
    op.drop_table(_BEFORE)
    for column in _INDEXED:
        op.create_index(f"ix_{_TABLE}_{column}", _TABLE, [column])
