import pytest

from accounts_core.testing.harness import AnyStore, MakeStore


@pytest.mark.usefixtures("drive")
class Contract:
    """The base of every suite: its tests are coroutines, run by the fixture `drive`."""


class StoreContract(Contract):
    """The base of a store's rooms. An adapter gives `make_store`."""

    @pytest.fixture
    def store(self, make_store: MakeStore) -> AnyStore:
        """A store over an empty database, without subscribers."""
        return make_store()
