"""Indexes to claim the jobs of one kind, and to find what a clock that was wrong has dated ahead.

Revision ID: accounts_0008
Revises: accounts_0007

Types and names are spelled out here, not taken from the package: what a migration did must never change.
"""

import sqlalchemy as sa
from alembic.operations import Operations

from accounts_sql.migrations.steps import downgrades_from, upgrades_to

revision = "accounts_0008"
down_revision = "accounts_0007"
branch_labels = None
depends_on = None

_IS_NOT_PARKED = sa.text("parked_at IS NULL")


@upgrades_to(revision)
def upgrade(op: Operations) -> None:
    op.create_index("ix_accounts_sessions_created_at", "accounts_sessions", ["created_at"])
    op.create_index("ix_accounts_mail_tokens_created_at", "accounts_mail_tokens", ["created_at"])
    op.create_index(
        "ix_accounts_outbox_claimable_by_topic",
        "accounts_outbox",
        ["topic", "due"],
        sqlite_where=_IS_NOT_PARKED,
        postgresql_where=_IS_NOT_PARKED,
    )


@downgrades_from(revision)
def downgrade(op: Operations) -> None:
    op.drop_index("ix_accounts_outbox_claimable_by_topic", "accounts_outbox")
    op.drop_index("ix_accounts_mail_tokens_created_at", "accounts_mail_tokens")
    op.drop_index("ix_accounts_sessions_created_at", "accounts_sessions")
