"""Each test runs on every driver, the two of which only a host makes engines included."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.integration.postgres import serving_postgres
from tests.integration.sql.backends import (
    AIOSQLITE,
    ASYNCPG,
    PSYCOPG,
    PSYCOPG2,
    PSYCOPG_ASYNC,
    SQLITE,
    Backend,
    opened,
)

from accounts_core.ports.rate_limiter import RateLimiter
from accounts_core.testing.harness import Concurrently, Drive, MakeStore

DRIVERS = (SQLITE, AIOSQLITE, PSYCOPG, PSYCOPG_ASYNC, ASYNCPG, PSYCOPG2)


@pytest.fixture(scope="session")
def backends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Backend]]:
    with ExitStack() as stack:
        server = stack.enter_context(serving_postgres())
        urls = {
            driver: f"sqlite:///{tmp_path_factory.mktemp(driver)}/accounts.db"
            if driver in {SQLITE, AIOSQLITE}
            else server.create_database()
            for driver in DRIVERS
        }
        yield {driver: stack.enter_context(opened(driver, url)) for driver, url in urls.items()}


@pytest.fixture(params=DRIVERS)
def backend(request: pytest.FixtureRequest, backends: dict[str, Backend]) -> Iterator[Backend]:
    backend = backends[request.param]
    backend.clear()
    yield backend
    backend.check()


@pytest.fixture
def drive(backend: Backend) -> Drive:
    return backend.drive


@pytest.fixture
def concurrently(backend: Backend) -> Concurrently:
    return backend.concurrently


@pytest.fixture
def make_store(backend: Backend) -> MakeStore:
    return backend.store


@pytest.fixture
def limits(backend: Backend) -> RateLimiter:
    return backend.limits()
