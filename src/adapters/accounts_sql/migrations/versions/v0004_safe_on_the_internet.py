"""Tokens by mail, known devices, requests with a key, and the audit trail.

Revision ID: accounts_0004
Revises: accounts_0003

Types and names are spelled out here, not taken from the package: what a migration did must never change.
"""

import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy.dialects import postgresql

from accounts_sql.migrations.steps import downgrades_from, upgrades_to

revision = "accounts_0004"
down_revision = "accounts_0003"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Moment = sa.DateTime(timezone=True).with_variant(sa.Integer(), "sqlite")
Document = postgresql.JSONB().with_variant(sa.Text(), "sqlite")

_CAME_WITH_A_KEY = sa.text("request_key IS NOT NULL")


def _user(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    key = sa.ForeignKeyConstraint(["user_id"], ["accounts_users.id"], name=f"fk_{table}_user_id")
    return sa.Column("user_id", Number, nullable=False), key


@upgrades_to(revision)
def upgrade(op: Operations) -> None:
    op.add_column("accounts_users", sa.Column("password_changed_at", Moment))
    op.add_column("accounts_card_verifications", sa.Column("request_key", Name))
    op.create_index(
        "uq_accounts_card_verifications_request",
        "accounts_card_verifications",
        ["user_id", "request_key"],
        unique=True,
        sqlite_where=_CAME_WITH_A_KEY,
        postgresql_where=_CAME_WITH_A_KEY,
    )
    user, key = _user("accounts_mail_tokens")
    op.create_table(
        "accounts_mail_tokens",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        user,
        sa.Column("purpose", Name, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", Name, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_accounts_mail_tokens"),
        key,
        sqlite_strict=True,
    )
    op.create_index("ix_accounts_mail_tokens_user_id", "accounts_mail_tokens", ["user_id"])
    op.create_index("ix_accounts_mail_tokens_expires_at", "accounts_mail_tokens", ["expires_at"])
    user, key = _user("accounts_devices")
    op.create_table(
        "accounts_devices",
        user,
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("first_seen_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "digest", name="pk_accounts_devices"),
        key,
        sqlite_strict=True,
    )
    user, key = _user("accounts_kept_requests")
    op.create_table(
        "accounts_kept_requests",
        sa.Column("scope", sa.LargeBinary, nullable=False),
        user,
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("claim", Name, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("claimed_until", Moment, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.PrimaryKeyConstraint("scope", name="pk_accounts_kept_requests"),
        key,
        sqlite_strict=True,
    )
    op.create_index("ix_accounts_kept_requests_user_id", "accounts_kept_requests", ["user_id"])
    op.create_index("ix_accounts_kept_requests_created_at", "accounts_kept_requests", ["created_at"])
    op.create_table(
        "accounts_audit",
        sa.Column("id", Number, sa.Identity(), nullable=False),
        sa.Column("user_id", Number, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("by", Name, nullable=False),
        sa.Column("action", Name, nullable=False),
        sa.Column("details", Document, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts_audit"),
        sqlite_strict=True,
    )
    op.create_index("ix_accounts_audit_user_id_id", "accounts_audit", ["user_id", "id"])


@downgrades_from(revision)
def downgrade(op: Operations) -> None:
    for table in ("accounts_audit", "accounts_kept_requests", "accounts_devices", "accounts_mail_tokens"):
        op.drop_table(table)
    op.drop_index("uq_accounts_card_verifications_request", "accounts_card_verifications")
    op.drop_column("accounts_card_verifications", "request_key")
    op.drop_column("accounts_users", "password_changed_at")
