from typing import Final

import pytest

from accounts_core.testing.harness import AnyStore, MakeStore

PLUGIN: Final = "accounts_core.testing.plugin"


@pytest.mark.usefixtures("drive")
class Contract:
    """Base of every suite. Its tests are coroutines, run by the fixture `drive`."""

    @pytest.fixture(autouse=True)
    def _plugin(self, request: pytest.FixtureRequest) -> None:
        """Fail with the line that is missing, where the plugin is."""
        if request.config.pluginmanager.has_plugin(PLUGIN):
            return
        try:
            request.getfixturevalue("drive")
        except pytest.FixtureLookupError:
            pytest.fail(
                "The contract suites need their pytest plugin. Add this line to the top-level conftest.py, or to the"
                f' test module: pytest_plugins = ["{PLUGIN}"]',
                pytrace=False,
            )


class StoreContract(Contract):
    """Base of the suites of a store. An adapter provides `make_store`."""

    @pytest.fixture
    def store(self, make_store: MakeStore) -> AnyStore:
        """Return a store over an empty database, without subscribers."""
        return make_store()
