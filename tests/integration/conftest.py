"""Databases for every integration test that asks for one."""

from collections.abc import Iterator

import pytest
from tests.integration.postgres import PostgresServer, serving_postgres


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
