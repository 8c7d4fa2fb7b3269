from collections.abc import Collection, Sequence
from datetime import datetime, timedelta, timezone

import pytest

from accounts_core.errors import Conflict, LeaseLost
from accounts_core.model.jobs import JOBS, JobKind, RecoveryMailJob, SecurityMailJob, VerifyCardJob, topics_of
from accounts_core.model.outbox import OutboxJob, OverdueJobs
from accounts_core.ports.outbox import Outbox
from accounts_core.testing.builders import NOON, a_job, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore, keep, read_back


async def find(store: AnyStore, id: str) -> OutboxJob | None:
    return await read_back(store, lambda s: s.outbox.find(id))


async def claim(
    store: AnyStore, *, now: datetime = NOON, until: datetime | None = None, lease: str = "lse_1", limit: int = 9
) -> Sequence[OutboxJob]:
    async with store.begin() as work:
        return await work.outbox.claim(now=now, until=until or now + timedelta(minutes=5), lease=lease, limit=limit)


async def end(store: AnyStore, job: OutboxJob, how: str) -> None:
    async with store.begin() as work:
        await _end(work.outbox, job, how)


async def _end(outbox: Outbox, job: OutboxJob, how: str) -> None:
    match how:
        case "done":
            await outbox.complete(job)
        case "put off":
            await outbox.reschedule(job, due=at(60))
        case "parked":
            await outbox.dead_letter(job, at=at(60), error="it keeps failing")
        case _:
            raise ValueError(how)


class OutboxContract(StoreContract):
    """`Outbox` and `OutboxReader`: jobs are added, claimed, rescheduled and completed."""

    async def test_a_job_comes_back_with_every_field(self, store: AnyStore) -> None:
        there = datetime(2026, 3, 1, 3, 0, 0, 777, tzinfo=timezone(timedelta(hours=-7)))
        payload = {"verification": "ver_1", "naïve": "👩‍🚀\n\\", "": ""}
        job = a_job(
            topic="host.welcome",
            payload=payload,
            created_at=there,
            due=there,
            attempts=3,
            lease="lse_1",
            dead_lettered_at=there,
            last_error="Zeile 1\n第二行 👩‍🚀 " + "e" * 5000,
        )
        await keep(store, job)

        found = await find(store, "job_1")

        assert found == job
        assert found is not None
        assert found.dead_lettered_at is not None
        assert (
            found.created_at.utcoffset() == found.due.utcoffset() == found.dead_lettered_at.utcoffset() == timedelta(0)
        )
        assert await find(store, "job_2") is None

    async def test_a_unit_sees_the_job_that_it_put(self, store: AnyStore) -> None:
        async with store.begin() as work:
            await work.outbox.add(a_job())

            assert await work.outbox.find("job_1") == a_job()
            assert await work.outbox.any_due(now=NOON) is True

    async def test_a_second_job_with_one_id_is_a_conflict(self, store: AnyStore) -> None:
        await keep(store, a_job())

        with pytest.raises(Conflict):
            await keep(store, a_job(topic="host.other"))

        assert await find(store, "job_1") == a_job()

    async def test_a_claimed_job_has_its_lease_one_more_attempt_and_is_due_when_the_lease_ends(
        self, store: AnyStore
    ) -> None:
        await keep(store, a_job(attempts=2))

        claimed = await claim(store, until=at(5), lease="lse_1")

        assert list(claimed) == [a_job(attempts=3, lease="lse_1", due=at(5))]
        assert await find(store, "job_1") == claimed[0]

    async def test_the_longest_due_are_claimed_first_and_no_more_than_the_limit(self, store: AnyStore) -> None:
        await keep(store, *[a_job(f"job_{n}", due=at(-n)) for n in (2, 4, 1, 3)])

        assert [job.id for job in await claim(store, limit=3)] == ["job_4", "job_3", "job_2"]
        assert [job.id for job in await claim(store, limit=3)] == ["job_1"]
        assert list(await claim(store, limit=3)) == []

    async def test_a_job_is_due_from_its_moment_on_and_not_before(self, store: AnyStore) -> None:
        await keep(store, a_job(due=at(1)))
        a_microsecond_early = at(1) - timedelta(microseconds=1)

        assert await read_back(store, lambda s: s.outbox.any_due(now=a_microsecond_early)) is False
        assert list(await claim(store, now=a_microsecond_early)) == []
        assert await read_back(store, lambda s: s.outbox.any_due(now=at(1))) is True
        assert [job.id for job in await claim(store, now=at(1))] == ["job_1"]

    async def test_an_empty_outbox_has_nothing_due(self, store: AnyStore) -> None:
        assert await read_back(store, lambda s: s.outbox.any_due(now=at(10**6))) is False
        assert list(await claim(store)) == []

    async def test_a_job_that_is_done_is_gone(self, store: AnyStore) -> None:
        await keep(store, a_job("job_1"), a_job("job_2", due=at(1)))
        (job,) = await claim(store)

        async with store.begin() as work:
            await work.outbox.complete(job)

            assert await work.outbox.find("job_1") is None

        assert await find(store, "job_1") is None
        assert await find(store, "job_2") == a_job("job_2", due=at(1))

    @pytest.mark.parametrize("error", ["ConnectionError: no route to the provider 🛰", None])
    async def test_why_a_job_was_put_off_is_noted_over_what_was_noted_before(
        self, store: AnyStore, error: str | None
    ) -> None:
        await keep(store, a_job(last_error="what failed the last time"))
        (job,) = await claim(store)
        assert job.last_error == "what failed the last time"
        async with store.begin() as work:
            await work.outbox.reschedule(job, due=at(30), error=error)

        assert await find(store, "job_1") == a_job(attempts=1, due=at(30), last_error=error)

    async def test_a_job_put_off_is_free_and_due_again_then(self, store: AnyStore) -> None:
        await keep(store, a_job())
        (job,) = await claim(store)
        async with store.begin() as work:
            await work.outbox.reschedule(job, due=at(30))

        assert await find(store, "job_1") == a_job(attempts=1, due=at(30))
        assert list(await claim(store, now=at(29))) == []
        assert [job.attempts for job in await claim(store, now=at(30))] == [2]

    @pytest.mark.parametrize("lease", [None, "lse_1"], ids=["free", "leased"])
    async def test_a_deleted_job_is_gone_leased_or_not(self, store: AnyStore, lease: str | None) -> None:
        await keep(store, a_job("job_1", lease=lease, due=at(5)), a_job("job_2"))

        for _ in range(2):
            async with store.begin() as work:
                await work.outbox.delete("job_1")

                assert await work.outbox.find("job_1") is None

        assert await find(store, "job_1") is None
        assert await find(store, "job_2") == a_job("job_2")

    async def test_a_job_can_take_the_place_of_one_that_is_removed_in_the_same_unit(self, store: AnyStore) -> None:
        await keep(store, a_job())
        (held,) = await claim(store)
        another = a_job(payload={"verification": "ver_9"}, due=at(60))
        async with store.begin() as work:
            await work.outbox.delete("job_1")
            await work.outbox.add(another)

        with pytest.raises(LeaseLost):
            await end(store, held, "done")
        assert await find(store, "job_1") == another

    async def test_a_job_is_there_only_if_its_transaction_commits(self, store: AnyStore) -> None:
        with pytest.raises(ZeroDivisionError):
            async with store.begin() as work:
                await work.outbox.add(a_job())
                raise ZeroDivisionError

        assert await find(store, "job_1") is None
        assert await read_back(store, lambda s: s.outbox.any_due(now=NOON)) is False

    @pytest.mark.parametrize(
        ("topics", "claimed"),
        [
            (None, ["job_mail", "job_host", "job_card"]),
            (topics_of({JobKind.MAIL}), ["job_mail"]),
            (topics_of({JobKind.PROVIDER}), ["job_card"]),
            (["host.o'clock: 100%"], ["job_host"]),
            ({"host.o'clock: 100%", VerifyCardJob.topic}, ["job_host", "job_card"]),
            (topics_of({JobKind.MAIL, JobKind.PROVIDER}), ["job_mail", "job_card"]),
            ({"host.o'clock: 100%", *JOBS}, ["job_mail", "job_host", "job_card"]),
            (["host.goodbye"], []),
            ((), []),
        ],
        ids=["all", "mail", "provider", "host", "host and provider", "the core's", "each", "another", "none"],
    )
    async def test_a12_only_jobs_of_the_topics_that_are_asked_for_are_claimed(
        self, store: AnyStore, topics: Collection[str] | None, claimed: list[str]
    ) -> None:
        await keep(
            store,
            a_job("job_card", topic=VerifyCardJob.topic, due=at(-1)),
            a_job("job_host", topic="host.o'clock: 100%", due=at(-2)),
            a_job("job_mail", topic=SecurityMailJob.topic, due=at(-3)),
        )

        assert await read_back(store, lambda s: s.outbox.any_due(now=NOON, topics=topics)) is bool(claimed)
        async with store.begin() as work:
            found = await work.outbox.claim(now=NOON, until=at(5), lease="lse_1", limit=9, topics=topics)
        assert claimed == [job.id for job in found]
        assert await read_back(store, lambda s: s.outbox.any_due(now=NOON, topics=topics)) is False
        assert await read_back(store, lambda s: s.outbox.any_due(now=NOON)) is (len(claimed) < 3)

    async def test_a12_each_topic_is_claimed_whatever_waits_of_another(self, store: AnyStore) -> None:
        await keep(store, *[a_job(f"job_{n}", topic=RecoveryMailJob.topic, due=at(-10)) for n in range(12)])
        await keep(store, a_job("job_card", topic=VerifyCardJob.topic))

        async with store.begin() as work:
            (job,) = await work.outbox.claim(
                now=NOON, until=at(5), lease="lse_1", limit=1, topics=[VerifyCardJob.topic]
            )

        assert job.id == "job_card"

    async def test_a7_what_is_due_too_far_ahead_is_brought_back_and_a_lease_is_kept(self, store: AnyStore) -> None:
        a_microsecond = timedelta(microseconds=1)
        near = a_job("job_near", due=at(90), attempts=1)
        parked = a_job("job_parked", due=at(1440), attempts=1, dead_lettered_at=NOON)
        await keep(
            store,
            near,
            parked,
            a_job("job_free", due=at(90) + a_microsecond, attempts=3, last_error="why"),
            a_job("job_leased", due=at(1440), attempts=1, lease="lse_1"),
        )

        assert await read_back(store, lambda s: s.outbox.any_due_after(after=at(90))) is True
        assert await correct_due_times(store) == 2

        assert await read_back(store, lambda s: s.outbox.any_due_after(after=at(90))) is False
        assert await find(store, "job_near") == near
        assert await find(store, "job_parked") == parked
        assert await find(store, "job_free") == a_job("job_free", due=at(1), attempts=3, last_error="why")
        leased = a_job("job_leased", due=at(5), attempts=1, lease="lse_1")
        assert await find(store, "job_leased") == leased
        await end(store, leased, "done")

    async def test_a7_what_a_host_schedules_far_ahead_is_left_alone(self, store: AnyStore) -> None:
        scheduled = a_job("job_scheduled", topic="host.birthday", due=at(10**6))
        await keep(store, scheduled)

        assert await read_back(store, lambda s: s.outbox.any_due_after(after=at(90))) is False
        assert await correct_due_times(store) == 0
        assert await find(store, "job_scheduled") == scheduled

        await keep(store, a_job("job_tried", topic="host.birthday", due=at(10**6), attempts=1))
        await keep(store, a_job("job_ours", topic=VerifyCardJob.topic, due=at(10**6)))

        assert await correct_due_times(store) == 2

    async def test_a7_no_more_are_brought_back_at_once_than_the_limit(self, store: AnyStore) -> None:
        await keep(store, *[a_job(f"job_{n}", due=at(1440), attempts=1) for n in range(5)])

        assert [await correct_due_times(store, limit=3) for _ in range(3)] == [3, 2, 0]

    async def test_overdue_jobs_are_counted_by_topic_with_the_oldest_first(self, store: AnyStore) -> None:
        await keep(
            store,
            a_job("job_1", topic="host.a", due=at(-20)),
            a_job("job_2", topic="host.b", due=at(-30)),
            a_job("job_3", topic="host.b", due=at(-16)),
            a_job("job_4", topic="host.b", due=at(-15)),
            a_job("job_5", topic="host.c", due=at(-20)),
            a_job("job_6", topic="host.d", due=at(-20), dead_lettered_at=at(-18)),
            a_job("job_7", topic="host.d", due=at(5), attempts=1, lease="lse_1"),
        )

        async with store.reader() as reader:
            found = await reader.outbox.list_overdue(before=at(-15), limit=9)
            first = await reader.outbox.list_overdue(before=at(-15), limit=1)

        assert found == [
            OverdueJobs(topic="host.b", count=2, oldest_due=at(-30)),
            OverdueJobs(topic="host.a", count=1, oldest_due=at(-20)),
            OverdueJobs(topic="host.c", count=1, oldest_due=at(-20)),
        ]
        assert first == found[:1]


async def correct_due_times(store: AnyStore, *, limit: int = 9) -> int:
    async with store.begin() as work:
        return await work.outbox.correct_due_times(after=at(90), due=at(1), leased=at(5), limit=limit)
