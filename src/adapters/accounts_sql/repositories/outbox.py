from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import combinations
from typing import Any, Final

import attrs
import sqlalchemy as sa

from accounts_core.errors import LeaseLost, NotFound
from accounts_core.model.email import Email
from accounts_core.model.outbox import KINDS, TYPED_ADDRESS_TOPICS, Job, JobKind, TopicFilter
from accounts_sql import rows
from accounts_sql.batches import in_batch
from accounts_sql.executors import Executor, Reader, Statement
from accounts_sql.queries import Query, a_limit, by_moment, by_name, every, first, scalar
from accounts_sql.tables import outbox
from accounts_sql.types import Name

Kinds = Collection[JobKind] | None


def _texts(topics: Iterable[str]) -> list[sa.ColumnElement[str]]:
    """Return the topics as they stand in a statement: the drivers' own connections expand no lists."""
    return [sa.literal_column(f"'{topic!s}'", Name) for topic in topics]


def _are_of(kinds: Kinds) -> list[sa.ColumnElement[bool]]:
    if kinds is None:
        return []
    wanted = TopicFilter.of(kinds)
    topics = _texts(wanted.topics)
    if not topics:
        return [] if wanted.is_excluding else [sa.literal_column("1 = 0", sa.Boolean())]
    return [outbox.c.topic.not_in(topics) if wanted.is_excluding else outbox.c.topic.in_(topics)]


def _choice(kinds: Kinds) -> frozenset[JobKind] | None:
    return None if kinds is None else frozenset(kinds)


_IS_NOT_PARKED: Final = outbox.c.parked_at.is_(None)
_IS_DUE: Final = sa.and_(_IS_NOT_PARKED, outbox.c.due <= by_moment("now"))
_IS_OVERLONG: Final = sa.and_(
    _IS_NOT_PARKED,
    outbox.c.due > by_moment("after"),
    sa.or_(outbox.c.attempts > 0, outbox.c.topic.in_(_texts(KINDS))),
)
_FIND: Final = Query(sa.select(*rows.JOB).where(outbox.c.id == by_name("this")), first(rows.job), {"this": outbox.c.id})
_ANY_OVERLONG: Final = Query(sa.select(sa.exists().where(_IS_OVERLONG)), lambda found: bool(scalar(found)))
_LIST: Final = Query(
    sa.select(*rows.JOB).order_by(outbox.c.parked_at.is_(None), outbox.c.due, outbox.c.id).limit(a_limit()),
    every(rows.job),
)


def _any_due(kinds: Kinds) -> Query[bool]:
    return Query(sa.select(sa.exists().where(_IS_DUE, *_are_of(kinds))), lambda found: bool(scalar(found)))


def _due(kinds: Kinds) -> Query[list[Job]]:
    # what another worker is claiming right now is left out; SQLite has no such lock and only one writer
    return Query(
        sa.select(*rows.JOB)
        .where(_IS_DUE, *_are_of(kinds))
        .order_by(outbox.c.due, outbox.c.id)
        .limit(a_limit())
        .with_for_update(skip_locked=True),
        every(rows.job),
    )


_CHOICES: Final[tuple[frozenset[JobKind] | None, ...]] = (
    None,
    *(frozenset(some) for count in range(len(JobKind) + 1) for some in combinations(JobKind, count)),
)
_ANY_DUE: Final = {kinds: _any_due(kinds) for kinds in _CHOICES}
_DUE: Final = {kinds: _due(kinds) for kinds in _CHOICES}
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
class OutboxReads:
    """See `accounts_core.ports.outbox.OutboxReads`."""

    _db: Reader

    async def find(self, id: str) -> Job | None:
        return await self._db.fetch(_FIND, this=id)

    async def any_due(self, *, now: datetime, kinds: Kinds = None) -> bool:
        return await self._db.fetch(_ANY_DUE[_choice(kinds)], now=now)

    async def any_overlong(self, *, after: datetime) -> bool:
        return await self._db.fetch(_ANY_OVERLONG, after=after)

    async def list(self, *, limit: int) -> Sequence[Job]:
        return await self._db.fetch(_LIST, at_most=limit)


@attrs.frozen
class Outbox(OutboxReads):
    """See `accounts_core.ports.outbox.Outbox`."""

    _db: Executor

    async def put(self, job: Job) -> None:
        await self._db.run(_ADD, **rows.job_values(job))

    async def claim(
        self, *, now: datetime, until: datetime, lease: str, limit: int, kinds: Kinds = None
    ) -> Sequence[Job]:
        due = await self._db.fetch(_DUE[_choice(kinds)], now=now, at_most=limit)
        if due:
            await self._db.run(
                _CLAIM.values(attempts=outbox.c.attempts + 1), these=[job.id for job in due], lease=lease, due=until
            )
        return [attrs.evolve(job, lease=lease, due=until, attempts=job.attempts + 1) for job in due]

    async def bring_back(self, *, after: datetime, due: datetime, leased: datetime, limit: int) -> int:
        statement = _BRING_BACK[self._db.dialect]
        return await self._db.run(statement, after=after, when_free=due, when_leased=leased, at_most=limit)

    async def done(self, job: Job) -> None:
        await self._end(_DONE, job)

    async def put_off(self, job: Job, *, due: datetime, error: str | None = None) -> None:
        await self._end(_LET_GO, job, due=due, last_error=error)

    async def park(self, job: Job, *, at: datetime, error: str) -> None:
        await self._end(_LET_GO, job, parked_at=at, last_error=error)

    async def retry(self, id: str, *, now: datetime) -> None:
        if not await self._db.run(_RETRY, this=id, due=now):
            raise NotFound("job", id)

    async def remove_about(self, email: Email) -> None:
        await self._db.run(_REMOVE_ABOUT[self._db.dialect], address=email.address.lower())

    async def remove(self, id: str) -> None:
        await self._db.run(_REMOVE, this=id)

    async def _end(self, statement: Statement, job: Job, **values: Any) -> None:
        if not await self._db.run(statement, this=job.id, held_under=job.lease, **values):
            raise LeaseLost("Another worker holds this job now, or it was done.")
