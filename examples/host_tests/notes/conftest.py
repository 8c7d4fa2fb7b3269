from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from notes import create_app

from accounts_core import Accounts

pytest_plugins = ["accounts_pytest"]


@pytest.fixture
def client(async_accounts: Accounts) -> Iterator[TestClient[Litestar]]:
    with TestClient(create_app(async_accounts)) as client:
        yield client
