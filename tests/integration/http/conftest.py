from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from shutil import copyfile

import attrs
import pytest
import sqlalchemy as sa
from tests.integration.http.client import Client, Run
from tests.integration.http.service import (
    Populated,
    Service,
    Stored,
    event_loop,
    in_database,
    in_memory,
    populate,
    serving,
)
from tests.integration.postgres import PostgresServer

from accounts_sql import create_engine, migrate
from accounts_sql.tables import counters, metadata

STORES = ["memory", "sqlite", "postgresql"]
FAST_STORES = ["memory", *(pytest.param(kind, marks=pytest.mark.long) for kind in ("sqlite", "postgresql", "fastapi"))]
"""For tests that need any service. `make long` has the databases, and FastAPI in place of Litestar."""

OpenStore = Callable[[str, Run], AbstractContextManager[Stored]]


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a database with the accounts' tables, which tests share one after the other."""
    url = postgres_server.create_database()
    migrate(url)
    yield url
    postgres_server.drop_database(url)


def emptied(url: str) -> str:
    """Empty a database, as one of its own would be for each test, only faster."""
    engine = create_engine(url)
    with engine.begin() as connection:
        names = ", ".join(table.name for table in metadata.sorted_tables if table.name != counters.name)
        connection.execute(sa.text(f"TRUNCATE {names}"))
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def open_store(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> OpenStore:
    """Open an empty store of a kind."""
    template = tmp_path_factory.mktemp("template") / "accounts.db"
    migrate(f"sqlite:///{template}")

    def open_store(kind: str, run: Run) -> AbstractContextManager[Stored]:
        match kind:
            case "memory":
                return nullcontext(in_memory())
            case "fastapi":
                return nullcontext(attrs.evolve(in_memory(), on_fastapi=True))
            case "sqlite":
                file = tmp_path_factory.mktemp("sqlite") / "accounts.db"
                copyfile(template, file)
                return in_database(run, f"sqlite:///{file}")
            case "postgresql":
                return in_database(run, emptied(request.getfixturevalue("migrated_postgres")))
            case _:
                raise AssertionError(kind)

    return open_store


@pytest.fixture
def run() -> Iterator[Run]:
    with event_loop() as run:
        yield run


@pytest.fixture(params=FAST_STORES)
def service(request: pytest.FixtureRequest, run: Run, open_store: OpenStore) -> Iterator[Service]:
    """A service over an empty store."""
    with open_store(request.param, run) as stored, serving(run, stored) as service:
        yield service


@pytest.fixture
def api(service: Service) -> Client:
    """Somebody without a token."""
    return service.api


@pytest.fixture(scope="module", params=FAST_STORES)
def populated(request: pytest.FixtureRequest, open_store: OpenStore) -> Iterator[Populated]:
    """A service in which Jane has one of everything, for tests that change nothing."""
    with ExitStack() as stack:
        run = stack.enter_context(event_loop())
        stored = stack.enter_context(open_store(request.param, run))
        yield populate(stack.enter_context(serving(run, stored)))
