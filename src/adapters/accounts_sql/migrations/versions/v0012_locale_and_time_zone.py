"""The language and the time zone of users and of sign-ups, None for those of before.

Revision ID: accounts_0012
Revises: accounts_0011

Types and names are spelled out here, not taken from the package: what a migration did must never change.
"""

import sqlalchemy as sa
from alembic.operations import Operations

from accounts_sql.migrations.steps import downgrades_from, upgrades_to

revision = "accounts_0012"
down_revision = "accounts_0011"
branch_labels = None
depends_on = None
served_from = "0010"

_TABLES = ("accounts_users", "accounts_sign_ups")


@upgrades_to(revision)
def upgrade(op: Operations) -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("locale", sa.Text))
        op.add_column(table, sa.Column("time_zone", sa.Text))


@downgrades_from(revision)
def downgrade(op: Operations) -> None:
    for table in _TABLES:
        op.drop_column(table, "time_zone")
        op.drop_column(table, "locale")
