"""`accounts cards reconcile`: where the payment provider says something else, for operators."""

import json
from typing import Any, Final

import attrs

from accounts_cli.streams import say
from accounts_cli.terminal import table
from accounts_core import Accounts
from accounts_core.model.drift import Drift, Reconciliation

_HEADINGS: Final = ("WHAT", "OF USER", "AT THE PROVIDER", "NOW", "DETAIL")


async def reconcile(accounts: Accounts[Any], *, dry_run: bool, as_json: bool) -> bool:
    """Compare, repair unless `dry_run`, write a line for each difference, and say whether nothing is left to do."""
    found = await accounts.reconcile_cards(dry_run=dry_run)
    if as_json:
        say(json.dumps(_facts(found), indent=2))
    else:
        if found.drifts:
            for line in table([_HEADINGS, *(_row(drift) for drift in found.drifts)]):
                say(line)
        say(
            f"Looked at {_counted(found.users, 'billed user')}, {_counted(found.customers, 'customer')} and"
            f" {_counted(found.holds, 'open hold')}: {_counted(len(found.drifts), 'difference')}."
        )
        if found.stopped_by is not None:
            say(f"The payment provider did not answer, so this is not all: {found.stopped_by}")
    return found.is_clean


def _row(drift: Drift) -> tuple[str, ...]:
    whose = "-" if drift.user_id is None else str(drift.user_id)
    return (drift.kind, whose, drift.subject, drift.repair, drift.detail)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _facts(found: Reconciliation) -> dict[str, Any]:
    return {**attrs.asdict(found), "is_clean": found.is_clean}
