"""The store in memory: it is the reference that the databases are compared with."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import ONLY_CARD, memory_contract, race

_MEMORY: Final = "adapters/accounts_memory"

MEMORY: Final = (
    Mutant(
        name="memory: a lock that locks nothing",
        file=f"{_MEMORY}/users.py",
        old="        if lock:\n            users.lock(id)\n",
        new="",
        check=ONLY_CARD,
    ),
    Mutant(
        name="memory: a row changed by somebody else meanwhile is overwritten",
        file=f"{_MEMORY}/tables.py",
        old="                if live.get(key) is not self.base.get(key):\n",
        new="                if live.get(key) is None and self.base.get(key) is not None:\n",
        check=race("renaming"),
    ),
    Mutant(
        name="memory: a stale user is saved over a newer one",
        file=f"{_MEMORY}/users.py",
        old="        if stored is None or stored.version != user.version:",
        new="        if stored is None:",
        check=memory_contract("TestUsers::test_a_stale_save_is_a_conflict_and_changes_nothing"),
    ),
    Mutant(
        name="memory: a claim that keeps nobody away",
        file=f"{_MEMORY}/outbox.py",
        old="attrs.evolve(job, lease=lease, due=until, attempts=job.attempts + 1)",
        new="attrs.evolve(job, lease=lease, attempts=job.attempts + 1)",
        check=memory_contract("TestOutbox::test_a_leased_job_is_claimed_by_nobody_until_the_lease_ends"),
    ),
    Mutant(
        name="memory: a job that is ended by somebody whose lease is over",
        file=f"{_MEMORY}/outbox.py",
        old="        if stored is None or stored.lease is None or stored.lease != job.lease:",
        new="        if stored is None:",
        check=memory_contract("TestOutbox::test_whoever_lost_the_lease_can_no_longer_end_the_job[done]"),
    ),
    Mutant(
        name="memory: an event that is new each time it comes",
        file=f"{_MEMORY}/provider_events.py",
        old="            return False\n",
        new="            return True\n",
        check=memory_contract("TestProviderEvents::test_an_event_is_new_once"),
    ),
    Mutant(
        name="memory: the newest sessions end, not the oldest",
        file=f"{_MEMORY}/sessions.py",
        old='        for session in sorted(sessions.find("user_id", user_id), key=_time_and_id, reverse=True)[keep:]:',
        new='        for session in sorted(sessions.find("user_id", user_id), key=_time_and_id)[keep:]:',
        check=memory_contract("TestSessions::test_the_oldest_beyond_a_number_end"),
    ),
)
