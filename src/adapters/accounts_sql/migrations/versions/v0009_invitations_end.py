"""Invitations that end, and the address that an entry of the audit trail names, so that it can be taken out.

Revision ID: accounts_0009
Revises: accounts_0008

A process of the version before adds invitations without `sent_at`, which count from `created_at`, and entries without
`invited_key`.

Types and names are spelled out here, not taken from the package: what a migration did must never change.
"""

import json
import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations

from accounts_sql.migrations.steps import downgrades_from, require_no_rows, upgrades_to

revision = "accounts_0009"
down_revision = "accounts_0008"
branch_labels = None
depends_on = None

Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Moment = sa.DateTime(timezone=True).with_variant(sa.Integer(), "sqlite")

_IS_ABOUT_INVITED = sa.text("invited_key IS NOT NULL")
_AUDIT = sa.table("accounts_audit", *map(sa.column, ("id", "action", "details", "invited_key")))
_BATCH = 1000
_NOW = {"postgresql": "now()", "sqlite": "CAST(strftime('%s', 'now') AS INTEGER) * 1000000"}


@upgrades_to(revision)
def upgrade(op: Operations) -> None:
    op.add_column("accounts_invitations", sa.Column("sent_at", Moment))
    # the open ones have their full time from now on: nobody was told before that they would end
    op.execute(f"UPDATE accounts_invitations SET sent_at = {_NOW[op.get_bind().dialect.name]}")  # noqa: S608  a constant
    op.create_index("ix_accounts_invitations_sent_at", "accounts_invitations", ["sent_at"])
    op.create_index(
        "ix_accounts_invitations_team_id_created_at_id", "accounts_invitations", ["team_id", "created_at", "id"]
    )
    op.add_column("accounts_audit", sa.Column("invited_key", Name))
    _name_addresses(op)
    op.create_index(
        "ix_accounts_audit_invited_key",
        "accounts_audit",
        ["invited_key"],
        sqlite_where=_IS_ABOUT_INVITED,
        postgresql_where=_IS_ABOUT_INVITED,
    )


@downgrades_from(revision)
def downgrade(op: Operations) -> None:
    op.drop_index("ix_accounts_audit_invited_key", "accounts_audit")
    op.drop_column("accounts_audit", "invited_key")
    op.drop_index("ix_accounts_invitations_team_id_created_at_id", "accounts_invitations")
    op.drop_index("ix_accounts_invitations_sent_at", "accounts_invitations")
    op.drop_column("accounts_invitations", "sent_at")


def _name_addresses(op: Operations) -> None:
    """Write the key of the address into the entries that name the address of somebody who was invited."""
    if op.get_context().as_sql:
        require_no_rows(op, revision)
        return
    connection, last = op.get_bind(), 0
    page = sa.select(_AUDIT.c.id, _AUDIT.c.details).where(_AUDIT.c.action == "invited").order_by(_AUDIT.c.id)
    update = sa.update(_AUDIT).where(_AUDIT.c.id == sa.bindparam("entry")).values(invited_key=sa.bindparam("key"))
    while rows := connection.execute(page.where(_AUDIT.c.id > last).limit(_BATCH)).all():
        last = rows[-1][0]
        keys = [{"entry": entry, "key": key} for entry, details in rows if (key := _key(details)) is not None]
        if keys:
            connection.execute(update, keys)


def _key(details: Any) -> str | None:
    """Return the key of the address in the details; None where they have none."""
    email = (json.loads(details) if isinstance(details, str) else details).get("email")
    if not isinstance(email, str):
        return None
    local, _, domain = email.rpartition("@")
    return f"{unicodedata.normalize('NFKC', local).lower()}@{domain}"
