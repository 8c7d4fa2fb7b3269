"""Verifications that ended behind the back of a caller who had been sent to the bank.

Revision ID: accounts_0003
Revises: accounts_0002

Types and names are spelled out here, not taken from the package: what a migration did must never change.
"""

import sqlalchemy as sa
from alembic.operations import Operations

from accounts_sql.migrations.steps import downgrades_from, upgrades_to

revision = "accounts_0003"
down_revision = "accounts_0002"
branch_labels = None
depends_on = None

Flag = sa.Boolean().with_variant(sa.Integer(), "sqlite")

_VERIFICATIONS = sa.table("accounts_card_verifications", sa.column("state", sa.Text), sa.column("unheard", Flag))


@upgrades_to(revision)
def upgrade(op: Operations) -> None:
    op.add_column("accounts_card_verifications", sa.Column("unheard", Flag, nullable=False, server_default=sa.false()))
    # those who are at the bank right now are still to be told
    op.execute(_VERIFICATIONS.update().where(_VERIFICATIONS.c.state == "requires_action").values(unheard=sa.true()))


@downgrades_from(revision)
def downgrade(op: Operations) -> None:
    op.drop_column("accounts_card_verifications", "unheard")
