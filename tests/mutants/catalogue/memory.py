"""The store in memory: it is the reference that the databases are compared with."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import ONLY_CARD, memory_contract, race

_MEMORY: Final = "adapters/accounts_memory"

MEMORY: Final = (
    Mutant(
        name="memory: a lock that locks nothing",
        at="adapters/accounts_memory/users.py::MemoryUsers.get",
        old=("if lock:\n    users.lock(id)"),
        new="",
        check=ONLY_CARD,
    ),
    Mutant(
        name="memory: a row changed by somebody else meanwhile is overwritten",
        at="adapters/accounts_memory/tables.py::Staged.commit_onto",
        old="live.get(key) is not self.base.get(key)",
        new="live.get(key) is None and self.base.get(key) is not None",
        check=race("renaming"),
    ),
    Mutant(
        name="memory: a stale user is saved over a newer one",
        at="adapters/accounts_memory/users.py::MemoryUsers.save",
        old="stored is None or stored.version != user.version",
        new="stored is None",
        check=memory_contract("TestUsers::test_a_stale_save_is_a_conflict_and_changes_nothing"),
    ),
    Mutant(
        name="memory: a claim that keeps nobody away",
        at="adapters/accounts_memory/outbox.py::MemoryOutbox.claim",
        old="attrs.evolve(job, lease=lease, due=until, attempts=job.attempts + 1)",
        new="attrs.evolve(job, lease=lease, attempts=job.attempts + 1)",
        check=memory_contract("TestJobLeases::test_a_leased_job_is_claimed_by_nobody_until_the_lease_ends"),
    ),
    Mutant(
        name="memory: a job that is ended by somebody whose lease is over",
        at="adapters/accounts_memory/outbox.py::MemoryOutbox._held",
        old="stored is None or stored.lease is None or stored.lease != job.lease",
        new="stored is None",
        check=memory_contract("TestJobLeases::test_a_worker_that_lost_the_lease_can_no_longer_end_the_job[done]"),
    ),
    Mutant(
        name="memory: an event that is new each time it comes",
        at="adapters/accounts_memory/provider_events.py::MemoryProviderEvents.add",
        old="False",
        new="True",
        check=memory_contract("TestProviderEvents::test_an_event_is_new_once"),
    ),
    Mutant(
        name="memory: the newest sessions end, not the oldest",
        at="adapters/accounts_memory/sessions.py::MemorySessions.delete_oldest_for_user",
        old="sorted(sessions.find('user_id', user_id), key=_time_and_id, reverse=True)",
        new="sorted(sessions.find('user_id', user_id), key=_time_and_id)",
        check=memory_contract("TestSessions::test_the_oldest_beyond_a_number_end"),
    ),
)
