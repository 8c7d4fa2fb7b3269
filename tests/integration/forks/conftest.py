from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from tests.integration.forks.drivers import Backend, opened
from tests.integration.postgres import PostgresServer

Open: TypeAlias = Callable[..., Backend]


@pytest.fixture
def open_backend(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Open the accounts on a driver, on a database of their own."""
    with ExitStack() as stack:

        def open_one(driver: str, **options: Any) -> Backend:
            if "sqlite" in driver:
                return stack.enter_context(opened(driver, f"sqlite:///{tmp_path}/accounts.db", **options))
            server: PostgresServer = request.getfixturevalue("postgres_server")
            url = server.create_database()
            stack.callback(server.drop_database, url)
            return stack.enter_context(opened(driver, url, **options))

        yield open_one
