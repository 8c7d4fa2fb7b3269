"""The tables, as statements see them; the migrations are what makes them.

All names begin with `accounts_`, so that they can live among a host's own tables. A schema is given to the store
(`schema=...`), never here: SQLAlchemy translates the statements on the way.

Foreign keys do not cascade from users: whoever removes a user has to have removed what is theirs, and a row that was
forgotten, or came in meanwhile, has to stop the removal. Inside a team everything goes with the team.
"""

from collections.abc import Iterable
from enum import IntEnum, StrEnum
from typing import Final

import sqlalchemy as sa

from accounts_core.model.user import UserStatus
from accounts_core.model.verification import OPEN_STATES, State

from .types import Document, Flag, Moment, Name, Number, Small

NAMING: Final = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

metadata: Final = sa.MetaData(naming_convention=NAMING)

sqlite_metadata: Final = sa.MetaData(naming_convention=NAMING)
"""What SQLite needs besides: it has no sequences."""


def _listed(values: Iterable[StrEnum] | Iterable[IntEnum]) -> str:
    return ", ".join(sorted(repr(value.value) for value in values))


def _user(*, nullable: bool = False, name: str = "user_id") -> sa.Column[int]:
    return sa.Column(name, Number, sa.ForeignKey("accounts_users.id"), nullable=nullable)


def _team() -> sa.Column[int]:
    return sa.Column("team_id", Number, sa.ForeignKey("accounts_teams.id", ondelete="CASCADE"), nullable=False)


user_ids: Final = sa.Sequence("accounts_user_ids", metadata=metadata)
team_ids: Final = sa.Sequence("accounts_team_ids", metadata=metadata)

counters: Final = sa.Table(
    "accounts_counters",
    sqlite_metadata,
    sa.Column("name", Name, primary_key=True),
    sa.Column("value", Number, nullable=False),
    sqlite_strict=True,
)
"""The last id that was handed out. `max(id) + 1` would hand out the id of a removed user again."""

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
    # with a default, so that a process of the version before can still add users
    sa.Column("lost_customers", Number, nullable=False, server_default=sa.text("0")),
    sa.Column("password_changed_at", Moment),
    sa.Column("was_verified", Flag, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("email_key"),
    sa.CheckConstraint("id > 0", name="id"),
    sa.CheckConstraint(f"status IN ({_listed(UserStatus)})", name="status"),
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
    _user(),
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

payment_methods: Final = sa.Table(
    "accounts_payment_methods",
    metadata,
    sa.Column("id", Name, primary_key=True),
    _user(),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("card", Document, nullable=False),
    sa.Column("billing_details", Document, nullable=False),
    sa.Column("created", Moment, nullable=False),
    sa.Column("livemode", Flag, nullable=False),
    sa.Column("metadata", Document, nullable=False),
    sa.Column("verified_at", Moment, nullable=False),
    sa.Column("is_default", Flag, nullable=False),
    sa.Index(None, "user_id", "verified_at", "id"),
    sqlite_strict=True,
)
_IS_DEFAULT: Final = sa.text("is_default")
sa.Index(
    "uq_accounts_payment_methods_default",
    payment_methods.c.user_id,
    unique=True,
    sqlite_where=_IS_DEFAULT,
    postgresql_where=_IS_DEFAULT,
)

verifications: Final = sa.Table(
    "accounts_card_verifications",
    metadata,
    sa.Column("id", Name, primary_key=True),
    _user(nullable=True),
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
    # with a default, so that a process of the version before can still add verifications
    sa.Column("unheard", Flag, nullable=False, server_default=sa.false()),
    sa.Column("request_key", Name),
    sa.CheckConstraint(f"state IN ({_listed(State)})", name="state"),
    sa.CheckConstraint("amount > 0", name="amount"),
    sa.Index(None, "user_id", "created_at", "id"),
    sqlite_strict=True,
)
_IS_OPEN: Final = sa.text(f"state IN ({_listed(OPEN_STATES)})")
sa.Index(
    "uq_accounts_card_verifications_open",
    verifications.c.user_id,
    verifications.c.requested,
    unique=True,
    sqlite_where=_IS_OPEN,
    postgresql_where=_IS_OPEN,
)

_CAME_WITH_A_KEY: Final = sa.text("request_key IS NOT NULL")
sa.Index(
    "uq_accounts_card_verifications_request",
    verifications.c.user_id,
    verifications.c.request_key,
    unique=True,
    sqlite_where=_CAME_WITH_A_KEY,
    postgresql_where=_CAME_WITH_A_KEY,
)

_HAS_ENDED: Final = sa.text(f"state NOT IN ({_listed(OPEN_STATES)})")
sa.Index(
    "ix_accounts_card_verifications_ended",
    verifications.c.updated_at,
    sqlite_where=_HAS_ENDED,
    postgresql_where=_HAS_ENDED,
)

sa.Index(
    "ix_accounts_card_verifications_open_customer_id",
    verifications.c.customer_id,
    sqlite_where=_IS_OPEN,
    postgresql_where=_IS_OPEN,
)

notifications: Final = sa.Table(
    "accounts_notifications",
    metadata,
    sa.Column("id", Name, primary_key=True),
    _user(),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("read_at", Moment),
    sa.Index(None, "user_id", "created_at", "id"),
    sa.Index(None, "created_at"),
    sqlite_strict=True,
)

teams: Final = sa.Table(
    "accounts_teams",
    metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    _user(name="owner_id"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("version", Number, nullable=False),
    sa.CheckConstraint("id > 0", name="id"),
    sa.Index(None, "owner_id", "id"),
    sqlite_strict=True,
)

memberships: Final = sa.Table(
    "accounts_memberships",
    metadata,
    _team(),
    _user(),
    sa.Column("created_at", Moment, nullable=False),
    sa.PrimaryKeyConstraint("team_id", "user_id"),
    sa.Index(None, "user_id", "team_id"),
    sqlite_strict=True,
)

invitations: Final = sa.Table(
    "accounts_invitations",
    metadata,
    sa.Column("id", Name, primary_key=True),
    _team(),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("email_key", Name, nullable=False),
    _user(name="invited_by", nullable=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("is_mail_pending", Flag, nullable=False, server_default=sa.false()),
    # NULL where a process of an older version has added the row: then it is `created_at`
    sa.Column("sent_at", Moment),
    sa.UniqueConstraint("team_id", "email_key"),
    sa.Index(None, "email_key", "created_at", "id"),
    sa.Index(None, "invited_by", "created_at", "id"),
    sa.Index(None, "team_id", "created_at", "id"),
    sa.Index(None, "sent_at"),
    sqlite_strict=True,
)

interactions: Final = sa.Table(
    "accounts_interactions",
    metadata,
    sa.Column("id", Name, primary_key=True),
    _team(),
    _user(name="author_id", nullable=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Index(None, "team_id", "created_at", "id"),
    sa.Index(None, "author_id", "created_at", "id"),
    sqlite_strict=True,
)

outbox: Final = sa.Table(
    "accounts_outbox",
    metadata,
    sa.Column("id", Name, primary_key=True),
    sa.Column("topic", Name, nullable=False),
    sa.Column("payload", Document, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("due", Moment, nullable=False),
    sa.Column("attempts", Number, nullable=False),
    sa.Column("lease", Name),
    sa.Column("parked_at", Moment),
    sa.Column("last_error", sa.Text),
    sa.CheckConstraint("attempts >= 0", name="attempts"),
    sqlite_strict=True,
)
_IS_NOT_PARKED: Final = sa.text("parked_at IS NULL")
# parked jobs may be due for ever, and no claim should walk past them
sa.Index(
    "ix_accounts_outbox_claimable",
    outbox.c.due,
    outbox.c.id,
    sqlite_where=_IS_NOT_PARKED,
    postgresql_where=_IS_NOT_PARKED,
)
# a kind of jobs is claimed by its topics, however many jobs of another kind are due
sa.Index(
    "ix_accounts_outbox_claimable_by_topic",
    outbox.c.topic,
    outbox.c.due,
    sqlite_where=_IS_NOT_PARKED,
    postgresql_where=_IS_NOT_PARKED,
)

_IS_PARKED: Final = sa.text("parked_at IS NOT NULL")
sa.Index(
    "ix_accounts_outbox_parked_at",
    outbox.c.parked_at,
    sqlite_where=_IS_PARKED,
    postgresql_where=_IS_PARKED,
)

provider_events: Final = sa.Table(
    "accounts_provider_events",
    metadata,
    sa.Column("id", Name, primary_key=True),
    sa.Column("received_at", Moment, nullable=False),
    sa.Index(None, "received_at"),
    sqlite_strict=True,
)
"""The payment provider's events that were received, so that one that comes again is known."""

attempts: Final = sa.Table(
    "accounts_attempts",
    metadata,
    sa.Column("id", Number, sa.Identity(), primary_key=True),
    sa.Column("name", Name, nullable=False),
    sa.Column("scope", sa.LargeBinary, nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Index(None, "name", "scope", "made_at"),
    sa.Index(None, "expires_at"),
    sqlite_strict=True,
)
"""Attempts that count towards a limit. The scope is kept as a digest: it may be an address, of mail or of a network."""

mail_tokens: Final = sa.Table(
    "accounts_mail_tokens",
    metadata,
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    _user(),
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
    sa.UniqueConstraint("digest"),
    sa.Index(None, "email_key"),
    sa.Index(None, "expires_at"),
    sqlite_strict=True,
)
"""Requests for an account that wait for the worker, or for proof of their address."""

devices: Final = sa.Table(
    "accounts_devices",
    metadata,
    _user(),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("first_seen_at", Moment, nullable=False),
    # none where a process of the version before added the device
    sa.Column("last_seen_at", Moment),
    sa.PrimaryKeyConstraint("user_id", "digest"),
    sa.Index(None, "user_id", "first_seen_at", "digest"),
    sa.Index(None, "last_seen_at"),
    sqlite_strict=True,
)

kept_requests: Final = sa.Table(
    "accounts_kept_requests",
    metadata,
    sa.Column("scope", sa.LargeBinary, primary_key=True),
    _user(nullable=True),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    sa.Column("claim", Name, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("claimed_until", Moment, nullable=False),
    sa.Column("answer", sa.LargeBinary),
    # whom it belongs to while no user was made
    sa.Column("email_key", Name),
    sa.CheckConstraint("(user_id IS NULL) <> (email_key IS NULL)", name="owner"),
    sa.Index(None, "user_id", "created_at", "scope"),
    sa.Index(None, "created_at"),
    sa.Index(None, "email_key"),
    sqlite_strict=True,
)

audit: Final = sa.Table(
    "accounts_audit",
    metadata,
    sa.Column("id", Number, sa.Identity(), primary_key=True),
    # no reference: what was done stays when the user has gone
    sa.Column("user_id", Number, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("by", Name, nullable=False),
    sa.Column("action", Name, nullable=False),
    sa.Column("details", Document, nullable=False),
    sa.Column("invited_key", Name),
    sa.Index(None, "user_id", "id"),
    sa.Index(None, "at"),
    sqlite_strict=True,
)
"""Who did what, and when. Rows are added, never changed, but for what the details say of a deleted user."""

_IS_ABOUT_INVITED: Final = sa.text("invited_key IS NOT NULL")
sa.Index(
    "ix_accounts_audit_invited_key",
    audit.c.invited_key,
    sqlite_where=_IS_ABOUT_INVITED,
    postgresql_where=_IS_ABOUT_INVITED,
)
