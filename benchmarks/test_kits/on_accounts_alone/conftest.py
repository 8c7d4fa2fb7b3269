import pytest
from host import Customer

from accounts_profiles import profile_type

pytest_plugins = ["accounts_pytest"]


@pytest.fixture(scope="session")
def accounts_profile_type():
    return profile_type(Customer)
