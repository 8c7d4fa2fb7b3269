"""PostgreSQL itself is lost under a service: nothing that was acknowledged is, and the service goes on by itself."""

from typing import Final

from tests.chaos.cluster import following, running_cluster, server_folder, url_of_either
from tests.chaos.disasters import database_killed, primary_lost, under_load
from tests.chaos.services import Programs
from tests.integration.processes.programs import StripeServer

KILLS: Final = 2
SEED: Final = 1


def test_a_service_outlives_its_database_and_answers_503_meanwhile(programs: Programs, stripe: StripeServer) -> None:
    with server_folder() as folder, running_cluster(folder) as cluster:
        assert cluster.execute("SHOW fsync") == [("on",)]
        disaster = database_killed(cluster, kills=KILLS)
        world = under_load(programs, stripe, cluster.create_database(), disaster, seed=SEED)

    assert world.journal.violations == []
    assert world.journal.unavailable > 0
    assert world.journal.acknowledged.total() > 0


def test_a_synchronous_standby_that_is_promoted_has_all_that_was_acknowledged(
    programs: Programs, stripe: StripeServer
) -> None:
    with (
        server_folder() as folder,
        server_folder() as other,
        running_cluster(folder) as primary,
        following(primary, other) as standby,
    ):
        url = url_of_either(primary.create_database(), standby)
        world = under_load(programs, stripe, url, primary_lost(primary, standby), seed=SEED)

    assert world.journal.violations == []
    assert world.journal.unavailable > 0
    assert world.journal.acknowledged.total() > 0
