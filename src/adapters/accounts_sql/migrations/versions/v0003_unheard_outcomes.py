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


def upgrade() -> None:
    op.add_column("accounts_card_verifications", sa.Column("unheard", Flag, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("accounts_card_verifications", "unheard")
