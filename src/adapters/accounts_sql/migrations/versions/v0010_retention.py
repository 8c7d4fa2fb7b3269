"""When a device was seen last, and indexes to find what has had its time.

Revision ID: accounts_0010
Revises: accounts_0009

Types and names are spelled out here, not taken from the package: what a migration did must never change.
"""

import sqlalchemy as sa
from alembic.operations import Operations

from accounts_sql.migrations.steps import downgrades_from, upgrades_to

revision = "accounts_0010"
down_revision = "accounts_0009"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True).with_variant(sa.Integer(), "sqlite")

_DEVICES = sa.table("accounts_devices", sa.column("first_seen_at"), sa.column("last_seen_at"))
_HAS_ENDED = sa.text(
    "state NOT IN ('attached', 'closing', 'held', 'holding', 'released', 'releasing', 'requested', 'requires_action')"
)
_IS_PARKED = sa.text("parked_at IS NOT NULL")


@upgrades_to(revision)
def upgrade(op: Operations) -> None:
    # without a value for what a process of the version before adds meanwhile
    op.add_column("accounts_devices", sa.Column("last_seen_at", Moment))
    op.execute(_DEVICES.update().values(last_seen_at=_DEVICES.c.first_seen_at))
    op.create_index("ix_accounts_devices_last_seen_at", "accounts_devices", ["last_seen_at"])
    op.create_index("ix_accounts_notifications_created_at", "accounts_notifications", ["created_at"])
    op.create_index("ix_accounts_audit_at", "accounts_audit", ["at"])
    op.create_index(
        "ix_accounts_card_verifications_ended",
        "accounts_card_verifications",
        ["updated_at"],
        sqlite_where=_HAS_ENDED,
        postgresql_where=_HAS_ENDED,
    )
    op.create_index(
        "ix_accounts_outbox_parked_at",
        "accounts_outbox",
        ["parked_at"],
        sqlite_where=_IS_PARKED,
        postgresql_where=_IS_PARKED,
    )


@downgrades_from(revision)
def downgrade(op: Operations) -> None:
    op.drop_index("ix_accounts_outbox_parked_at", "accounts_outbox")
    op.drop_index("ix_accounts_card_verifications_ended", "accounts_card_verifications")
    op.drop_index("ix_accounts_audit_at", "accounts_audit")
    op.drop_index("ix_accounts_notifications_created_at", "accounts_notifications")
    op.drop_index("ix_accounts_devices_last_seen_at", "accounts_devices")
    op.drop_column("accounts_devices", "last_seen_at")
