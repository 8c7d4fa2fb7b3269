"""The fixtures of accounts on a database. What needs SQLAlchemy is imported when a test asks for one."""

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from accounts_core import Accounts, BlockingAccounts

from .environment import Environment
from .kit import Facades

if TYPE_CHECKING:
    from .database import AccountsDatabase, Url


@pytest.fixture
def accounts_on_database(accounts_database_facades: Facades) -> BlockingAccounts:
    """Return accounts on the host's database, for tests without an event loop. They begin without users."""
    return accounts_database_facades.blocking


@pytest.fixture
def async_accounts_on_database(accounts_database_facades: Facades) -> Accounts:
    """Return the same accounts as `accounts_on_database`, for tests with an event loop."""
    return accounts_database_facades.asynchronous


# ---- what a host application overrides


@pytest.fixture(scope="session")
def accounts_database_url() -> "Url | None":
    """Return the URL of a database that is for tests only; by default that of `ACCOUNTS_TEST_DATABASE_URL`."""
    return os.environ.get("ACCOUNTS_TEST_DATABASE_URL")


@pytest.fixture(scope="session")
def accounts_database_tables() -> Mapping[str, str]:
    """Return `prefix` and `schema` of the tables, if they are not the default ones."""
    return {}


@pytest.fixture(scope="session")
def accounts_database_may_be_emptied() -> bool:
    """Return whether a database that has users already is emptied. By default the tests stop."""
    return False


# ---- what they are made of


@pytest.fixture(scope="session")
def accounts_database(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    accounts_database_url: "Url | None",
    accounts_database_tables: Mapping[str, str],
    accounts_database_may_be_emptied: bool,
) -> "Iterator[AccountsDatabase]":
    """Return the migrated database, of this worker of pytest-xdist if there are several."""
    try:
        from .database import NO_URL, opened
    except ModuleNotFoundError as error:
        raise pytest.UsageError(
            f"Accounts on a database need {error.name}: pip install 'accounts-core[sql]'"
        ) from error
    if not accounts_database_url:
        raise pytest.UsageError(NO_URL)
    worker: dict[str, Any] = getattr(request.config, "workerinput", {})
    with opened(
        accounts_database_url,
        worker=worker.get("workerid"),
        folder=tmp_path_factory.mktemp("accounts"),
        tables=accounts_database_tables,
        may_be_emptied=accounts_database_may_be_emptied,
    ) as database:
        yield database


@pytest.fixture
def accounts_database_cleaned(accounts_database: "AccountsDatabase") -> "Iterator[AccountsDatabase]":
    """Return the database, and delete the rows of the accounts after the test."""
    yield accounts_database
    accounts_database.empty()


@pytest.fixture
def accounts_database_facades(
    accounts_database_cleaned: "AccountsDatabase", accounts_environment: Environment
) -> Facades:
    """Return the accounts of this test on the database."""
    return accounts_environment.on_database(lambda: accounts_database_cleaned.facades(accounts_environment.parts))
