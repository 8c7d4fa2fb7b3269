"""Several processes at the same work do each thing once, a paused one included, and a dry pool turns nobody out."""

from typing import Final

import pytest
from tests.chaos.cluster import Cluster
from tests.chaos.services import ForkServer, Programs
from tests.chaos.sharing import pause_a_service, run_dry, share_the_work
from tests.integration.processes.programs import StripeServer

ANSWERS: Final = 40
ROUNDS: Final = 4
DRY_SECONDS: Final = 1.0
SEED: Final = 1


def test_two_services_and_two_workers_send_each_mail_once(
    fork_server: ForkServer, programs: Programs, stripe: StripeServer, cluster: Cluster
) -> None:
    url = cluster.create_database()

    env = share_the_work(fork_server, programs, stripe, url, answers=ANSWERS, seed=SEED)

    assert env.journal.violations == []


@pytest.mark.long
def test_a_service_that_was_paused_beyond_its_leases_changes_nothing_that_others_have_done(
    programs: Programs, stripe: StripeServer, cluster: Cluster
) -> None:
    env, _ = pause_a_service(programs, stripe, cluster.create_database(), rounds=ROUNDS, seed=SEED)

    assert env.journal.violations == []
    assert env.journal.acknowledged == {"register": 1, "login": 1, "card": 1, "team": ROUNDS}


def test_a_pool_that_has_run_dry_turns_nobody_out(programs: Programs, stripe: StripeServer, cluster: Cluster) -> None:
    env, writes, reads = run_dry(programs, stripe, cluster.create_database(), seconds=DRY_SECONDS, seed=SEED)

    assert env.journal.violations == []
    assert writes.keys() <= {200, 409, 503}
    assert reads.keys() <= {200, 503}
    assert reads[200] > 0
