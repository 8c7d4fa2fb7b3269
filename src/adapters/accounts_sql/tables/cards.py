"""Payment methods, card verifications and provider events."""

from typing import Final

import sqlalchemy as sa

from accounts_core.model.verification import OPEN_STATES, State

from .common import listed, metadata, user_column
from .types import Document, Flag, Moment, Name, Number

payment_methods: Final = sa.Table(
    "accounts_payment_methods",
    metadata,
    sa.Column("id", Name, primary_key=True),
    user_column(),
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
    user_column(nullable=True),
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
    # with a default, so that a process of the previous release can still add verifications
    sa.Column("unheard", Flag, nullable=False, server_default=sa.false()),
    sa.Column("request_key", Name),
    sa.CheckConstraint(f"state IN ({listed(State)})", name="state"),
    sa.CheckConstraint("amount > 0", name="amount"),
    sa.Index(None, "user_id", "created_at", "id"),
    sqlite_strict=True,
)
_IS_OPEN: Final = sa.text(f"state IN ({listed(OPEN_STATES)})")
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

_HAS_ENDED: Final = sa.text(f"state NOT IN ({listed(OPEN_STATES)})")
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

provider_events: Final = sa.Table(
    "accounts_provider_events",
    metadata,
    sa.Column("id", Name, primary_key=True),
    sa.Column("received_at", Moment, nullable=False),
    sa.Index(None, "received_at"),
    sqlite_strict=True,
)
"""Received events of the payment provider, to recognise repeated deliveries."""
