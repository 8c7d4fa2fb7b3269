import pytest
from host import Customer, create_app
from litestar.testing import TestClient

from accounts_profiles import profile_type

pytest_plugins = ["accounts_pytest"]


@pytest.fixture(scope="session")
def accounts_profile_type():
    return profile_type(Customer)


@pytest.fixture
def client(async_accounts):
    with TestClient(create_app(async_accounts)) as client:
        yield client
