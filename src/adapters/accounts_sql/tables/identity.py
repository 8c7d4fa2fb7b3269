"""Users, sessions, mail tokens, sign-ups, devices and notifications."""

from typing import Final

import sqlalchemy as sa

from accounts_core.model.user import UserStatus

from .common import listed, metadata, user_column
from .types import Flag, JsonText, Moment, Name, Number, Small

user_ids: Final = sa.Sequence("accounts_user_ids", metadata=metadata)

users: Final = sa.Table(
    "accounts_users",
    metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=False),
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
    # with a default, so that a process of the previous release can still add users
    sa.Column("lost_customers", Number, nullable=False, server_default=sa.text("0")),
    sa.Column("password_changed_at", Moment),
    sa.Column("was_verified", Flag, nullable=False, server_default=sa.false()),
    sa.Column("locale", sa.Text),
    sa.Column("time_zone", sa.Text),
    # NULL without profile data
    sa.Column("profile", JsonText),
    sa.Column("profile_version", Number),
    sa.UniqueConstraint("email_key"),
    sa.CheckConstraint("id > 0", name="id"),
    sa.CheckConstraint(f"status IN ({listed(UserStatus)})", name="status"),
    sa.CheckConstraint("(pending_email IS NULL) = (pending_email_key IS NULL)", name="pending_email"),
    sqlite_strict=True,
)

_IS_BILLED: Final = sa.text("customer_id IS NOT NULL")
sa.Index(
    "uq_accounts_users_customer_id",
    users.c.customer_id,
    unique=True,
    sqlite_where=_IS_BILLED,
    postgresql_where=_IS_BILLED,
)

_WAS_NEVER_VERIFIED: Final = sa.text("email_verified_at IS NULL AND NOT was_verified")
sa.Index(
    "ix_accounts_users_unverified",
    users.c.id,
    sqlite_where=_WAS_NEVER_VERIFIED,
    postgresql_where=_WAS_NEVER_VERIFIED,
)

sessions: Final = sa.Table(
    "accounts_sessions",
    metadata,
    sa.Column("id", Name, primary_key=True),
    user_column(),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("last_used_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("user_agent", sa.Text),
    sa.UniqueConstraint("digest"),
    sa.Index(None, "user_id", "created_at", "id"),
    sa.Index(None, "created_at"),
    sa.Index(None, "expires_at"),
    sqlite_strict=True,
)

mail_tokens: Final = sa.Table(
    "accounts_mail_tokens",
    metadata,
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    user_column(),
    sa.Column("purpose", Name, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("email_key", Name, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Index(None, "user_id", "created_at", "digest"),
    sa.Index(None, "created_at"),
    sa.Index(None, "expires_at"),
    sqlite_strict=True,
)

sign_ups: Final = sa.Table(
    "accounts_sign_ups",
    metadata,
    sa.Column("id", Name, primary_key=True),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("email_key", Name, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("locale", sa.Text),
    sa.Column("time_zone", sa.Text),
    sa.Column("profile", JsonText),
    sa.Column("profile_version", Number),
    sa.UniqueConstraint("digest"),
    sa.Index(None, "email_key"),
    sa.Index(None, "expires_at"),
    sqlite_strict=True,
)
"""Requests for an account that wait for the worker or for verification of the address."""

devices: Final = sa.Table(
    "accounts_devices",
    metadata,
    user_column(),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("first_seen_at", Moment, nullable=False),
    # NULL if a process of the previous release added the device
    sa.Column("last_seen_at", Moment),
    sa.PrimaryKeyConstraint("user_id", "digest"),
    sa.Index(None, "user_id", "first_seen_at", "digest"),
    sa.Index(None, "last_seen_at"),
    sqlite_strict=True,
)

notifications: Final = sa.Table(
    "accounts_notifications",
    metadata,
    sa.Column("id", Name, primary_key=True),
    user_column(),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("read_at", Moment),
    sa.Index(None, "user_id", "created_at", "id"),
    sa.Index(None, "created_at"),
    sqlite_strict=True,
)
