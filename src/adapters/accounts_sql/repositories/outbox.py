from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import attrs
import sqlalchemy as sa

from accounts_core.errors import LeaseLost, NotFound
from accounts_core.model.outbox import Job
from accounts_sql import rows
from accounts_sql.executors import Executor, Reader, Statement
from accounts_sql.queries import Query, a_limit, by_moment, by_name, every, first, scalar
from accounts_sql.tables import outbox

_IS_DUE: Final = sa.and_(outbox.c.parked_at.is_(None), outbox.c.due <= by_moment("now"))
_FIND: Final = Query(sa.select(*rows.JOB).where(outbox.c.id == by_name("this")), first(rows.job), {"this": outbox.c.id})
_ANY_DUE: Final = Query(sa.select(sa.exists().where(_IS_DUE)), lambda found: bool(scalar(found)))
_LIST: Final = Query(
    sa.select(*rows.JOB).order_by(outbox.c.parked_at.is_(None), outbox.c.due, outbox.c.id).limit(a_limit()),
    every(rows.job),
)
# what another worker is claiming right now is left out; SQLite has no such lock and only one writer
_DUE: Final = Query(
    sa.select(*rows.JOB)
    .where(_IS_DUE)
    .order_by(outbox.c.due, outbox.c.id)
    .limit(a_limit())
    .with_for_update(skip_locked=True),
    every(rows.job),
)
_ADD: Final = outbox.insert()
_CLAIM: Final = outbox.update().where(outbox.c.id.in_(sa.bindparam("these", expanding=True)))
_HELD: Final = sa.and_(outbox.c.id == by_name("this"), outbox.c.lease == by_name("held_under"))
_DONE: Final = outbox.delete().where(_HELD)
_LET_GO: Final = outbox.update().where(_HELD).values(lease=None)
_THIS: Final = outbox.c.id == by_name("this")
_RETRY: Final = outbox.update().where(_THIS).values(lease=None, attempts=0, parked_at=None)
_REMOVE: Final = outbox.delete().where(_THIS)


@attrs.frozen
class OutboxReads:
    """See `accounts_core.ports.outbox.OutboxReads`."""

    _db: Reader

    async def find(self, id: str) -> Job | None:
        return await self._db.fetch(_FIND, this=id)

    async def any_due(self, *, now: datetime) -> bool:
        return await self._db.fetch(_ANY_DUE, now=now)

    async def list(self, *, limit: int) -> Sequence[Job]:
        return await self._db.fetch(_LIST, at_most=limit)


@attrs.frozen
class Outbox(OutboxReads):
    """See `accounts_core.ports.outbox.Outbox`."""

    _db: Executor

    async def put(self, job: Job) -> None:
        await self._db.run(_ADD, **rows.job_values(job))

    async def claim(self, *, now: datetime, until: datetime, lease: str, limit: int) -> Sequence[Job]:
        due = await self._db.fetch(_DUE, now=now, at_most=limit)
        if due:
            await self._db.run(
                _CLAIM.values(attempts=outbox.c.attempts + 1), these=[job.id for job in due], lease=lease, due=until
            )
        return [attrs.evolve(job, lease=lease, due=until, attempts=job.attempts + 1) for job in due]

    async def done(self, job: Job) -> None:
        await self._end(_DONE, job)

    async def put_off(self, job: Job, *, due: datetime, error: str | None = None) -> None:
        await self._end(_LET_GO, job, due=due, last_error=error)

    async def park(self, job: Job, *, at: datetime, error: str) -> None:
        await self._end(_LET_GO, job, parked_at=at, last_error=error)

    async def retry(self, id: str, *, now: datetime) -> None:
        if not await self._db.run(_RETRY, this=id, due=now):
            raise NotFound("job", id)

    async def remove(self, id: str) -> None:
        await self._db.run(_REMOVE, this=id)

    async def _end(self, statement: Statement, job: Job, **values: Any) -> None:
        if not await self._db.run(statement, this=job.id, held_under=job.lease, **values):
            raise LeaseLost("Another worker holds this job now, or it was done.")
