"""Three environments that differ in nothing but their store: memory, SQLite and PostgreSQL.

Each has its own provider, mail, clock and secrets, and the secrets bring the same bytes in the same order. So whatever
one environment makes, ids and tokens included, the other two make as well.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from hashlib import shake_256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import attrs
import psycopg
import sqlalchemy as sa
from tests.customers import CUSTOMER
from tests.integration.postgres import serving_postgres
from tests.integration.sql.backends import hurried
from tests.simulation.lockstep.database_dumps import PostgresDumper, SqliteDumper
from tests.simulation.lockstep.dumps import Dumper, MemoryDumper, Numbering, Row

from accounts_core import BlockingAccounts, MailDispatch, Policy
from accounts_core.model.policy import CustomerDeletion, EmailChange, SessionPolicy
from accounts_core.model.rate_limits import INVITE, RECOVERY, SIGN_IN, SIGN_UP, VERIFY_CARD, RateLimit, in_every_scope
from accounts_core.ports.blocking import BlockingRateLimiter, BlockingStore
from accounts_core.testing.builders import NOON
from accounts_memory import (
    ManualClock,
    MemoryGateway,
    MemoryMailer,
    MemoryRateLimiter,
    MemoryStore,
    PlainHasher,
    SequenceSecrets,
)
from accounts_sql import SqlRateLimiter, SqlStore, create_engine, migrate
from accounts_sql.tables import metadata, sqlite_metadata

MEMORY, SQLITE, POSTGRES = "memory", "SQLite", "PostgreSQL"

_HOUR: Final = timedelta(hours=1)
POLICIES: Final = {
    "as it comes": Policy(
        limits=in_every_scope(dict.fromkeys((SIGN_IN, SIGN_UP, RECOVERY, INVITE, VERIFY_CARD), RateLimit(1000, _HOUR)))
    ),
    "tight": Policy(
        limits=in_every_scope(
            {
                SIGN_IN: RateLimit(6, _HOUR),
                SIGN_UP: RateLimit(4, _HOUR),
                RECOVERY: RateLimit(5, timedelta(minutes=20)),
                INVITE: RateLimit(3, _HOUR),
                VERIFY_CARD: RateLimit(4, timedelta(minutes=30)),
            }
        ),
        sessions=SessionPolicy(most=3, idle=timedelta(hours=12)),
    ),
    "private": Policy(private_registration=True, customer_deletion=CustomerDeletion.DELETE),
    "lax": Policy(
        email_change=EmailChange.IMMEDIATE,
        reauthentication=timedelta(0),
        customer_deletion=CustomerDeletion.KEEP,
    ),
}
"""What products decide differently. The first asks for many attempts, and never stops at one."""


class Clock(ManualClock):
    """One that a machine's owner can also put back."""

    def put_back(self, span: timedelta) -> None:
        self._now -= span


class Drawn:
    """Secrets that are known beforehand, say how many of them were drawn, and can go on from another place."""

    def __init__(self) -> None:
        self.drawn = 0

    def random_bytes(self, count: int) -> bytes:
        self.drawn += 1
        return shake_256(f"secret {self.drawn}".encode()).digest(count)


@attrs.frozen(kw_only=True)
class Environment:
    """The core on one store, and everything around it."""

    name: str
    accounts: BlockingAccounts[Any]
    clock: Clock
    gateway: MemoryGateway
    mailer: MemoryMailer
    hasher: PlainHasher
    secrets: Drawn
    dumper: Dumper


def _env(
    name: str, store: BlockingStore[Any], limits: BlockingRateLimiter, dumper: Dumper, policy: Policy
) -> Environment:
    clock, mailer, hasher, secrets = Clock(NOON), MemoryMailer(), PlainHasher(), Drawn()
    gateway = MemoryGateway(clock, SequenceSecrets())
    accounts = BlockingAccounts(
        mail_dispatch=MailDispatch.WORKER,
        store=store,
        payments=gateway,
        passwords=hasher,
        mailer=mailer,
        clock=clock,
        secrets=secrets,
        policy=policy,
        limits=limits,
        profile_type=CUSTOMER,
    )
    return Environment(
        name=name,
        accounts=accounts,
        clock=clock,
        gateway=gateway,
        mailer=mailer,
        hasher=hasher,
        secrets=secrets,
        dumper=dumper,
    )


@attrs.frozen
class Databases:
    """A migrated database of each kind, and a connection beside the adapter's to look into it."""

    sqlite: sa.Engine
    postgres: sa.Engine
    _beside_sqlite: sqlite3.Connection
    _beside_postgres: "psycopg.Connection[Row]"

    def envs(self, policy: Policy) -> tuple[Environment, Environment, Environment]:
        """Make three new environments. Those made before are over."""
        self._clear()
        store, limits = MemoryStore(), MemoryRateLimiter()
        postgres = PostgresDumper(self._beside_postgres)
        postgres.renumber(Numbering())
        return (
            _env(MEMORY, store, limits, MemoryDumper(store, limits), policy),
            _env(SQLITE, SqlStore(self.sqlite), SqlRateLimiter(self.sqlite), SqliteDumper(self._beside_sqlite), policy),
            _env(POSTGRES, SqlStore(self.postgres), SqlRateLimiter(self.postgres), postgres, policy),
        )

    def _clear(self) -> None:
        """Remove every row: of few rows DELETE is quicker than TRUNCATE, which makes a new file for every table."""
        tables = [table.name for table in reversed(metadata.sorted_tables)]
        self._beside_postgres.execute("; ".join(f"DELETE FROM {name}" for name in tables).encode())
        self._beside_sqlite.executescript(
            "; ".join(
                f"DELETE FROM {name}" for name in (*tables, *(each.name for each in sqlite_metadata.tables.values()))
            )
        )


@contextmanager
def opened() -> Iterator[Databases]:
    """Start what it takes, and leave nothing behind."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="accounts-lockstep-")))
        server = stack.enter_context(serving_postgres())
        url = server.create_database()
        stack.callback(server.drop_database, url)
        file = folder / "accounts.db"
        sqlite, postgres = (hurried(create_engine(each)) for each in (f"sqlite:///{file}", url))
        for engine in (sqlite, postgres):
            stack.callback(engine.dispose)
            migrate(engine)
        beside_sqlite = sqlite3.connect(file, isolation_level=None)
        stack.callback(beside_sqlite.close)
        beside_sqlite.execute("PRAGMA synchronous=OFF")
        beside_postgres = psycopg.connect(url, autocommit=True)
        stack.callback(beside_postgres.close)
        yield Databases(sqlite, postgres, beside_sqlite, beside_postgres)
