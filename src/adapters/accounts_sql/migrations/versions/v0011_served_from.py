"""The oldest revision whose code can serve the database, so that an older release knows whether it can.

Revision ID: accounts_0011
Revises: accounts_0010

Types and names are spelled out here, not taken from the package: what a migration did must never change.
"""

import sqlalchemy as sa
from alembic.operations import Operations

from accounts_sql.migrations.steps import downgrades_from, upgrades_to

revision = "accounts_0011"
down_revision = "accounts_0010"
branch_labels = None
depends_on = None
served_from = "0010"


@upgrades_to(revision)
def upgrade(op: Operations) -> None:
    op.add_column("accounts_alembic_version", sa.Column("served_from", sa.String(32)))


@downgrades_from(revision)
def downgrade(op: Operations) -> None:
    op.drop_column("accounts_alembic_version", "served_from")
