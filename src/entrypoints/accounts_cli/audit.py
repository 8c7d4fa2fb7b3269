"""`accounts audit`: list the audit trail."""

import json
from typing import Any, Final

from accounts_cli.streams import say
from accounts_cli.terminal import format_table
from accounts_cli.users import find_user, parse_id
from accounts_core import Accounts
from accounts_core.model.audit import AuditEntry
from accounts_core.model.ids import UserId

_HEADINGS: Final = ("ID", "WHEN", "USER", "BY", "WHAT", "DETAILS")


async def show_audit(
    accounts: Accounts[Any], *, user: str | None, before: str | None, limit: int, as_json: bool
) -> None:
    """Print a line for each entry, newest first."""
    user_id = None if user is None else await _resolve_user_id(accounts, user)
    entries = await accounts.list_activity(user_id, limit=limit, before=before)
    if user_id is not None and not entries and before is None:
        await accounts.profile(user_id)  # raises NotFound for an id that was never used
    if as_json:
        say(json.dumps([_facts(entry) for entry in entries], indent=2))
    elif not entries:
        say("The audit trail is empty.")
    else:
        for line in format_table([_HEADINGS, *(_row(entry) for entry in entries)]):
            say(line)
        if entries.next is not None:
            say(f"More entries: --before {entries.next}")


async def _resolve_user_id(accounts: Accounts[Any], email_or_id: str) -> UserId:
    """Return the id of a user. An id is not looked up, because a deleted user still has entries."""
    return parse_id(email_or_id) or (await find_user(accounts, email_or_id)).id


def _row(entry: AuditEntry) -> tuple[str, ...]:
    details = " ".join(f"{name}={json.dumps(value)}" for name, value in entry.details.items() if value is not None)
    return (str(entry.id), f"{entry.at:%Y-%m-%d %H:%M:%S}Z", str(entry.user_id), entry.by, entry.action, details)


def _facts(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "user_id": entry.user_id,
        "by": entry.by,
        "action": entry.action,
        "details": dict(entry.details),
    }
