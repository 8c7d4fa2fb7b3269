from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import attrs
import sqlalchemy as sa

from accounts_core.errors import LeaseLost, NotFound
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.jobs import JOBS, TYPED_ADDRESS_TOPICS
from accounts_core.model.outbox import OutboxJob, OverdueJobs
from accounts_sql.connections.executors import Executor, RowFetcher, Statement
from accounts_sql.statements import rows
from accounts_sql.statements.batches import in_batch
from accounts_sql.statements.queries import Query, a_limit, by_moment, by_name, every, first, scalar
from accounts_sql.tables import outbox
from accounts_sql.tables.types import Moment, Name

Topics = Collection[str] | None
MOST_CHOICES: Final = 64
"""Maximum number of topic sets with cached statements. A worker uses one or a few."""


def _texts(topics: Iterable[str]) -> list[sa.ColumnElement[str]]:
    """Return one parameter for each topic: the drivers' own connections expand no lists."""
    return [sa.literal(str(topic), Name) for topic in topics]


def _are_among(topics: frozenset[str] | None) -> list[sa.ColumnElement[bool]]:
    if topics is None:
        return []
    return [outbox.c.topic.in_(_texts(sorted(topics))) if topics else sa.literal_column("1 = 0", sa.Boolean())]


def _choice(topics: Topics) -> frozenset[str] | None:
    return None if topics is None else frozenset(topics)


_IS_NOT_DEAD: Final = outbox.c.parked_at.is_(None)
_IS_DUE: Final = sa.and_(_IS_NOT_DEAD, outbox.c.due <= by_moment("now"))
_IS_OVERLONG: Final = sa.and_(
    _IS_NOT_DEAD,
    outbox.c.due > by_moment("after"),
    sa.or_(outbox.c.attempts > 0, outbox.c.topic.in_(_texts(JOBS))),
)
_FIND: Final = Query(
    sa.select(*rows.JOB).where(outbox.c.id == by_name("this")), first(rows.JOB.read), {"this": outbox.c.id}
)
_ANY_OVERLONG: Final = Query(sa.select(sa.exists().where(_IS_OVERLONG)), lambda found: bool(scalar(found)))
_LIST: Final = Query(
    sa.select(*rows.JOB).order_by(outbox.c.parked_at.is_(None), outbox.c.due, outbox.c.id).limit(a_limit()),
    every(rows.JOB.read),
)

_OLDEST: Final = sa.func.min(outbox.c.due, type_=Moment)
_OVERDUE: Final = Query(
    sa.select(outbox.c.topic, sa.func.count(), _OLDEST)
    .where(_IS_NOT_DEAD, outbox.c.due < by_moment("before"))
    .group_by(outbox.c.topic)
    .order_by(_OLDEST, outbox.c.topic)
    .limit(a_limit()),
    every(lambda row: OverdueJobs(topic=row[0], count=row[1], oldest_due=row[2])),
)


@lru_cache(MOST_CHOICES)
def _any_due(topics: frozenset[str] | None) -> Query[bool]:
    return Query(sa.select(sa.exists().where(_IS_DUE, *_are_among(topics))), lambda found: bool(scalar(found)))


@lru_cache(MOST_CHOICES)
def _due(topics: frozenset[str] | None) -> Query[list[OutboxJob]]:
    # skips jobs that another worker is claiming; SQLite has no row locks and only one writer
    return Query(
        sa.select(*rows.JOB)
        .where(_IS_DUE, *_are_among(topics))
        .order_by(outbox.c.due, outbox.c.id)
        .limit(a_limit())
        .with_for_update(skip_locked=True),
        every(rows.JOB.read),
    )


_BRING_BACK: Final = {
    dialect: outbox.update()
    .where(jobs)
    .values(due=sa.case((outbox.c.lease.is_(None), by_moment("when_free")), else_=by_moment("when_leased")))
    for dialect, jobs in in_batch(outbox, _IS_OVERLONG).items()
}
_ADD: Final = outbox.insert()
_CLAIM: Final = outbox.update().where(outbox.c.id.in_(sa.bindparam("these", expanding=True)))
_HELD: Final = sa.and_(outbox.c.id == by_name("this"), outbox.c.lease == by_name("held_under"))
_DONE: Final = outbox.delete().where(_HELD)
_LET_GO: Final = outbox.update().where(_HELD).values(lease=None)
_THIS: Final = outbox.c.id == by_name("this")
_RETRY: Final = outbox.update().where(_THIS).values(lease=None, attempts=0, parked_at=None)
_REMOVE: Final = outbox.delete().where(_THIS)
_EMAIL: Final = {
    "postgresql": sa.literal_column("payload ->> 'email'", sa.Text()),
    "sqlite": sa.literal_column("json_extract(payload, '$.email')", sa.Text()),
}
_REMOVE_ABOUT: Final = {
    dialect: outbox.delete().where(
        outbox.c.topic.in_(_texts(TYPED_ADDRESS_TOPICS)), sa.func.lower(email) == by_name("address")
    )
    for dialect, email in _EMAIL.items()
}


@attrs.frozen
class OutboxReader:
    """See `accounts_core.ports.outbox.OutboxReader`."""

    _db: RowFetcher

    async def find(self, id: str) -> OutboxJob | None:
        return await self._db.fetch(_FIND, this=id)

    async def any_due(self, *, now: datetime, topics: Topics = None) -> bool:
        return await self._db.fetch(_any_due(_choice(topics)), now=now)

    async def any_due_after(self, *, after: datetime) -> bool:
        return await self._db.fetch(_ANY_OVERLONG, after=after)

    async def list(self, *, limit: int) -> Sequence[OutboxJob]:
        return await self._db.fetch(_LIST, at_most=limit)

    async def list_overdue(self, *, before: datetime, limit: int) -> Sequence[OverdueJobs]:
        return await self._db.fetch(_OVERDUE, before=before, at_most=limit)


@attrs.frozen
class Outbox(OutboxReader):
    """See `accounts_core.ports.outbox.Outbox`."""

    _db: Executor

    async def add(self, job: OutboxJob) -> None:
        await self._db.run(_ADD, **rows.JOB.values(job))

    async def claim(
        self, *, now: datetime, until: datetime, lease: str, limit: int, topics: Topics = None
    ) -> Sequence[OutboxJob]:
        due = await self._db.fetch(_due(_choice(topics)), now=now, at_most=limit)
        if due:
            await self._db.run(
                _CLAIM.values(attempts=outbox.c.attempts + 1), these=[job.id for job in due], lease=lease, due=until
            )
        return [attrs.evolve(job, lease=lease, due=until, attempts=job.attempts + 1) for job in due]

    async def correct_due_times(self, *, after: datetime, due: datetime, leased: datetime, limit: int) -> int:
        statement = _BRING_BACK[self._db.dialect]
        return await self._db.run(statement, after=after, when_free=due, when_leased=leased, at_most=limit)

    async def complete(self, job: OutboxJob) -> None:
        await self._end(_DONE, job)

    async def reschedule(self, job: OutboxJob, *, due: datetime, error: str | None = None) -> None:
        await self._end(_LET_GO, job, due=due, last_error=error)

    async def dead_letter(self, job: OutboxJob, *, at: datetime, error: str) -> None:
        await self._end(_LET_GO, job, parked_at=at, last_error=error)

    async def retry(self, id: str, *, now: datetime) -> None:
        if not await self._db.run(_RETRY, this=id, due=now):
            raise NotFound("job", id)

    async def delete_for_email(self, email: EmailAddress) -> None:
        await self._db.run(_REMOVE_ABOUT[self._db.dialect], address=email.address.lower())

    async def delete(self, id: str) -> None:
        await self._db.run(_REMOVE, this=id)

    async def _end(self, statement: Statement, job: OutboxJob, **values: Any) -> None:
        if not await self._db.run(statement, this=job.id, held_under=job.lease, **values):
            raise LeaseLost("Another worker holds this job now, or it was done.")
