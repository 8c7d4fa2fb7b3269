"""A service under load whose processes are killed, and what has to hold when it is over."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from random import Random
from typing import Final

import attrs
import psycopg
import sqlalchemy as sa
from tests.chaos.behaviour import act
from tests.chaos.journal import LIMITS, Environment
from tests.chaos.services import Program, Programs
from tests.chaos.simulated_user import SimulatedUser, Status
from tests.integration.processes.programs import StripeServer

from accounts_sql import create_engine
from accounts_sql.tables import idempotency_records, outbox

ACTORS: Final = 6
EARLY_SHARE: Final = 0.1
CALM_ANSWERS: Final = 40
"""How many answers come before the first kill: by then everybody is there and in the middle of something."""
MOST_ANSWERS: Final = 20
LONGEST_MOMENT_SECONDS: Final = 0.25
COMMIT_SHARE: Final = 0.5
MOST_LOOKS: Final = 2_000
"""A process is killed after up to so many answers and so much time."""
MOST_PASSES: Final = 8
"""How often the worker may be run before nothing is left to do."""


def settings_of(database_url: str, stripe: StripeServer | None) -> dict[str, str]:
    """Return the settings of a service under load."""
    settings = {"ACCOUNTS_DATABASE_URL": database_url} if stripe is None else stripe.settings(database_url)
    return {**settings, "ACCOUNTS_LIMITS": LIMITS}


def let_time_pass(database_url: str) -> None:
    """Do what minutes do: whatever a dead process had claimed is anybody's again."""
    # what somebody works at in this moment, paused perhaps, is theirs
    claims = (
        sa.select(idempotency_records.c.scope)
        .where(idempotency_records.c.answer.is_(None))
        .with_for_update(skip_locked=True)
    )
    jobs = sa.select(outbox.c.id).where(outbox.c.parked_at.is_(None)).with_for_update(skip_locked=True)
    over = sa.update(idempotency_records).where(idempotency_records.c.scope.in_(claims))
    due = sa.update(outbox).where(outbox.c.id.in_(jobs))
    with create_engine(database_url, poolclass=sa.NullPool).begin() as connection:
        connection.execute(over.values(claimed_until=idempotency_records.c.created_at))
        connection.execute(due.values(due=outbox.c.created_at))


@asynccontextmanager
async def crowd(env: Environment, everybody: list[SimulatedUser], *, actors: int = ACTORS) -> AsyncIterator[None]:
    """Let people live while the block runs; then each finishes what it does, for which the service has to be there."""
    async with asyncio.TaskGroup() as tasks:
        for _ in range(actors):
            tasks.create_task(act(env, everybody, Random(env.chance.random())))
        yield
        env.closing.set()


@attrs.define(kw_only=True)
class Killing:
    """One service, started again each time it was killed."""

    programs: Programs
    settings: dict[str, str]
    env: Environment
    kills: int = 0

    async def start(self, *, surely: bool = False) -> Program:
        """Start a service and open the connection to it. Unless `surely`, some are killed before they listen."""
        while True:
            service = self.programs.start("serve", "--port", "0", **self.settings)
            if not surely and self.env.chance.random() < EARLY_SHARE:
                await asyncio.sleep(self.env.chance.uniform(0, 0.3))
                await self.kill(service)
                continue
            url = await asyncio.to_thread(service.wait_until_it_listens)
            await asyncio.to_thread(let_time_pass, self.settings["ACCOUNTS_DATABASE_URL"])
            await self.env.connection.open(url)
            return service

    async def kill(self, service: Program) -> None:
        service.kill()
        self.kills += 1
        await self.env.connection.aclose()


async def a_moment(env: Environment) -> None:
    """Wait for some answers, and then for a moment that falls anywhere: on a slow machine, too, something gets done."""
    await env.connection.wait_for_answers(env.chance.randrange(MOST_ANSWERS))
    await asyncio.sleep(env.chance.uniform(0, LONGEST_MOMENT_SECONDS))


async def a_commit(database_url: str) -> None:
    """Wait until something was written to the database's log: its client has not heard of it yet."""
    with watching_the_log(database_url) as written:
        before = written()
        for _ in range(MOST_LOOKS):
            if written() != before:
                return
            await asyncio.sleep(0)


@contextmanager
def watching_the_log(database_url: str) -> Iterator[Callable[[], object]]:
    """Give what tells how far the database's log is written."""
    url = sa.make_url(database_url)
    if url.get_backend_name() == "sqlite":
        log = Path(f"{url.database}-wal")
        yield lambda: log.stat().st_mtime_ns if log.exists() else None
        return
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield lambda: connection.execute("SELECT pg_current_wal_flush_lsn()").fetchone()


def kill_over_and_over(
    programs: Programs, stripe: StripeServer, database_url: str, *, kills: int, seed: int
) -> Killing:
    """Kill a service so many times, let it come back, and compare everything with everything."""
    env = Environment.of(seed, stripe)
    killing = Killing(programs=programs, settings=settings_of(database_url, stripe), env=env)
    everybody: list[SimulatedUser] = []

    async def be_killed() -> None:
        async with aclosing(env.connection):
            async with crowd(env, everybody):
                service = await killing.start(surely=True)
                await env.connection.wait_for_answers(CALM_ANSWERS)
                await killing.kill(service)
                while killing.kills < kills:
                    service = await killing.start()
                    await a_moment(env)
                    if env.chance.random() < COMMIT_SHARE:
                        await a_commit(database_url)
                    await killing.kill(service)
                service = await killing.start(surely=True)
            await check_everybody(env, everybody)
        service.stop()

    asyncio.run(be_killed())
    check_books(programs, killing.settings, env, everybody)
    return killing


def check_books(
    programs: Programs, settings: dict[str, str], env: Environment, everybody: Sequence[SimulatedUser]
) -> None:
    """Have all be done that is left to do; then the provider, the database and everybody have to agree."""
    left = finish_all_work(programs, settings)
    if left:
        env.journal.violation(f"there is still to do: {left}")
    check_provider(env, everybody)
    if env.stripe is not None:
        said = programs.run("cards", "reconcile", "--dry-run", **settings)
        if ": 0 differences." not in said:
            env.journal.violation(f"reconcile found differences: {said}")
    for complaint in programs.complaints:
        env.journal.violation(f"logged: {complaint}")


def finish_all_work(programs: Programs, settings: dict[str, str]) -> list[str]:
    """Run the worker until the outbox is empty; return what is left after the last run."""
    url = settings["ACCOUNTS_DATABASE_URL"]
    engine = create_engine(url, poolclass=sa.NullPool)
    left: list[str] = []
    for _ in range(MOST_PASSES):
        with engine.begin() as connection:
            left = [str(job) for job in connection.execute(sa.select(outbox))]
        if not left:
            return []
        let_time_pass(url)
        programs.run("worker", "--once", **settings)
    return left


async def check_everybody(env: Environment, everybody: Sequence[SimulatedUser], *, at_once: int = ACTORS) -> None:
    """Compare what each was told with what is there."""
    turns = asyncio.Semaphore(at_once)

    async def check(person: SimulatedUser) -> None:
        async with turns:
            await person.check()

    await asyncio.gather(*map(check, everybody))


def check_provider(env: Environment, everybody: Sequence[SimulatedUser]) -> None:
    """Compare the provider's books with what everybody was told: no money, no card and no customer is left over."""
    if env.stripe is None:
        return
    ledger, violation = env.stripe.ledger(), env.journal.violation
    wrong = {
        "money is frozen": ledger.open_holds,
        "these could freeze money": ledger.unfinished,
        "money was taken": ledger.captured,
        "one verification froze money twice": ledger.doubled_holds,
        "holds of no verification": ledger.holds.get("", ()),
        "one user is two customers": ledger.doubled_customers,
    }
    for what, found in wrong.items():
        if found:
            violation(f"{what}: {found}")
    by_id = {person.id: person for person in everybody if person.status is not Status.GONE}
    for user, customers in ledger.customers.items():
        if user not in by_id:
            violation(f"the customer of somebody who is gone is there: {user}")
            continue
        person, (customer, *_) = by_id[user], customers
        if set(ledger.attached[customer]) != set(person.cards):
            violation(f"person {person.number}: attached {ledger.attached[customer]}, told {person.cards}")
        if ledger.defaults[customer] != person.default:
            violation(f"person {person.number}: default {ledger.defaults[customer]}, told {person.default}")
    for user in by_id.keys() - ledger.customers.keys():
        if by_id[user].cards:
            violation(f"person {by_id[user].number} has cards and no customer")
