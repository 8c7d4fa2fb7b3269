"""`accounts cards reconcile`: compare cards and holds with the payment provider."""

import json
from typing import Any, Final

import attrs

from accounts_cli.streams import say
from accounts_cli.terminal import format_table
from accounts_core import Accounts
from accounts_core.model.drift import Drift, Reconciliation

_HEADINGS: Final = ("DIFFERENCE", "USER", "AT THE PROVIDER", "STATUS", "DETAIL")


async def reconcile_cards(accounts: Accounts[Any], *, dry_run: bool, as_json: bool) -> bool:
    """Print each difference, repair it unless `dry_run`, and return whether nothing is left to do."""
    result = await accounts.reconcile_cards(dry_run=dry_run)
    if as_json:
        say(json.dumps(_facts(result), indent=2))
    else:
        if result.drifts:
            for line in format_table([_HEADINGS, *(_row(drift) for drift in result.drifts)]):
                say(line)
        say(
            f"Compared {_counted(result.users, 'billed user')}, {_counted(result.customers, 'customer')} and"
            f" {_counted(result.holds, 'open hold')}: {_counted(len(result.drifts), 'difference')}."
        )
        if result.stopped_by is not None:
            say(f"The payment provider did not answer, so this list is incomplete: {result.stopped_by}")
    return result.is_clean


def _row(drift: Drift) -> tuple[str, ...]:
    user = "-" if drift.user_id is None else str(drift.user_id)
    return (drift.kind, user, drift.subject, drift.repair, drift.detail)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _facts(result: Reconciliation) -> dict[str, Any]:
    return {**attrs.asdict(result), "is_clean": result.is_clean}
