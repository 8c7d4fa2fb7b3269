"""`accounts outbox ...`: what is still to be done, and what keeps failing, for operators."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from accounts_cli.streams import say
from accounts_cli.terminal import table
from accounts_core import Accounts
from accounts_core.errors import NotFound
from accounts_core.model.outbox import OutboxJob

MOST_RETRIED: Final = 10_000

_HEADINGS: Final = ("ID", "TOPIC", "ATTEMPTS", "DUE", "PARKED", "LAST ERROR")


async def show(accounts: Accounts[Any], *, limit: int, as_json: bool) -> None:
    """Write a line for each job, the parked ones first."""
    jobs = await accounts.list_outbox(limit=limit)
    if as_json:
        say(json.dumps([_facts(job) for job in jobs], indent=2))
    elif not jobs:
        say("There is nothing to do.")
    else:
        for line in table([_HEADINGS, *(_row(job) for job in jobs)]):
            say(line)
        if len(jobs) == limit:
            say(f"These are {limit}; there may be more (--limit).")


async def retry(accounts: Accounts[Any], id: str) -> None:
    if not (id.isascii() and id.isprintable()):
        raise NotFound("job", id)  # and no database takes all that can be typed
    await accounts.retry_job(id)
    say(f"{id} is due now.")


async def retry_parked(accounts: Accounts[Any]) -> None:
    """Have all tried again that nobody tries any more."""
    jobs = [job for job in await accounts.list_outbox(limit=MOST_RETRIED) if job.dead_lettered_at is not None]
    await _retry(accounts, jobs)
    say(f"{len(jobs)} parked {'job is' if len(jobs) == 1 else 'jobs are'} due now.")


async def retry_all(accounts: Accounts[Any]) -> None:
    """Have all tried again at once, those too that a worker holds, or held when it died."""
    jobs = await accounts.list_outbox(limit=MOST_RETRIED)
    await _retry(accounts, jobs)
    say(f"{len(jobs)} {'job is' if len(jobs) == 1 else 'jobs are'} due now.")


async def _retry(accounts: Accounts[Any], jobs: Sequence[OutboxJob]) -> None:
    for job in jobs:
        with suppress(NotFound):  # somebody else was quicker
            await accounts.retry_job(job.id)


def _row(job: OutboxJob) -> tuple[str, ...]:
    parked = "-" if job.dead_lettered_at is None else _moment(job.dead_lettered_at)
    return (job.id, job.topic, str(job.attempts), _moment(job.due), parked, job.last_error or "-")


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}Z"


def _facts(job: OutboxJob) -> dict[str, Any]:
    return {
        "id": job.id,
        "topic": job.topic,
        "payload": {name: "..." if "password" in name else value for name, value in job.payload.items()},
        "created_at": job.created_at.isoformat(),
        "due": job.due.isoformat(),
        "attempts": job.attempts,
        "is_leased": job.lease is not None,
        "parked_at": job.dead_lettered_at and job.dead_lettered_at.isoformat(),
        "last_error": job.last_error,
    }
