"""Each test that asks for `backend` runs on every driver, on an empty database, and may leave nothing behind."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

import pytest
from tests.integration.sql.backends import AIOSQLITE, ASYNCPG, BACKENDS, SQLITE, AnySqlStore, Backend, opened

from accounts_core.testing.harness import Concurrently, Drive


@pytest.fixture(scope="package")
def backends(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator["dict[str, Backend]"]:
    """Those that were asked for so far, open; closed at the end."""
    with ExitStack() as stack:
        yield _Opened(stack, tmp_path_factory, request)


class _Opened(dict[str, Backend]):
    def __init__(self, stack: ExitStack, folders: pytest.TempPathFactory, request: pytest.FixtureRequest) -> None:
        self._stack, self._folders, self._request = stack, folders, request

    def __missing__(self, driver: str) -> Backend:
        if driver in {SQLITE, AIOSQLITE}:
            url = f"sqlite:///{self._folders.mktemp(driver)}/accounts.db"
        else:
            url = self._request.getfixturevalue("postgres_server").create_database()
        self[driver] = self._stack.enter_context(opened(driver, url))
        return self[driver]


FAST: Final = {SQLITE, ASYNCPG}
"""One driver of each database and of each kind; the other two are left to `make long`."""


@pytest.fixture(params=[each if each in FAST else pytest.param(each, marks=pytest.mark.long) for each in BACKENDS])
def backend(request: pytest.FixtureRequest, backends: "dict[str, Backend]") -> Iterator[Backend]:
    """One of the four, on an empty database."""
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
def store(backend: Backend) -> AnySqlStore:
    return backend.store()
