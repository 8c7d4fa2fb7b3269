"""`accounts audit`: who did what, and when, for operators."""

import json
from typing import Any, Final

from accounts_cli.streams import say
from accounts_cli.terminal import table
from accounts_cli.users import find, id_of
from accounts_core import Accounts
from accounts_core.model.audit import AuditEntry
from accounts_core.model.ids import UserId

_HEADINGS: Final = ("ID", "WHEN", "USER", "BY", "WHAT", "DETAILS")


async def show(accounts: Accounts[Any], *, user: str | None, before: str | None, limit: int, as_json: bool) -> None:
    """Write a line for each entry, the newest first."""
    user_id = None if user is None else await _whose(accounts, user)
    entries = await accounts.list_activity(user_id, limit=limit, before=before)
    if user_id is not None and not entries and before is None:
        await accounts.profile(user_id)  # an id that nobody ever had is a mistake
    if as_json:
        say(json.dumps([_facts(entry) for entry in entries], indent=2))
    elif not entries:
        say("There is nothing in the audit trail.")
    else:
        for line in table([_HEADINGS, *(_row(entry) for entry in entries)]):
            say(line)
        if entries.next is not None:
            say(f"There are more: --before {entries.next}")


async def _whose(accounts: Accounts[Any], who: str) -> UserId:
    """Return the id of whose entries are asked for. The entries of a deleted user are still there, by id."""
    return id_of(who) or (await find(accounts, who)).id


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
