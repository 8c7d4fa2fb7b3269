"""`accounts cleanup`: delete what has had its time, now and not when the worker gets to it."""

import json
from typing import Any, Final

import attrs

from accounts_cli.streams import say
from accounts_cli.terminal import table
from accounts_core import Accounts
from accounts_core.results import CleanupResult

PROGRESS_EVERY: Final = 10_000
"""Rows of a kind, after which a line says how far it is."""

NAMES: Final = {
    "sessions": "sessions that are over",
    "mail_tokens": "links in mails that are over",
    "sign_ups": "sign-ups that were never finished",
    "requests": "answers under an idempotency key",
    "provider_events": "events of the payment provider",
    "attempts": "attempts that count no more",
    "invitations": "invitations that are over",
    "notifications": "notifications",
    "devices": "devices",
    "verifications": "card verifications that ended",
    "dead_jobs": "jobs that failed for good",
    "audit": "entries of the audit trail",
    "unverified_accounts": "accounts that were never verified",
}


async def clean_up(accounts: Accounts[Any], *, dry_run: bool, as_json: bool) -> None:
    """Delete it, or with `dry_run` only count it, and write a line for each kind."""
    progress = _Progress(is_silent=as_json)
    found = await (accounts.preview_cleanup() if dry_run else accounts.run_cleanup(on_batch=progress.note))
    counts = attrs.asdict(found)
    if as_json:
        say(json.dumps(counts, indent=2))
        return
    heading = ("WOULD BE DELETED" if dry_run else "DELETED", "WHAT")
    for line in table([heading, *((f"{counts[name]:,}", NAMES[name]) for name in NAMES)]):
        say(line)


@attrs.define
class _Progress:
    """Says now and then how much of a kind was deleted so far."""

    is_silent: bool
    _so_far: dict[str, int] = attrs.field(factory=lambda: attrs.asdict(CleanupResult()))

    def note(self, name: str, count: int) -> None:
        before = self._so_far[name]
        self._so_far[name] = after = before + count
        if not self.is_silent and before // PROGRESS_EVERY < after // PROGRESS_EVERY:
            say(f"{after:,} {NAMES[name]} deleted so far.")
