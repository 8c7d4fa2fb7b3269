import pytest
from seats import Seats

from accounts_core import BlockingAccounts

pytest_plugins = ["accounts_pytest"]


@pytest.fixture
def seats(accounts: BlockingAccounts) -> Seats:
    return Seats(accounts)
