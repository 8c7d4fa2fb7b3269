"""Verifications that ended behind the back of a caller who had been sent to the bank.

Revision ID: 0003
Revises: 0002

Types and names are spelled out here, not taken from the package: what a migration did must never change.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Flag = sa.Boolean().with_variant(sa.Integer(), "sqlite")

_VERIFICATIONS = sa.table("accounts_card_verifications", sa.column("state", sa.Text), sa.column("unheard", Flag))


def upgrade() -> None:
    op.add_column("accounts_card_verifications", sa.Column("unheard", Flag, nullable=False, server_default=sa.false()))
    # those who are at the bank right now are still to be told
    op.execute(_VERIFICATIONS.update().where(_VERIFICATIONS.c.state == "requires_action").values(unheard=sa.true()))


def downgrade() -> None:
    op.drop_column("accounts_card_verifications", "unheard")
