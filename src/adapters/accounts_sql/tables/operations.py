"""Counters, the outbox, rate-limited attempts, idempotency records and the audit trail."""

from typing import Final

import sqlalchemy as sa

from .common import metadata, sqlite_metadata, user_column
from .types import Document, Moment, Name, Number

counters: Final = sa.Table(
    "accounts_counters",
    sqlite_metadata,
    sa.Column("name", Name, primary_key=True),
    sa.Column("value", Number, nullable=False),
    sqlite_strict=True,
)
"""Last id assigned. `max(id) + 1` would reuse the id of a deleted user."""

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
_IS_NOT_DEAD: Final = sa.text("parked_at IS NULL")
# dead-lettered jobs stay due, and a claim should not scan them
sa.Index(
    "ix_accounts_outbox_claimable",
    outbox.c.due,
    outbox.c.id,
    sqlite_where=_IS_NOT_DEAD,
    postgresql_where=_IS_NOT_DEAD,
)
# jobs are claimed by topic, however many jobs with other topics are due
sa.Index(
    "ix_accounts_outbox_claimable_by_topic",
    outbox.c.topic,
    outbox.c.due,
    sqlite_where=_IS_NOT_DEAD,
    postgresql_where=_IS_NOT_DEAD,
)

_IS_PARKED: Final = sa.text("parked_at IS NOT NULL")
sa.Index(
    "ix_accounts_outbox_parked_at",
    outbox.c.parked_at,
    sqlite_where=_IS_PARKED,
    postgresql_where=_IS_PARKED,
)

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
"""Attempts that count towards a rate limit. The scope is stored as a digest, because it may be a personal address."""

idempotency_records: Final = sa.Table(
    "accounts_kept_requests",
    metadata,
    sa.Column("scope", sa.LargeBinary, primary_key=True),
    user_column(nullable=True),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    sa.Column("claim", Name, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("claimed_until", Moment, nullable=False),
    sa.Column("answer", sa.LargeBinary),
    # owner until the user is created
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
    # no foreign key: entries remain after the user is deleted
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
"""Audit trail. Rows are never changed, except to remove the details of a deleted user."""

_IS_ABOUT_INVITED: Final = sa.text("invited_key IS NOT NULL")
sa.Index(
    "ix_accounts_audit_invited_key",
    audit.c.invited_key,
    sqlite_where=_IS_ABOUT_INVITED,
    postgresql_where=_IS_ABOUT_INVITED,
)
