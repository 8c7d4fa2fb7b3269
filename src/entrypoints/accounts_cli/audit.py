"""`accounts audit`: who did what, and when, for operators."""

import json
from typing import Any, Final

from accounts_cli.terminal import say, table
from accounts_cli.users import find
from accounts_core.accounts import Accounts
from accounts_core.model.audit import AuditEntry

_HEADINGS: Final = ("ID", "WHEN", "USER", "BY", "WHAT", "DETAILS")


async def show(accounts: Accounts[Any], *, user: str | None, before: str | None, limit: int, as_json: bool) -> None:
    """Write a line for each entry, the newest first."""
    user_id = None if user is None else (await find(accounts, user)).id
    entries = await accounts.list_activity(user_id, limit=limit, before=before)
    if as_json:
        say(json.dumps([_facts(entry) for entry in entries], ensure_ascii=False, indent=2))
    elif not entries:
        say("There is nothing in the audit trail.")
    else:
        for line in table([_HEADINGS, *(_row(entry) for entry in entries)]):
            say(line)
        if entries.next is not None:
            say(f"There are more: --before {entries.next}")


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
