"""Indexes by which each list of an export is read page by page.

Revision ID: accounts_0007
Revises: accounts_0006

Types and names are spelled out here, not taken from the package: what a migration did must never change.
"""

from alembic.operations import Operations

from accounts_sql.migrations.steps import downgrades_from, upgrades_to

revision = "accounts_0007"
down_revision = "accounts_0006"
branch_labels = None
depends_on = None

_REPLACED = (
    ("accounts_interactions", "author_id", ("created_at", "id")),
    ("accounts_invitations", "invited_by", ("created_at", "id")),
    ("accounts_mail_tokens", "user_id", ("created_at", "digest")),
    ("accounts_kept_requests", "user_id", ("created_at", "scope")),
)


@upgrades_to(revision)
def upgrade(op: Operations) -> None:
    for table, owner, order in _REPLACED:
        op.create_index(f"ix_{table}_{'_'.join((owner, *order))}", table, [owner, *order])
        op.drop_index(f"ix_{table}_{owner}", table)
    op.create_index(
        "ix_accounts_devices_user_id_first_seen_at_digest", "accounts_devices", ["user_id", "first_seen_at", "digest"]
    )


@downgrades_from(revision)
def downgrade(op: Operations) -> None:
    op.drop_index("ix_accounts_devices_user_id_first_seen_at_digest", "accounts_devices")
    for table, owner, order in reversed(_REPLACED):
        op.create_index(f"ix_{table}_{owner}", table, [owner])
        op.drop_index(f"ix_{table}_{'_'.join((owner, *order))}", table)
