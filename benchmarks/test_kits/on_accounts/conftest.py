import pytest
from host import create_app
from litestar.testing import TestClient

pytest_plugins = ["accounts_pytest"]


@pytest.fixture
def client(async_accounts):
    with TestClient(create_app(async_accounts)) as client:
        yield client
