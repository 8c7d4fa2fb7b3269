"""What keeping up with the payment provider takes: lost customers, received events, and jobs that are parked.

Revision ID: accounts_0002
Revises: accounts_0001

Types and names are spelled out here, not taken from the package: what a migration did must never change.
"""

import sqlalchemy as sa
from alembic.operations import Operations

from accounts_sql.migrations.steps import downgrades_from, upgrades_to

revision = "accounts_0002"
down_revision = "accounts_0001"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Moment = sa.DateTime(timezone=True).with_variant(sa.Integer(), "sqlite")

_IS_BILLED = sa.text("customer_id IS NOT NULL")
_IS_OPEN = sa.text(
    "state IN ('attached', 'closing', 'held', 'holding', 'released', 'releasing', 'requested', 'requires_action')"
)
_IS_NOT_PARKED = sa.text("parked_at IS NULL")


@upgrades_to(revision)
def upgrade(op: Operations) -> None:
    op.add_column("accounts_users", sa.Column("lost_customers", Number, nullable=False, server_default=sa.text("0")))
    op.create_index(
        "uq_accounts_users_customer_id",
        "accounts_users",
        ["customer_id"],
        unique=True,
        sqlite_where=_IS_BILLED,
        postgresql_where=_IS_BILLED,
    )
    op.create_index(
        "ix_accounts_card_verifications_open_customer_id",
        "accounts_card_verifications",
        ["customer_id"],
        sqlite_where=_IS_OPEN,
        postgresql_where=_IS_OPEN,
    )
    op.add_column("accounts_outbox", sa.Column("parked_at", Moment))
    op.add_column("accounts_outbox", sa.Column("last_error", sa.Text))
    op.drop_index("ix_accounts_outbox_due_id", "accounts_outbox")
    op.create_index(
        "ix_accounts_outbox_claimable",
        "accounts_outbox",
        ["due", "id"],
        sqlite_where=_IS_NOT_PARKED,
        postgresql_where=_IS_NOT_PARKED,
    )
    op.create_table(
        "accounts_provider_events",
        sa.Column("id", Name, nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts_provider_events"),
        sqlite_strict=True,
    )
    op.create_index("ix_accounts_provider_events_received_at", "accounts_provider_events", ["received_at"])


@downgrades_from(revision)
def downgrade(op: Operations) -> None:
    op.drop_table("accounts_provider_events")
    op.drop_index("ix_accounts_outbox_claimable", "accounts_outbox")
    op.create_index("ix_accounts_outbox_due_id", "accounts_outbox", ["due", "id"])
    op.drop_column("accounts_outbox", "last_error")
    op.drop_column("accounts_outbox", "parked_at")
    op.drop_index("ix_accounts_card_verifications_open_customer_id", "accounts_card_verifications")
    op.drop_index("uq_accounts_users_customer_id", "accounts_users")
    op.drop_column("accounts_users", "lost_customers")
