"""The service in process, over each store, and `accounts serve` as a process."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.cli.conftest import starting
from tests.integration.cli.harness import Served, settings
from tests.integration.conftest import postgres_server
from tests.integration.http.conftest import api, migrated_postgres, open_store, populated, run, service
from tests.security.sockets import Address, address_of

__all__ = ["api", "migrated_postgres", "open_store", "populated", "postgres_server", "run", "service"]

PUBLIC_URL = "https://accounts.example.org"


@pytest.fixture(scope="session")
def served_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="session")
def served(served_folder: Path) -> Iterator[Served]:
    """The service as people run it, over a database of its own, with mails as files beside it."""
    with starting("serve", "--port", "0") as start:
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("ACCOUNTS_")]:
                patch.delenv(name)
            patch.chdir(served_folder)
            served = start(**settings(public_url=PUBLIC_URL))
        served.wait_for("Listening on")
        yield served
        assert served.stop() == 0


@pytest.fixture(scope="session")
def address(served: Served) -> Address:
    return address_of(served.url)
