"""A PostgreSQL server for the few tests here that need one."""

from collections.abc import Iterator

import pytest
from tests.integration.postgres import PostgresServer, serving_postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with serving_postgres() as server:
        yield server
