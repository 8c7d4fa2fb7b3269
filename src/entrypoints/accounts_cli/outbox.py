"""`accounts outbox`: list the jobs in the outbox, and retry them."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from accounts_cli.streams import say
from accounts_cli.terminal import format_table
from accounts_core import Accounts
from accounts_core.errors import NotFound
from accounts_core.model.jobs import JOBS
from accounts_core.model.outbox import OutboxJob

MAX_RETRIED: Final = 10_000

_HEADINGS: Final = ("ID", "TOPIC", "ATTEMPTS", "DUE", "DEAD-LETTERED", "LAST ERROR")


async def show_jobs(accounts: Accounts[Any], *, limit: int, as_json: bool) -> None:
    """Print a line for each job, dead-lettered jobs first."""
    jobs = await accounts.list_outbox(limit=limit)
    if as_json:
        say(json.dumps([_facts(job) for job in jobs], indent=2))
    elif not jobs:
        say("The outbox is empty.")
    else:
        for line in format_table([_HEADINGS, *(_row(job) for job in jobs)]):
            say(line)
        if len(jobs) == limit:
            say(f"Showing {limit} jobs; use --limit to show more.")


async def retry_job(accounts: Accounts[Any], id: str) -> None:
    if not (id.isascii() and id.isprintable()):
        raise NotFound("job", id)  # some databases refuse other texts
    await accounts.retry_job(id)
    say(f"{id} is due now.")


async def retry_dead_lettered(accounts: Accounts[Any]) -> None:
    """Make every dead-lettered job due now."""
    jobs = [job for job in await accounts.list_outbox(limit=MAX_RETRIED) if job.dead_lettered_at is not None]
    await _retry(accounts, jobs)
    say(f"{len(jobs)} dead-lettered {'job is' if len(jobs) == 1 else 'jobs are'} due now.")


async def retry_all(accounts: Accounts[Any]) -> None:
    """Make every job due now, also those under the lease of a worker, which may be dead.

    A job of the application's that was never claimed keeps its due time, which may lie ahead on purpose.
    """
    jobs = [job for job in await accounts.list_outbox(limit=MAX_RETRIED) if not _is_scheduled(job)]
    await _retry(accounts, jobs)
    say(f"{len(jobs)} {'job is' if len(jobs) == 1 else 'jobs are'} due now.")


async def _retry(accounts: Accounts[Any], jobs: Sequence[OutboxJob]) -> None:
    for job in jobs:
        with suppress(NotFound):  # it was finished in the meantime
            await accounts.retry_job(job.id)


def _is_scheduled(job: OutboxJob) -> bool:
    return job.topic not in JOBS and not job.attempts and job.dead_lettered_at is None


def _row(job: OutboxJob) -> tuple[str, ...]:
    dead_lettered = "-" if job.dead_lettered_at is None else _moment(job.dead_lettered_at)
    return (job.id, job.topic, str(job.attempts), _moment(job.due), dead_lettered, job.last_error or "-")


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}Z"


def _facts(job: OutboxJob) -> dict[str, Any]:
    return {
        "id": job.id,
        "topic": job.topic,
        "payload": dict(job.payload),
        "created_at": job.created_at.isoformat(),
        "due": job.due.isoformat(),
        "attempts": job.attempts,
        "is_leased": job.lease is not None,
        "parked_at": job.dead_lettered_at and job.dead_lettered_at.isoformat(),
        "last_error": job.last_error,
    }
