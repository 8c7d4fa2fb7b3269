import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chaos.cluster import Cluster, running_cluster, server_folder
from tests.chaos.services import ForkServer, Programs, running_fork_server
from tests.integration.processes.programs import StripeServer


@pytest.fixture(scope="session", autouse=True)
def _on_linux() -> None:
    if sys.platform != "linux":
        pytest.skip("needs Linux: what processes there are is read from /proc")


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    with running_fork_server() as server:
        yield server


@pytest.fixture
def programs(tmp_path: Path, fork_server: ForkServer) -> Iterator[Programs]:
    """Starts programs in an empty folder and without settings; what still runs at the end is killed."""
    programs = Programs(tmp_path, fork_server)
    yield programs
    programs.end()


@pytest.fixture
def stripe(programs: Programs) -> Iterator[StripeServer]:
    """A Stripe simulator that runs as a server and keeps its state in a file."""
    with StripeServer.at(programs.start("stripe-simulator", "--port", "0").wait_until_it_listens()) as server:
        yield server


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A durable PostgreSQL server that nobody harms."""
    with server_folder() as folder, running_cluster(folder) as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/accounts.db"
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.create_database()
