from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from shutil import copyfile
from typing import Any, cast

import pytest
import sqlalchemy as sa
from tests.driven import driven
from tests.integration.conftest import postgres_server  # noqa: F401  a fixture: pytest finds it here
from tests.integration.http.conftest import emptied
from tests.integration.postgres import PostgresServer
from tests.integration.sql.backends import hurried
from tests.security.races.arena import Arena, in_threads
from tests.security.races.pool import QUICK, STRIPE_KEY, Action, Opening, Pool, Told
from tests.security.races.stripe_at_home import StripeServer, serving_stripe

from accounts_argon2 import Argon2Hasher
from accounts_core import MailDispatch
from accounts_core.accounts import BlockingAccounts
from accounts_core.model.policy import Policy
from accounts_memory import MemoryMailer, MemoryRateLimiter, MemoryStore
from accounts_sql import SqlStore, create_engine, migrate
from accounts_sql.tables import metadata
from accounts_stripe import BlockingStripeGateway
from accounts_stripe_simulator import Simulator, SimulatorHTTPClient
from accounts_system import SystemClock, SystemSecrets

STORES = ["memory", "sqlite", "postgresql"]
THREADS = 8


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    pool = Pool.start()
    yield pool
    pool.close()


@pytest.fixture(scope="session")
def stripe_server() -> Iterator[StripeServer]:
    with serving_stripe() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("template") / "accounts.db"
    migrate(f"sqlite:///{file}")
    return str(file)


@pytest.fixture(scope="session")
def raced_postgres(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database with the accounts' tables, which the races share one after the other."""
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create_database()
    migrate(url)
    yield url
    server.drop_database(url)


@pytest.fixture(params=STORES)
def arena(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, stripe_server: StripeServer
) -> Iterator[Arena]:
    """An arena with an empty store and a new provider."""
    simulator = Simulator(SystemClock(), SystemSecrets())
    stripe_server.simulator = simulator
    with ExitStack() as stack:
        stack.callback(simulator.close)
        gateway = BlockingStripeGateway.connect(STRIPE_KEY, http_client=SimulatorHTTPClient(simulator))
        if request.param == "memory":
            yield _in_memory(simulator, gateway)
            return
        if request.param == "sqlite":
            file = tmp_path_factory.mktemp("sqlite") / "accounts.db"
            copyfile(request.getfixturevalue("sqlite_template"), file)
            url = f"sqlite:///{file}"
        else:
            url = emptied(request.getfixturevalue("raced_postgres"))
        engine: sa.Engine = hurried(create_engine(url))
        stack.callback(engine.dispose)
        yield _in_database(url, engine, simulator, gateway, request.getfixturevalue("pool"), stripe_server)


def _in_memory(simulator: Simulator, gateway: BlockingStripeGateway) -> Arena:
    mails, limits = MemoryMailer(), MemoryRateLimiter()
    ports: dict[str, Any] = {
        "payments": gateway,
        "passwords": Argon2Hasher(QUICK),
        "mailer": mails,
        "clock": SystemClock(),
        "secrets": SystemSecrets(),
        "mail_dispatch": MailDispatch.WORKER,
    }
    store = MemoryStore()

    def fire(
        actions: Sequence[Action], *, policy: Policy, is_limited: bool, subscribers: tuple[Any, ...] = ()
    ) -> list[Told]:
        assert not subscribers
        racing = BlockingAccounts(store=store, policy=policy, limits=limits if is_limited else None, **ports)
        return in_threads(driven(racing), actions, THREADS)

    def rows(table: str) -> Sequence[Any]:
        return [*getattr(store._state, {"outbox": "jobs"}.get(table, table)).rows.values()]

    return Arena(
        accounts=BlockingAccounts(store=store, limits=None, **ports),
        simulator=simulator,
        mails=mails,
        is_in_memory=True,
        fire=fire,
        rows=rows,
    )


def _in_database(
    url: str,
    engine: sa.Engine,
    simulator: Simulator,
    gateway: BlockingStripeGateway,
    pool: Pool,
    stripe_server: StripeServer,
) -> Arena:
    mails = MemoryMailer()

    def fire(actions: Sequence[Action], **how: Any) -> list[Told]:
        return pool.race(Opening(database_url=url, stripe_url=stripe_server.url, **how), actions)

    def rows(table: str) -> Sequence[Any]:
        name = {"verifications": "card_verifications"}.get(table, table)
        with engine.connect() as connection:
            return cast("Sequence[Any]", connection.execute(metadata.tables[f"accounts_{name}"].select()).all())

    return Arena(
        accounts=BlockingAccounts(
            store=SqlStore(engine),
            payments=gateway,
            passwords=Argon2Hasher(QUICK),
            mailer=mails,
            clock=SystemClock(),
            secrets=SystemSecrets(),
            limits=None,
            mail_dispatch=MailDispatch.WORKER,
        ),
        simulator=simulator,
        mails=mails,
        is_in_memory=False,
        fire=fire,
        rows=rows,
    )
