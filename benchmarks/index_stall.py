"""`python -m benchmarks.index_stall`: how long does a sign-in wait while an index is added to a full table?

A PostgreSQL of its own is filled with users and sessions. Threads sign people in, one sign-in after the other, while a
revision builds an index on the sessions: first as `migrate(engine)` does it, outside of transactions, then as
`migrate(connection)` does it, inside of one. The longest sign-in that overlaps each is printed, beside the longest of
calm seconds before.
"""

import argparse
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from accounts_argon2 import Argon2Hasher, Cost
from accounts_core import BlockingAccounts
from accounts_core.errors import AccountsError
from accounts_memory import MemoryGateway, MemoryMailer
from accounts_sql import SqlStore, create_engine, migrate
from accounts_sql.migrations.history import History, Revision
from accounts_sql.migrations.indexes import NewIndex
from accounts_sql.migrations.released import RELEASED
from accounts_sql.migrations.running import Migration
from accounts_sql.tables.location import Location
from accounts_system import SystemClock, SystemSecrets

from .databases import postgres

PASSWORD = "a benchmark's long password"
THREADS = 4
CALM_SECONDS = 10
USERS, SESSIONS = "accounts_users", "accounts_sessions"


@dataclass
class SignIns:
    """What the threads saw: the start and the duration of each sign-in, in seconds, and errors."""

    seen: list[tuple[float, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def longest_between(self, start: float, end: float) -> tuple[int, float]:
        """Return how many sign-ins overlap the time from `start` to `end`, and the longest of them."""
        durations = [took for began, took in self.seen if began < end and began + took > start]
        return len(durations), max(durations, default=0.0)


# ---- the full database


def fill(engine: sa.Engine, users: int, sessions: int) -> None:
    """Copy the one user and the one session that are there, and make constraints and indexes after that."""
    with engine.begin() as connection:
        run = connection.exec_driver_sql
        run("SET LOCAL statement_timeout = 0")
        run("SET LOCAL maintenance_work_mem = '512MB'")
        again = [*_taken_off(connection, SESSIONS), *_taken_off(connection, USERS)]
        address = "'person' || n || '@example.org'"
        _copy(connection, USERS, users, {"id": "n", "email": address, "email_key": address})
        columns = {
            "id": "'ses_' || n",
            "user_id": f"1 + mod(n * 7919, {users})",
            "digest": "sha256(n::text::bytea)",
            "created_at": "made.created_at - mod(n, 100000) * interval '1 second'",
        }
        _copy(connection, SESSIONS, sessions, columns)
        for statement in reversed(again):
            run(statement)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql(f"VACUUM ANALYZE {USERS}, {SESSIONS}")


def _taken_off(connection: sa.Connection, table: str) -> list[str]:
    """Drop the constraints and indexes of a table, and return the statements that make them again, last first."""
    constraints = connection.exec_driver_sql(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        f" WHERE conrelid = '{table}'::regclass AND contype IN ('u', 'f') ORDER BY contype DESC"
    ).all()
    indexes = connection.exec_driver_sql(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        f" WHERE indrelid = '{table}'::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"
    ).all()
    again = [f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}" for name, definition in constraints]
    for name, _ in constraints:
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _ in indexes:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    return [*again, *(definition for _, definition in indexes)]


def _copy(connection: sa.Connection, table: str, rows: int, values: dict[str, str]) -> None:
    columns = [column["name"] for column in sa.inspect(connection).get_columns(table)]
    selected = ", ".join(values.get(name, f"made.{name}") for name in columns)
    connection.exec_driver_sql(
        f"INSERT INTO {table} ({', '.join(columns)})"
        f" SELECT {selected} FROM (SELECT * FROM {table} LIMIT 1) made, generate_series(2, {rows}::bigint) n"
    )


# ---- the sign-ins


def accounts_on(engine: sa.Engine) -> BlockingAccounts[Any]:
    clock, secrets = SystemClock(), SystemSecrets()
    return BlockingAccounts(
        store=SqlStore(engine),
        payments=MemoryGateway(clock=clock, secrets=secrets),
        passwords=Argon2Hasher(Cost(memory_kib=8, passes=1)),
        mailer=MemoryMailer(),
        clock=clock,
        secrets=secrets,
        limits=None,
    )


@contextmanager
def signing_in(accounts: BlockingAccounts[Any], users: int) -> Iterator[SignIns]:
    """Sign random users in from several threads, until the block ends."""
    sign_ins, done = SignIns(), threading.Event()

    def work(seed: int) -> None:
        chance = random.Random(seed)
        while not done.is_set():
            email, began = f"person{chance.randint(2, users)}@example.org", time.perf_counter()
            try:
                accounts.sign_in(email=email, password=PASSWORD)
            except AccountsError as error:
                sign_ins.errors.append(f"{type(error).__name__}: {error}")
            sign_ins.seen.append((began, time.perf_counter() - began))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield sign_ins
    finally:
        done.set()
        for thread in threads:
            thread.join()


def measured(sign_ins: SignIns, name: str, step: Callable[[], object]) -> None:
    """Run a step and print the longest sign-in beside it."""
    start = time.perf_counter()
    step()
    end = time.perf_counter()
    time.sleep(1)  # so that a sign-in which still waits is seen
    count, longest = sign_ins.longest_between(start, end)
    print(f"{name:<24} {end - start:8.1f} s {count:8} sign-ins, the longest {longest * 1000:9.1f} ms", flush=True)


def migration(number: str, index: NewIndex) -> Migration:
    """Return the migration to a revision that adds an index, after those of this release."""
    before = RELEASED.revisions[-1].number
    revision = Revision(number, before, before, (index,), upgrade=index.create, downgrade=index.drop)
    return Migration("head", Location(), History((*RELEASED.revisions, revision)))


def add_in_a_transaction(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        migration("9999", NewIndex("ix_accounts_sessions_plain", SESSIONS, ("last_used_at",))).on_connection(connection)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--users", type=int, default=5_000_000)
    parser.add_argument("--sessions", type=int, default=20_000_000)
    options = parser.parse_args()
    with postgres() as database:
        engine = create_engine(database("index_stall"), pool_size=THREADS + 1)
        migrate(engine)
        accounts = accounts_on(engine)
        accounts.register(email="person1@example.org", password=PASSWORD, name="Jane Doe")
        accounts.mark_email_verified(accounts.sign_in(email="person1@example.org", password=PASSWORD).user.id)
        began = time.perf_counter()
        fill(engine, options.users, options.sessions)
        print(
            f"{options.users} users and {options.sessions} sessions in {time.perf_counter() - began:.0f} s", flush=True
        )
        with signing_in(accounts, options.users) as sign_ins:
            measured(sign_ins, "calm", lambda: time.sleep(CALM_SECONDS))
            online = migration("9999", NewIndex("ix_accounts_sessions_online", SESSIONS, ("last_used_at",)))
            measured(sign_ins, "migrate(engine)", lambda: online.on_engine(engine))
            measured(sign_ins, "migrate(connection)", lambda: add_in_a_transaction(engine))
        print(f"{len(sign_ins.errors)} errors", *sorted(set(sign_ins.errors))[:5], sep="\n")
        engine.dispose()


if __name__ == "__main__":
    main()
