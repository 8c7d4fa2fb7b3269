from collections.abc import Iterator, Sequence

import pytest
from bookings import Bookings, BookingsOfUser, bookings, metadata

from accounts_core import BlockingAccounts
from accounts_pytest import AccountsDatabase

pytest_plugins = ["accounts_pytest"]


@pytest.fixture(scope="session")
def accounts_database_url() -> str:
    return "sqlite://"


@pytest.fixture
def accounts(accounts_on_database: BlockingAccounts) -> BlockingAccounts:
    return accounts_on_database


@pytest.fixture
def accounts_owned_data() -> Sequence[BookingsOfUser]:
    return [BookingsOfUser()]


@pytest.fixture
def application(accounts_database_cleaned: AccountsDatabase, accounts: BlockingAccounts) -> Iterator[Bookings]:
    engine = accounts_database_cleaned.engine
    metadata.create_all(engine)
    yield Bookings(engine, accounts)
    with engine.begin() as connection:
        connection.execute(bookings.delete())
