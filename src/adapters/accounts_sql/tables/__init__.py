"""Table definitions for statements. The migrations create the tables.

All names begin with `accounts_`, so that the tables can share a schema with the host application's. Another schema is
an argument of the store (`schema=...`), and SQLAlchemy translates the statements.

Foreign keys to users do not cascade: the rows of a user are deleted first, and a row that was missed or added
concurrently makes the deletion fail. Foreign keys to teams do cascade.
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
