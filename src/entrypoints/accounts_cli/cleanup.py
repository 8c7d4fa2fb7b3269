"""`accounts cleanup`: delete expired data now, as the worker does once a day."""

import json
from typing import Any, Final

import attrs

from accounts_cli.streams import say
from accounts_cli.terminal import format_table
from accounts_core import Accounts
from accounts_core.results import CleanupResult

PROGRESS_EVERY: Final = 10_000
"""Rows of one kind between two lines about the progress."""

NAMES: Final = {
    "sessions": "ended sessions",
    "mail_tokens": "expired links in mails",
    "sign_ups": "unfinished sign-ups",
    "requests": "answers to idempotent requests",
    "provider_events": "events of the payment provider",
    "attempts": "expired attempts of rate limits",
    "invitations": "expired invitations",
    "notifications": "notifications",
    "devices": "devices",
    "verifications": "finished card verifications",
    "dead_jobs": "dead-lettered jobs",
    "audit": "audit entries",
    "unverified_accounts": "unverified accounts",
}


async def clean_up(accounts: Accounts[Any], *, dry_run: bool, as_json: bool) -> None:
    """Delete expired data, or only count it with `dry_run`, and print a line for each kind."""
    progress = _Progress(is_silent=as_json)
    result = await (accounts.preview_cleanup() if dry_run else accounts.run_cleanup(on_batch=progress.note))
    counts = attrs.asdict(result)
    if as_json:
        say(json.dumps(counts, indent=2))
        return
    heading = ("WOULD BE DELETED" if dry_run else "DELETED", "DATA")
    for line in format_table([heading, *((f"{counts[name]:,}", NAMES[name]) for name in NAMES)]):
        say(line)


@attrs.define
class _Progress:
    """Prints the progress of one kind after every `PROGRESS_EVERY` rows."""

    is_silent: bool
    _so_far: dict[str, int] = attrs.field(factory=lambda: attrs.asdict(CleanupResult()))

    def note(self, name: str, count: int) -> None:
        before = self._so_far[name]
        self._so_far[name] = after = before + count
        if not self.is_silent and before // PROGRESS_EVERY < after // PROGRESS_EVERY:
            say(f"{after:,} {NAMES[name]} deleted so far.")
