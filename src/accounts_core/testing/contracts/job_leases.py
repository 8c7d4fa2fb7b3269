import attrs
import pytest

from accounts_core.errors import Conflict, LeaseLost
from accounts_core.model.outbox import OutboxJob
from accounts_core.testing.builders import NOON, a_job, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.contracts.outbox import claim, end, find
from accounts_core.testing.harness import AnyStore, Concurrently, failures, keep, read_back

WAYS_TO_END = ["done", "put off", "parked"]


class JobLeasesContract(StoreContract):
    """`Outbox`: a job is held by one worker until its lease expires."""

    async def test_a_leased_job_is_claimed_by_nobody_until_the_lease_ends(self, store: AnyStore) -> None:
        await keep(store, a_job())
        (first,) = await claim(store, until=at(5), lease="lse_1")

        assert await read_back(store, lambda s: s.outbox.any_due(now=at(4))) is False
        assert list(await claim(store, now=at(4), lease="lse_2")) == []
        (second,) = await claim(store, now=at(5), until=at(9), lease="lse_2")

        assert second == attrs.evolve(first, lease="lse_2", attempts=2, due=at(9))

    @pytest.mark.parametrize("how", WAYS_TO_END)
    async def test_a_worker_that_lost_the_lease_can_no_longer_end_the_job(self, store: AnyStore, how: str) -> None:
        await keep(store, a_job())
        (late,) = await claim(store, until=at(5), lease="lse_1")
        (held,) = await claim(store, now=at(5), until=at(9), lease="lse_2")

        with pytest.raises(LeaseLost):
            await end(store, late, how)

        assert await find(store, "job_1") == held
        await end(store, held, how)

    @pytest.mark.parametrize("how", WAYS_TO_END)
    async def test_a_job_that_was_done_cannot_be_ended_again(self, store: AnyStore, how: str) -> None:
        await keep(store, a_job())
        (job,) = await claim(store)
        await end(store, job, "done")

        with pytest.raises(LeaseLost):
            await end(store, job, how)

        assert await find(store, "job_1") is None

    @pytest.mark.parametrize("how", WAYS_TO_END)
    async def test_a_rescheduled_job_cannot_be_ended_without_a_lease(self, store: AnyStore, how: str) -> None:
        await keep(store, a_job())
        (job,) = await claim(store)
        await end(store, job, "put off")

        with pytest.raises(LeaseLost):
            await end(store, job, how)

        assert await find(store, "job_1") == a_job(attempts=1, due=at(60))

    @pytest.mark.parametrize("how", WAYS_TO_END)
    async def test_a_job_without_a_lease_cannot_be_ended(self, store: AnyStore, how: str) -> None:
        await keep(store, a_job())

        with pytest.raises(LeaseLost):
            await end(store, a_job(), how)

        assert await find(store, "job_1") == a_job()

    async def test_a_claim_that_is_rolled_back_leaves_the_job_as_it_was(self, store: AnyStore) -> None:
        await keep(store, a_job())
        with pytest.raises(ZeroDivisionError):
            async with store.begin() as work:
                assert len(await work.outbox.claim(now=NOON, until=at(5), lease="lse_1", limit=1)) == 1
                raise ZeroDivisionError

        assert await find(store, "job_1") == a_job()

    async def test_workers_at_once_never_get_the_same_job(self, store: AnyStore, concurrently: Concurrently) -> None:
        await keep(store, *[a_job(f"job_{n}", due=at(-n)) for n in range(12)])
        leases = iter(["lse_0", "lse_1", "lse_2", "lse_3"])

        async def work() -> list[OutboxJob]:
            lease, mine = next(leases), list[OutboxJob]()
            while await _any_due(store):
                try:
                    mine += await claim(store, until=at(60), lease=lease, limit=2)
                except Conflict:
                    continue
            return mine

        outcomes = await concurrently(*[work] * 4)

        assert failures(outcomes) == []
        claimed = [job for jobs in outcomes for job in jobs]
        assert sorted(job.id for job in claimed) == sorted(f"job_{n}" for n in range(12))
        assert {job.attempts for job in claimed} == {1}
        for job in claimed:
            assert await find(store, job.id) == job


async def _any_due(store: AnyStore) -> bool:
    async with store.reader() as reader:
        return await reader.outbox.any_due(now=NOON)
