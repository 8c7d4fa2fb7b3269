"""A service that is killed over and over loses nothing that it acknowledged, and leaves nothing half done."""

from typing import Final

from tests.chaos.killing import kill_over_and_over
from tests.chaos.services import Programs
from tests.integration.processes.programs import StripeServer

KILLS: Final = 6
SEED: Final = 1


def test_a_service_that_is_killed_at_random_moments_keeps_what_it_acknowledged(
    programs: Programs, stripe: StripeServer, database_url: str
) -> None:
    killing = kill_over_and_over(programs, stripe, database_url, kills=KILLS, seed=SEED)

    journal = killing.env.journal
    assert journal.violations == []
    assert journal.acknowledged.total() > 0, "nothing was acknowledged: this run shows nothing"
    assert journal.settled > 0, "no kill met a write: this run shows little"
