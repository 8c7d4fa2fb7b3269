"""Teams, memberships, invitations and interactions."""

from typing import Final

import sqlalchemy as sa

from .common import metadata, team_column, user_column
from .types import Flag, Moment, Name, Number

team_ids: Final = sa.Sequence("accounts_team_ids", metadata=metadata)

teams: Final = sa.Table(
    "accounts_teams",
    metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    user_column(name="owner_id"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("version", Number, nullable=False),
    sa.CheckConstraint("id > 0", name="id"),
    sa.Index(None, "owner_id", "id"),
    sqlite_strict=True,
)

memberships: Final = sa.Table(
    "accounts_memberships",
    metadata,
    team_column(),
    user_column(),
    sa.Column("created_at", Moment, nullable=False),
    sa.PrimaryKeyConstraint("team_id", "user_id"),
    sa.Index(None, "user_id", "team_id"),
    sqlite_strict=True,
)

invitations: Final = sa.Table(
    "accounts_invitations",
    metadata,
    sa.Column("id", Name, primary_key=True),
    team_column(),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("email_key", Name, nullable=False),
    user_column(name="invited_by", nullable=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("is_mail_pending", Flag, nullable=False, server_default=sa.false()),
    # NULL if a process of an older release added the row; `created_at` applies then
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
    team_column(),
    user_column(name="author_id", nullable=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Index(None, "team_id", "created_at", "id"),
    sa.Index(None, "author_id", "created_at", "id"),
    sqlite_strict=True,
)
