import attrs
import pytest

from accounts_core.errors import Conflict, LeaseLost, NotFound
from accounts_core.model.outbox import OutboxJob
from accounts_core.testing.builders import NOON, a_job, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.contracts.outbox import claim, end, find
from accounts_core.testing.harness import AnyStore, Concurrently, failures, keep, read_back

DEAD_LETTERED = a_job(attempts=7, dead_lettered_at=at(1), last_error="it keeps failing")


async def retry(store: AnyStore, id: str, *, minutes: float = 90) -> None:
    async with store.begin() as work:
        await work.outbox.retry(id, now=at(minutes))


async def listed(store: AnyStore, limit: int = 9) -> list[OutboxJob]:
    return list(await read_back(store, lambda s: s.outbox.list(limit=limit)))


class DeadLettersContract(StoreContract):
    """`Outbox` and `OutboxReader`: dead letters, and their listing and retry by an operator."""

    async def test_a_dead_letter_has_no_lease_and_has_its_time_and_error(self, store: AnyStore) -> None:
        await keep(store, a_job())
        (job,) = await claim(store, until=at(5))
        async with store.begin() as work:
            await work.outbox.dead_letter(job, at=at(2), error="no such customer")
            inside = await work.outbox.find("job_1")

        parked = await find(store, "job_1")

        assert parked == inside
        assert parked == attrs.evolve(job, lease=None, dead_lettered_at=at(2), last_error="no such customer")

    async def test_a_dead_letter_is_never_due_and_never_claimed(self, store: AnyStore) -> None:
        await keep(store, DEAD_LETTERED)
        much_later = at(10**6)

        assert await read_back(store, lambda s: s.outbox.any_due(now=much_later)) is False
        assert list(await claim(store, now=much_later)) == []
        assert await find(store, "job_1") == DEAD_LETTERED

    async def test_dead_letters_take_no_place_in_a_claim(self, store: AnyStore) -> None:
        parked = [a_job(f"job_parked_{n}", due=at(-100), dead_lettered_at=NOON) for n in range(5)]
        await keep(store, *parked, a_job("job_1", due=at(-2)), a_job("job_2", due=at(-1)))

        assert await read_back(store, lambda s: s.outbox.any_due(now=NOON)) is True
        assert [job.id for job in await claim(store, limit=2)] == ["job_1", "job_2"]

    async def test_a_dead_letter_that_is_retried_is_due_now_with_no_attempts_counted(self, store: AnyStore) -> None:
        other = attrs.evolve(DEAD_LETTERED, id="job_2")
        await keep(store, DEAD_LETTERED, other)

        await retry(store, "job_1", minutes=90)

        assert await find(store, "job_1") == a_job(due=at(90), last_error="it keeps failing")
        assert await find(store, "job_2") == other
        assert list(await claim(store, now=at(89))) == []
        assert [(job.id, job.attempts) for job in await claim(store, now=at(90))] == [("job_1", 1)]

    async def test_a_job_that_waits_can_be_retried_before_its_time(self, store: AnyStore) -> None:
        await keep(store, a_job(due=at(600), attempts=4))

        await retry(store, "job_1", minutes=10)

        assert await find(store, "job_1") == a_job(due=at(10))

    @pytest.mark.parametrize("how", ["done", "put off", "parked"])
    async def test_a_job_that_is_retried_while_somebody_holds_it_is_theirs_no_longer(
        self, store: AnyStore, how: str
    ) -> None:
        await keep(store, a_job())
        (held,) = await claim(store, until=at(5))

        await retry(store, "job_1", minutes=1)

        with pytest.raises(LeaseLost):
            await end(store, held, how)
        assert await find(store, "job_1") == a_job(due=at(1))

    async def test_retrying_a_job_that_is_not_there_is_not_found(self, store: AnyStore) -> None:
        await keep(store, DEAD_LETTERED)

        for unknown in ("job_2", "", "job_1\0"):
            with pytest.raises(NotFound):
                await retry(store, unknown)

        assert await find(store, "job_1") == DEAD_LETTERED

    async def test_a_dead_letter_can_be_deleted(self, store: AnyStore) -> None:
        await keep(store, DEAD_LETTERED)
        async with store.begin() as work:
            await work.outbox.delete("job_1")

        assert await find(store, "job_1") is None

    async def test_dead_lettering_and_retrying_are_rolled_back_with_their_unit(self, store: AnyStore) -> None:
        await keep(store, DEAD_LETTERED, a_job("job_2"))
        (held,) = await claim(store)
        with pytest.raises(ZeroDivisionError):
            async with store.begin() as work:
                await work.outbox.retry("job_1", now=at(90))
                await work.outbox.dead_letter(held, at=at(90), error="it keeps failing")
                raise ZeroDivisionError

        assert await find(store, "job_1") == DEAD_LETTERED
        assert await find(store, "job_2") == held

    async def test_dead_letters_are_listed_first_then_by_due_then_by_id(self, store: AnyStore) -> None:
        in_order = [
            a_job("job_f", due=at(-5), dead_lettered_at=at(9)),
            a_job("job_b", due=at(50), dead_lettered_at=at(2)),
            a_job("job_e", due=at(50), dead_lettered_at=at(1)),
            a_job("job_d", due=at(-9)),
            a_job("job_a", due=at(3), lease="lse_1", attempts=1),
            a_job("job_c", due=at(3)),
        ]
        await keep(store, *sorted(in_order, key=lambda job: job.id))

        assert await listed(store) == in_order
        assert await listed(store, limit=4) == in_order[:4]
        assert await listed(store, limit=1) == in_order[:1]

    async def test_an_empty_outbox_lists_nothing(self, store: AnyStore) -> None:
        assert await listed(store) == []

    async def test_of_a_retry_and_the_holders_end_at_once_no_job_is_lost_in_between(
        self, store: AnyStore, concurrently: Concurrently
    ) -> None:
        """Accept either order; if the retry was first, the job is due although its holder tries to end it."""
        await keep(store, a_job())
        (held,) = await claim(store, until=at(5))

        retried, parked = await concurrently(lambda: retry(store, "job_1"), lambda: end(store, held, "parked"))

        assert {type(error) for error in failures([retried])} <= {Conflict}
        assert {type(error) for error in failures([parked])} <= {Conflict, LeaseLost}
        assert None in (retried, parked)
        job = await find(store, "job_1")
        assert job is not None
        assert job.lease is None
        assert (job.dead_lettered_at is None, job.attempts) == ((True, 0) if retried is None else (False, 1))
