"""What `MemoryStore` promises beyond the contract: two units that are open at once, and misuse that is refused."""

# ruff: noqa: PT012  a store refuses at commit: `raises` has to hold the whole unit of work

from contextvars import Context
from datetime import datetime
from types import TracebackType

import pytest

from accounts_core.errors import ConfigurationError, Conflict, EmailTaken
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.events import DomainEvent, UserDeactivated
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.payment_method import Cards
from accounts_core.sync import run_sync
from accounts_core.testing.builders import (
    NOON,
    a_card,
    a_job,
    a_notification,
    a_session,
    a_team,
    a_user,
    a_verification,
    at,
    digest_of_session,
)
from accounts_core.testing.harness import Entity, add, keep
from accounts_memory import MemoryStore, MemoryUnitOfWork

pytestmark = pytest.mark.usefixtures("drive")

JANE, MARY = UserId(1), UserId(2)
THINGS: dict[str, Entity] = {
    "session": a_session(),
    "notification": a_notification(),
    "card": a_card(is_default=True),
    "verification": a_verification(),
    "team": a_team(),
}


class Elsewhere:
    """A unit of work that somebody else has open at the same time: in another task, thread or request."""

    def __init__(self, store: MemoryStore) -> None:
        self._context = Context()
        self._transaction = store.begin()

    def __enter__(self) -> MemoryUnitOfWork:
        return self._context.run(run_sync, self._transaction.__aenter__())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._context.run(run_sync, self._transaction.__aexit__(kind, error, traceback))


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    run_sync(keep(store, a_user(JANE), a_user(MARY)))
    return store


async def test_an_open_unit_keeps_seeing_what_was_there_when_it_began(store: MemoryStore) -> None:
    with Elsewhere(store) as early:
        await keep(store, a_user(3), a_session())
        async with store.begin() as work:
            await work.users.save((await work.users.get(JANE)).with_balance(5))

        assert await early.users.get(JANE) == a_user(JANE)
        assert await early.users.find(UserId(3)) is None
        assert await early.sessions.resolve(digest_of_session("ses_1")) is None
        assert await early.sessions.count_for_user(JANE) == 0


async def test_two_open_units_do_not_see_each_others_changes(store: MemoryStore) -> None:
    with Elsewhere(store) as first, Elsewhere(store) as second:
        await first.users.save((await first.users.get(JANE)).with_balance(5))
        await second.users.add(a_user(3))

        assert await second.users.get(JANE) == a_user(JANE)
        assert await first.users.find(UserId(3)) is None


async def test_units_that_change_different_rows_both_commit(store: MemoryStore) -> None:
    with Elsewhere(store) as first, Elsewhere(store) as second:
        await first.users.save((await first.users.get(JANE)).with_balance(5))
        await second.users.save((await second.users.get(MARY)).with_balance(7))

    async with store.reader() as reader:
        users = [await reader.users.find(JANE), await reader.users.find(MARY)]
    assert [user.balance for user in users if user] == [5, 7]


async def test_of_two_units_that_change_one_row_the_first_to_commit_wins(store: MemoryStore) -> None:
    with pytest.raises(Conflict), Elsewhere(store) as late:
        await late.users.save((await late.users.get(JANE)).with_balance(7))
        async with store.begin() as early:
            winner = await early.users.save((await early.users.get(JANE)).with_balance(5))

    async with store.reader() as reader:
        assert await reader.users.find(JANE) == winner


@pytest.mark.parametrize("change", [True, False], ids=["and changes it", "and changes nothing"])
async def test_a_unit_that_locked_a_row_is_refused_when_another_locked_it_and_committed(
    store: MemoryStore, change: bool
) -> None:
    with pytest.raises(Conflict), Elsewhere(store) as late:
        await late.users.get(JANE, lock=True)
        await late.outbox.add(a_job("job_late"))
        async with store.begin() as early:
            jane = await early.users.get(JANE, lock=True)
            await early.outbox.add(a_job("job_early"))
            if change:
                await early.users.save(jane.with_balance(5))

    async with store.reader() as reader:
        assert await reader.outbox.find("job_early") is not None
        assert await reader.outbox.find("job_late") is None


async def test_a_locked_team_is_locked_as_a_user_is(store: MemoryStore) -> None:
    await keep(store, a_team())
    with pytest.raises(Conflict), Elsewhere(store) as late:
        await late.teams.get(TeamId(1), lock=True)
        async with store.begin() as early:
            await early.teams.get(TeamId(1), lock=True)


async def test_a_lock_that_was_rolled_back_stops_nobody(store: MemoryStore) -> None:
    with Elsewhere(store) as late:
        await late.users.save((await late.users.get(JANE)).with_balance(7))
        with pytest.raises(ZeroDivisionError):
            async with store.begin() as early:
                await early.users.get(JANE, lock=True)
                raise ZeroDivisionError

    async with store.reader() as reader:
        jane = await reader.users.find(JANE)
    assert jane is not None
    assert jane.balance == 7


async def test_a_lock_leaves_the_row_and_its_version_as_they_are(store: MemoryStore) -> None:
    async with store.begin() as work:
        await work.users.get(JANE, lock=True)

    async with store.reader() as reader:
        assert await reader.users.find(JANE) == a_user(JANE)


async def test_an_address_that_two_open_units_take_goes_to_the_first_to_commit(store: MemoryStore) -> None:
    wanted = EmailAddress("wanted@example.org")
    with pytest.raises(EmailTaken), Elsewhere(store) as late:
        await late.users.add(a_user(4, email=wanted))
        await keep(store, a_user(3, email=wanted))

    async with store.reader() as reader:
        assert await reader.users.find_by_email(wanted) == a_user(3, email=wanted)


async def test_a_customer_that_two_open_units_take_goes_to_the_first_to_commit(store: MemoryStore) -> None:
    with pytest.raises(Conflict), Elsewhere(store) as late:
        await late.users.save((await late.users.get(MARY)).link_customer("cus_1"))
        async with store.begin() as early:
            winner = await early.users.save((await early.users.get(JANE)).link_customer("cus_1"))

    async with store.reader() as reader:
        assert await reader.users.find_by_customer("cus_1") == winner


async def test_a_customer_may_go_from_one_user_to_another_in_one_unit(store: MemoryStore) -> None:
    async with store.begin() as work:
        await work.users.save((await work.users.get(JANE)).link_customer("cus_1"))
    async with store.begin() as work:
        await work.users.save((await work.users.get(JANE)).unlink_customer())
        await work.users.save((await work.users.get(MARY)).link_customer("cus_1"))

    async with store.reader() as reader:
        found = await reader.users.find_by_customer("cus_1")
    assert found is not None
    assert found.id == MARY


async def test_two_open_units_cannot_each_give_a_user_a_default_card(store: MemoryStore) -> None:
    with pytest.raises(Conflict), Elsewhere(store) as late:
        await late.payment_methods.save(JANE, Cards().add(a_card("pm_late", JANE)))
        await keep(store, *Cards().add(a_card("pm_early", JANE)))

    async with store.reader() as reader:
        assert [card.id for card in await reader.payment_methods.list_for_user(JANE)] == ["pm_early"]


async def test_two_open_units_cannot_open_the_same_verification(store: MemoryStore) -> None:
    with pytest.raises(Conflict), Elsewhere(store) as late:
        await late.verifications.add(a_verification("ver_late", requested="pm_1"))
        await keep(store, a_verification("ver_early", requested="pm_1"))

    async with store.reader() as reader:
        assert await reader.verifications.find("ver_late") is None


@pytest.mark.parametrize("thing", THINGS.values(), ids=THINGS)
async def test_nothing_is_kept_for_a_user_whom_another_unit_removed_meanwhile(
    store: MemoryStore, thing: Entity
) -> None:
    with pytest.raises(Conflict), Elsewhere(store) as late:
        await add(late, thing)
        async with store.begin() as early:
            await early.users.delete(JANE)

    async with store.reader() as reader:
        assert await reader.users.find(JANE) is None


@pytest.mark.parametrize("thing", THINGS.values(), ids=THINGS)
async def test_no_user_is_removed_to_whom_another_unit_added_something_meanwhile(
    store: MemoryStore, thing: Entity
) -> None:
    with pytest.raises(Conflict), Elsewhere(store) as late:
        await late.users.delete(JANE)
        await keep(store, thing)

    async with store.reader() as reader:
        assert await reader.users.find(JANE) == a_user(JANE)


async def test_nested_units_are_refused(store: MemoryStore) -> None:
    async with store.begin() as work:
        with pytest.raises(ConfigurationError, match="do not nest"):
            async with store.begin():
                pass
        assert await work.users.get(JANE) == a_user(JANE)

    async with store.begin() as work:
        assert await work.users.get(JANE) == a_user(JANE)


async def test_a_subscriber_cannot_open_a_unit_of_its_own() -> None:
    async def begin_again(work: MemoryUnitOfWork, event: DomainEvent) -> None:
        async with strict.begin():
            pass

    strict = MemoryStore(subscribers=[begin_again])

    with pytest.raises(ConfigurationError, match="do not nest"):
        await keep(strict, UserDeactivated(user_id=JANE, at=NOON))


async def test_units_of_two_stores_may_be_open_together(store: MemoryStore) -> None:
    other = MemoryStore()
    async with store.begin():
        async with other.begin() as work:
            await work.users.add(a_user(JANE))
        with pytest.raises(ConfigurationError, match="do not nest"):
            async with store.begin():
                pass


async def test_a_unit_that_ended_is_refused(store: MemoryStore) -> None:
    async with store.begin() as work:
        pass

    with pytest.raises(ConfigurationError, match="has ended"):
        await work.users.get(JANE)
    with pytest.raises(ConfigurationError, match="has ended"):
        await work.users.add(a_user(3))
    with pytest.raises(ConfigurationError, match="has ended"):
        work.record(UserDeactivated(user_id=JANE, at=NOON))


async def test_an_id_is_not_handed_out_again_after_a_rollback(store: MemoryStore) -> None:
    with pytest.raises(ZeroDivisionError):
        async with store.begin() as work:
            lost = await work.users.next_id()
            raise ZeroDivisionError

    async with store.begin() as work:
        assert await work.users.next_id() != lost


async def test_a_time_without_a_zone_is_refused(store: MemoryStore) -> None:
    naive = datetime(2026, 3, 1, 12, 0)  # noqa: DTZ001  the very thing that is refused

    with pytest.raises(ValueError, match="no time zone"):
        await keep(store, a_session(created_at=naive))


async def test_a_job_that_two_open_units_claim_goes_to_the_first_to_commit(store: MemoryStore) -> None:
    await keep(store, a_job())
    with pytest.raises(Conflict), Elsewhere(store) as late:
        assert len(await late.outbox.claim(now=NOON, until=at(5), lease="lse_late", limit=1)) == 1
        async with store.begin() as early:
            assert len(await early.outbox.claim(now=NOON, until=at(5), lease="lse_early", limit=1)) == 1

    async with store.reader() as reader:
        job = await reader.outbox.find("job_1")
    assert job is not None
    assert (job.lease, job.attempts) == ("lse_early", 1)


async def test_an_event_that_two_open_units_receive_is_new_to_the_first_to_commit(store: MemoryStore) -> None:
    with pytest.raises(Conflict), Elsewhere(store) as late:
        assert await late.provider_events.add("evt_1", at=NOON) is True
        await late.outbox.add(a_job("job_late"))
        async with store.begin() as early:
            assert await early.provider_events.add("evt_1", at=NOON) is True
            await early.outbox.add(a_job("job_early"))

    async with store.reader() as reader:
        assert [job.id for job in await reader.outbox.list(limit=9)] == ["job_early"]
