"""Servers for every integration test that asks for one."""

from collections.abc import Iterator

import pytest
from tests.integration.postgres import PostgresServer, serving_postgres
from tests.integration.redis_server import RedisServer, serving_redis, shared_redis

from accounts_redis import RedisUrl


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server."""
    with serving_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a database of its own, empty, without the accounts' tables."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[RedisUrl]:
    """The URL of a Redis server that tests share; each keeps to a prefix of its own."""
    with shared_redis() as url:
        yield url


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A Redis server of the test's own, to be broken; ask for it with the marker `needs_a_server_of_its_own`."""
    with serving_redis() as server:
        yield server
