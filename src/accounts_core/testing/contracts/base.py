import pytest

from accounts_core.testing.harness import AnyStore, MakeStore


@pytest.mark.usefixtures("drive")
class Contract:
    """Base of every suite. Its tests are coroutines, run by the fixture `drive`."""


class StoreContract(Contract):
    """Base of the suites of a store. An adapter provides `make_store`."""

    @pytest.fixture
    def store(self, make_store: MakeStore) -> AnyStore:
        """Return a store over an empty database, without subscribers."""
        return make_store()
