"""The accounts' tables.

Revision ID: accounts_0001
Revises:

Types and names are spelled out here, not taken from the package: what a migration did must never change.
"""

import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy.dialects import postgresql

from accounts_sql.migrations.steps import downgrades_from, upgrades_to

revision = "accounts_0001"
down_revision = None
branch_labels = ("accounts",)
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Small = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
Flag = sa.Boolean().with_variant(sa.Integer(), "sqlite")
Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Moment = sa.DateTime(timezone=True).with_variant(sa.Integer(), "sqlite")
Document = postgresql.JSONB().with_variant(sa.Text(), "sqlite")

_SEQUENCES = ("accounts_user_ids", "accounts_team_ids")
_IS_STATE = (
    "state IN ('abandoned', 'attached', 'closing', 'declined', 'failed', 'held', 'holding', 'lapsed', 'released',"
    " 'releasing', 'requested', 'requires_action', 'verified')"
)
_IS_DEFAULT = sa.text("is_default")
_IS_OPEN = sa.text(
    "state IN ('attached', 'closing', 'held', 'holding', 'released', 'releasing', 'requested', 'requires_action')"
)


@upgrades_to(revision)
def upgrade(op: Operations) -> None:
    if op.get_context().dialect.name == "sqlite":
        _counters(op)
    else:
        for sequence in _SEQUENCES:
            op.execute(sa.schema.CreateSequence(sa.Sequence(sequence)))
    _users(op)
    _sessions(op)
    _payment_methods(op)
    _card_verifications(op)
    _notifications(op)
    _teams(op)
    _memberships(op)
    _invitations(op)
    _interactions(op)
    _outbox(op)
    _attempts(op)


@downgrades_from(revision)
def downgrade(op: Operations) -> None:
    for table in (
        "accounts_attempts",
        "accounts_outbox",
        "accounts_interactions",
        "accounts_invitations",
        "accounts_memberships",
        "accounts_teams",
        "accounts_notifications",
        "accounts_card_verifications",
        "accounts_payment_methods",
        "accounts_sessions",
        "accounts_users",
    ):
        op.drop_table(table)
    if op.get_context().dialect.name == "sqlite":
        op.drop_table("accounts_counters")
    else:
        for sequence in _SEQUENCES:
            op.execute(sa.schema.DropSequence(sa.Sequence(sequence)))


def _users(op: Operations) -> None:
    op.create_table(
        "accounts_users",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", Name, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("status", Small, nullable=False),
        sa.Column("email_verified_at", Moment),
        sa.Column("pending_email", sa.Text),
        sa.Column("pending_email_key", Name),
        sa.Column("balance", Number, nullable=False),
        sa.Column("customer_id", Name),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("version", Number, nullable=False),
        sa.CheckConstraint(
            "(pending_email IS NULL) = (pending_email_key IS NULL)", name="ck_accounts_users_pending_email"
        ),
        sa.CheckConstraint("id > 0", name="ck_accounts_users_id"),
        sa.CheckConstraint("status IN (0, 1)", name="ck_accounts_users_status"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts_users"),
        sa.UniqueConstraint("email_key", name="uq_accounts_users_email_key"),
        sqlite_strict=True,
    )


def _sessions(op: Operations) -> None:
    op.create_table(
        "accounts_sessions",
        sa.Column("id", Name, nullable=False),
        sa.Column("user_id", Number, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("last_used_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("user_agent", sa.Text),
        sa.ForeignKeyConstraint(["user_id"], ["accounts_users.id"], name="fk_accounts_sessions_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts_sessions"),
        sa.UniqueConstraint("digest", name="uq_accounts_sessions_digest"),
        sqlite_strict=True,
    )
    op.create_index("ix_accounts_sessions_expires_at", "accounts_sessions", ["expires_at"])
    op.create_index("ix_accounts_sessions_user_id_created_at_id", "accounts_sessions", ["user_id", "created_at", "id"])


def _payment_methods(op: Operations) -> None:
    op.create_table(
        "accounts_payment_methods",
        sa.Column("id", Name, nullable=False),
        sa.Column("user_id", Number, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("card", Document, nullable=False),
        sa.Column("billing_details", Document, nullable=False),
        sa.Column("created", Moment, nullable=False),
        sa.Column("livemode", Flag, nullable=False),
        sa.Column("metadata", Document, nullable=False),
        sa.Column("verified_at", Moment, nullable=False),
        sa.Column("is_default", Flag, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["accounts_users.id"], name="fk_accounts_payment_methods_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts_payment_methods"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_accounts_payment_methods_user_id_verified_at_id",
        "accounts_payment_methods",
        ["user_id", "verified_at", "id"],
    )
    op.create_index(
        "uq_accounts_payment_methods_default",
        "accounts_payment_methods",
        ["user_id"],
        unique=True,
        sqlite_where=_IS_DEFAULT,
        postgresql_where=_IS_DEFAULT,
    )


def _card_verifications(op: Operations) -> None:
    op.create_table(
        "accounts_card_verifications",
        sa.Column("id", Name, nullable=False),
        sa.Column("user_id", Number),
        sa.Column("requested", Name, nullable=False),
        sa.Column("payment_method", Name),
        sa.Column("customer_id", Name),
        sa.Column("amount", Number, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("return_url", sa.Text),
        sa.Column("state", Name, nullable=False),
        sa.Column("closing_because", Name),
        sa.Column("hold_id", Name),
        sa.Column("code", sa.Text),
        sa.Column("decline_code", sa.Text),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("version", Number, nullable=False),
        sa.CheckConstraint(_IS_STATE, name="ck_accounts_card_verifications_state"),
        sa.CheckConstraint("amount > 0", name="ck_accounts_card_verifications_amount"),
        sa.ForeignKeyConstraint(["user_id"], ["accounts_users.id"], name="fk_accounts_card_verifications_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts_card_verifications"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_accounts_card_verifications_user_id_created_at_id",
        "accounts_card_verifications",
        ["user_id", "created_at", "id"],
    )
    op.create_index(
        "uq_accounts_card_verifications_open",
        "accounts_card_verifications",
        ["user_id", "requested"],
        unique=True,
        sqlite_where=_IS_OPEN,
        postgresql_where=_IS_OPEN,
    )


def _notifications(op: Operations) -> None:
    op.create_table(
        "accounts_notifications",
        sa.Column("id", Name, nullable=False),
        sa.Column("user_id", Number, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("read_at", Moment),
        sa.ForeignKeyConstraint(["user_id"], ["accounts_users.id"], name="fk_accounts_notifications_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts_notifications"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_accounts_notifications_user_id_created_at_id", "accounts_notifications", ["user_id", "created_at", "id"]
    )


def _teams(op: Operations) -> None:
    op.create_table(
        "accounts_teams",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("owner_id", Number, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("version", Number, nullable=False),
        sa.CheckConstraint("id > 0", name="ck_accounts_teams_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["accounts_users.id"], name="fk_accounts_teams_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts_teams"),
        sqlite_strict=True,
    )
    op.create_index("ix_accounts_teams_owner_id_id", "accounts_teams", ["owner_id", "id"])


def _memberships(op: Operations) -> None:
    op.create_table(
        "accounts_memberships",
        sa.Column("team_id", Number, nullable=False),
        sa.Column("user_id", Number, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"], ["accounts_teams.id"], name="fk_accounts_memberships_team_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["accounts_users.id"], name="fk_accounts_memberships_user_id"),
        sa.PrimaryKeyConstraint("team_id", "user_id", name="pk_accounts_memberships"),
        sqlite_strict=True,
    )
    op.create_index("ix_accounts_memberships_user_id_team_id", "accounts_memberships", ["user_id", "team_id"])


def _invitations(op: Operations) -> None:
    op.create_table(
        "accounts_invitations",
        sa.Column("id", Name, nullable=False),
        sa.Column("team_id", Number, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", Name, nullable=False),
        sa.Column("invited_by", Number),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"], ["accounts_teams.id"], name="fk_accounts_invitations_team_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["invited_by"], ["accounts_users.id"], name="fk_accounts_invitations_invited_by"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts_invitations"),
        sa.UniqueConstraint("team_id", "email_key", name="uq_accounts_invitations_team_id_email_key"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_accounts_invitations_email_key_created_at_id", "accounts_invitations", ["email_key", "created_at", "id"]
    )
    op.create_index("ix_accounts_invitations_invited_by", "accounts_invitations", ["invited_by"])


def _interactions(op: Operations) -> None:
    op.create_table(
        "accounts_interactions",
        sa.Column("id", Name, nullable=False),
        sa.Column("team_id", Number, nullable=False),
        sa.Column("author_id", Number),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"], ["accounts_teams.id"], name="fk_accounts_interactions_team_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["author_id"], ["accounts_users.id"], name="fk_accounts_interactions_author_id"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts_interactions"),
        sqlite_strict=True,
    )
    op.create_index("ix_accounts_interactions_author_id", "accounts_interactions", ["author_id"])
    op.create_index(
        "ix_accounts_interactions_team_id_created_at_id", "accounts_interactions", ["team_id", "created_at", "id"]
    )


def _outbox(op: Operations) -> None:
    op.create_table(
        "accounts_outbox",
        sa.Column("id", Name, nullable=False),
        sa.Column("topic", Name, nullable=False),
        sa.Column("payload", Document, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("due", Moment, nullable=False),
        sa.Column("attempts", Number, nullable=False),
        sa.Column("lease", Name),
        sa.CheckConstraint("attempts >= 0", name="ck_accounts_outbox_attempts"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts_outbox"),
        sqlite_strict=True,
    )
    op.create_index("ix_accounts_outbox_due_id", "accounts_outbox", ["due", "id"])


def _attempts(op: Operations) -> None:
    op.create_table(
        "accounts_attempts",
        sa.Column("id", Number, sa.Identity(), nullable=False),
        sa.Column("name", Name, nullable=False),
        sa.Column("scope", sa.LargeBinary, nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts_attempts"),
        sqlite_strict=True,
    )
    op.create_index("ix_accounts_attempts_expires_at", "accounts_attempts", ["expires_at"])
    op.create_index("ix_accounts_attempts_name_scope_made_at", "accounts_attempts", ["name", "scope", "made_at"])


def _counters(op: Operations) -> None:
    op.create_table(
        "accounts_counters",
        sa.Column("name", Name, nullable=False),
        sa.Column("value", Number, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_accounts_counters"),
        sqlite_strict=True,
    )
