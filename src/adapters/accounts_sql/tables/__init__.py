"""The tables, as statements see them; the migrations are what makes them.

All names begin with `accounts_`, so that they can live among a host's own tables. A schema is given to the store
(`schema=...`), never here: SQLAlchemy translates the statements on the way.

Foreign keys do not cascade from users: whoever removes a user has to have removed what is theirs, and a row that was
forgotten, or came in meanwhile, has to stop the removal. Inside a team everything goes with the team.
"""

from .cards import payment_methods, provider_events, verifications
from .common import metadata, sqlite_metadata
from .identity import devices, mail_tokens, notifications, sessions, sign_ups, user_ids, users
from .operations import attempts, audit, counters, idempotency_records, outbox
from .teams import interactions, invitations, memberships, team_ids, teams

__all__ = [
    "attempts",
    "audit",
    "counters",
    "devices",
    "idempotency_records",
    "interactions",
    "invitations",
    "mail_tokens",
    "memberships",
    "metadata",
    "notifications",
    "outbox",
    "payment_methods",
    "provider_events",
    "sessions",
    "sign_ups",
    "sqlite_metadata",
    "team_ids",
    "teams",
    "user_ids",
    "users",
    "verifications",
]
