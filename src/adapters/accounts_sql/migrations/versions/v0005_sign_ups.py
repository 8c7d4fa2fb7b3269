"""Sign-ups of their own, unverified accounts that end, and invitations that wait for their sender.

Revision ID: accounts_0005
Revises: accounts_0004

Types and names are spelled out here, not taken from the package: what a migration did must never change.
"""

import sqlalchemy as sa
from alembic.operations import Operations

from accounts_sql.migrations.steps import downgrades_from, upgrades_to

revision = "accounts_0005"
down_revision = "accounts_0004"
branch_labels = None
depends_on = None

Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Moment = sa.DateTime(timezone=True).with_variant(sa.Integer(), "sqlite")
Flag = sa.Boolean().with_variant(sa.Integer(), "sqlite")

_WAS_NEVER_VERIFIED = sa.text("email_verified_at IS NULL AND NOT was_verified")


@upgrades_to(revision)
def upgrade(op: Operations) -> None:
    # with a default, so that a process of the version before can still add rows
    op.add_column("accounts_users", sa.Column("was_verified", Flag, nullable=False, server_default=sa.false()))
    op.execute(
        "UPDATE accounts_users SET was_verified = (1 = 1) WHERE email_verified_at IS NULL AND EXISTS"
        " (SELECT 1 FROM accounts_audit WHERE accounts_audit.user_id = accounts_users.id"
        " AND accounts_audit.action = 'email_verified')"
    )
    op.create_index(
        "ix_accounts_users_unverified",
        "accounts_users",
        ["id"],
        sqlite_where=_WAS_NEVER_VERIFIED,
        postgresql_where=_WAS_NEVER_VERIFIED,
    )
    op.add_column("accounts_invitations", sa.Column("is_mail_pending", Flag, nullable=False, server_default=sa.false()))
    op.create_table(
        "accounts_sign_ups",
        sa.Column("id", Name, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", Name, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts_sign_ups"),
        sa.UniqueConstraint("digest", name="uq_accounts_sign_ups_digest"),
        sqlite_strict=True,
    )
    op.create_index("ix_accounts_sign_ups_email_key", "accounts_sign_ups", ["email_key"])
    op.create_index("ix_accounts_sign_ups_expires_at", "accounts_sign_ups", ["expires_at"])


@downgrades_from(revision)
def downgrade(op: Operations) -> None:
    op.drop_table("accounts_sign_ups")
    op.drop_column("accounts_invitations", "is_mail_pending")
    op.drop_index("ix_accounts_users_unverified", "accounts_users")
    op.drop_column("accounts_users", "was_verified")
