"""PostgreSQL itself is killed under a service: nothing that was acknowledged is lost, and the service goes on alone."""

from typing import Final

from tests.chaos.cluster import running_cluster, server_folder
from tests.chaos.killing import kill_the_database
from tests.chaos.services import Programs
from tests.integration.processes.programs import StripeServer

KILLS: Final = 2
SEED: Final = 1


def test_a_service_outlives_its_database_and_answers_503_meanwhile(programs: Programs, stripe: StripeServer) -> None:
    with server_folder() as folder, running_cluster(folder) as cluster:
        assert cluster.execute("SHOW fsync") == [("on",)]
        world = kill_the_database(programs, stripe, cluster, kills=KILLS, seed=SEED)

    journal = world.journal
    assert journal.violations == []
    assert journal.unavailable > 0
    assert journal.acknowledged.total() > 0
