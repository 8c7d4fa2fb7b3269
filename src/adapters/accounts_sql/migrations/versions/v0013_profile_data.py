"""The host application's profile data of users and sign-ups, with the version of its type.

Revision ID: accounts_0013
Revises: accounts_0012

A process of the release before adds rows without it, and keeps it when it changes a row.

Types and names are spelled out here, not taken from the package: what a migration did must never change.
"""

import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy.dialects import postgresql

from accounts_sql.migrations.steps import downgrades_from, upgrades_to

revision = "accounts_0013"
down_revision = "accounts_0012"
branch_labels = None
depends_on = None
served_from = "0010"

_JsonText = sa.Text().with_variant(postgresql.JSON(), "postgresql")
_Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


@upgrades_to(revision)
def upgrade(op: Operations) -> None:
    for table in ("accounts_users", "accounts_sign_ups"):
        op.add_column(table, sa.Column("profile", _JsonText))
        op.add_column(table, sa.Column("profile_version", _Number))


@downgrades_from(revision)
def downgrade(op: Operations) -> None:
    for table in ("accounts_users", "accounts_sign_ups"):
        op.drop_column(table, "profile_version")
        op.drop_column(table, "profile")
