from datetime import datetime, timedelta, timezone
from typing import Any

import attrs
import pytest

from accounts_core.errors import Conflict
from accounts_core.model.ids import UserId
from accounts_core.model.verification import OPEN_STATES, CardVerification, Event, State
from accounts_core.testing.builders import a_user, a_verification, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore, keep, read_back

FULL = a_verification(
    requested="pm_card_visa",
    payment_method="pm_1",
    customer_id="cus_1",
    amount=99_999_999,
    currency="jpy",
    return_url="https://shop.example/back?to=" + "x" * 2000,
    state=State.CLOSING,
    closing_because=Event.DECLINED,
    hold_id="pi_1",
    code="card_declined",
    decline_code="insufficient_funds",
    outcome_undelivered=True,
    created_at=at(-1),
    updated_at=at(1),
)
ENDED = sorted(set(State) - OPEN_STATES)


async def find(store: AnyStore, id: str) -> CardVerification | None:
    return await read_back(store, lambda s: s.verifications.find(id))


class VerificationsContract(StoreContract):
    """`Verifications` and `VerificationReader`."""

    async def test_a_verification_comes_back_with_every_field(self, store: AnyStore) -> None:
        await keep(store, a_user(), FULL, bare := a_verification("ver_2"))

        found = await find(store, FULL.id)

        assert found == FULL
        assert found is not None
        assert (found.state, found.closing_because) == (State.CLOSING, Event.DECLINED)
        assert isinstance(found.state, State)
        assert await find(store, "ver_2") == bare
        assert await find(store, "ver_3") is None

    async def test_times_come_back_equal_and_in_utc_whatever_their_zone_was(self, store: AnyStore) -> None:
        there = datetime(2026, 10, 25, 2, 30, 0, 1, tzinfo=timezone(timedelta(hours=2)), fold=1)
        await keep(store, a_user(), a_verification(created_at=there, updated_at=there))

        found = await find(store, "ver_1")

        assert found is not None
        assert found.created_at == found.updated_at == there
        assert found.created_at.utcoffset() == found.updated_at.utcoffset() == timedelta(0)

    @pytest.mark.parametrize("state", State)
    async def test_every_state_is_kept_and_only_open_ones_are_found_open(self, store: AnyStore, state: State) -> None:
        verification = a_verification(requested="pm_1", state=state)
        await keep(store, a_user(), verification)

        assert await find(store, "ver_1") == verification
        async with store.begin() as work:
            expected = verification if state in OPEN_STATES else None
            assert await work.verifications.find_open(UserId(1), "pm_1") == expected
            assert list(await work.verifications.list_open_for_user(UserId(1))) == (
                [] if expected is None else [expected]
            )

    async def test_the_newest_of_several_is_found_by_what_was_asked_for_and_by_what_it_became(
        self, store: AnyStore
    ) -> None:
        tried: dict[str, Any] = {"requested": "pm_card_visa", "state": State.VERIFIED}
        oldest = a_verification("ver_9", payment_method="pm_1", created_at=at(-2), **tried)
        newer = a_verification("ver_1", payment_method="pm_1", created_at=at(-1), **tried)
        tied = a_verification("ver_2", payment_method="pm_2", created_at=at(-1), **tried)
        others = a_verification("ver_3", 2, payment_method="pm_1", **tried)
        await keep(store, a_user(1), a_user(2), oldest, newer, tied, others)

        async def latest(user_id: int, requested: str) -> CardVerification | None:
            return await read_back(store, lambda s: s.verifications.find_latest(UserId(user_id), requested))

        async def using(user_id: int, payment_method: str) -> CardVerification | None:
            return await read_back(
                store, lambda s: s.verifications.find_by_payment_method(UserId(user_id), payment_method)
            )

        assert await latest(1, "pm_card_visa") == tied
        assert await latest(2, "pm_card_visa") == others
        assert await latest(1, "pm_card_VISA") is None
        assert await using(1, "pm_1") == newer
        assert await using(1, "pm_2") == tied
        assert await using(2, "pm_2") is None
        assert await using(3, "pm_1") is None

    async def test_a_verification_is_found_by_the_request_that_opened_it(self, store: AnyStore) -> None:
        opened = a_verification("ver_1", idempotency_key="key 1", state=State.DECLINED)
        await keep(store, a_user(1), a_user(2), opened, a_verification("ver_2", 2, idempotency_key="key 1"))

        async def by_request(user_id: int, key: str) -> CardVerification | None:
            return await read_back(store, lambda s: s.verifications.find_by_idempotency_key(UserId(user_id), key))

        assert await by_request(1, "key 1") == opened
        assert await by_request(1, "KEY 1") is None
        assert await by_request(3, "key 1") is None
        with pytest.raises(Conflict):
            await keep(store, a_verification("ver_3", idempotency_key="key 1"))

    async def test_every_verification_of_a_user_is_listed_the_newest_first(self, store: AnyStore) -> None:
        old = a_verification("ver_2", requested="pm_1", state=State.FAILED, created_at=at(-1))
        new = a_verification("ver_1", requested="pm_1")
        await keep(store, a_user(1), a_user(2), old, new, a_verification("ver_3", 2))

        async with store.begin() as work:
            assert list(await work.verifications.list_for_user(UserId(1), limit=9)) == [new, old]

    async def test_an_open_verification_is_the_latest_as_well(self, store: AnyStore) -> None:
        await keep(store, a_user(), a_verification("ver_1", requested="pm_1", state=State.DECLINED, created_at=at(-1)))
        await keep(store, again := a_verification("ver_2", requested="pm_1"))

        assert await read_back(store, lambda s: s.verifications.find_latest(UserId(1), "pm_1")) == again

    async def test_a_unit_sees_the_verification_that_it_added(self, store: AnyStore) -> None:
        await keep(store, a_user())
        async with store.begin() as work:
            await work.verifications.add(FULL)

            assert await work.verifications.find(FULL.id) == FULL
            assert await work.verifications.find_open(UserId(1), FULL.requested) == FULL
            assert await work.verifications.find_latest(UserId(1), FULL.requested) == FULL
            assert await work.verifications.find_by_payment_method(UserId(1), "pm_1") == FULL

    async def test_an_orphaned_one_is_not_the_latest_of_any_user(self, store: AnyStore) -> None:
        own = a_verification("ver_1", requested="pm_1", payment_method="pm_1", state=State.FAILED, created_at=at(-1))
        orphaned = a_verification("ver_2", None, requested="pm_1", payment_method="pm_1", state=State.HELD)
        await keep(store, a_user(), own, orphaned)

        assert await read_back(store, lambda s: s.verifications.find_latest(UserId(1), "pm_1")) == own
        assert await read_back(store, lambda s: s.verifications.find_by_payment_method(UserId(1), "pm_1")) == own

    async def test_an_outcome_that_was_delivered_stays_delivered(self, store: AnyStore) -> None:
        await keep(store, a_user(), a_verification(state=State.DECLINED, outcome_undelivered=True))
        async with store.begin() as work:
            before = await work.verifications.find("ver_1")
            assert before is not None
            await work.verifications.save(before.mark_delivered())

        after = await find(store, "ver_1")
        assert after is not None
        assert (before.outcome_undelivered, after.outcome_undelivered) == (True, False)

    async def test_a_saved_change_is_there_with_a_new_version(self, store: AnyStore) -> None:
        await keep(store, a_user(), a_verification())
        async with store.begin() as work:
            before = await work.verifications.find("ver_1")
            assert before is not None
            change = before.on(Event.CUSTOMER_LINKED, at=at(1), customer_id="cus_1")
            saved = await work.verifications.save(change)

            assert await work.verifications.find("ver_1") == saved

        assert saved == attrs.evolve(change, version=saved.version)
        assert saved.version != before.version
        assert await find(store, "ver_1") == saved

    async def test_a_stale_save_is_a_conflict_and_changes_nothing(self, store: AnyStore) -> None:
        await keep(store, a_user(), a_verification())
        stale = await find(store, "ver_1")
        assert stale is not None
        async with store.begin() as work:
            newer = await work.verifications.save(stale.on(Event.CUSTOMER_LINKED, at=at(1)))

        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.verifications.save(stale.on(Event.ABANDONED, at=at(2)))

        assert await find(store, "ver_1") == newer

    async def test_saving_one_that_is_gone_is_a_conflict(self, store: AnyStore) -> None:
        await keep(store, a_user())

        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.verifications.save(a_verification())

        assert await find(store, "ver_1") is None

    async def test_an_orphaned_one_outlives_its_user(self, store: AnyStore) -> None:
        await keep(store, a_user(), a_verification(state=State.HELD))
        async with store.begin() as work:
            held = await work.verifications.find("ver_1")
            assert held is not None
            orphaned = await work.verifications.save(held.orphan(at=at(1)))
            await work.users.delete(UserId(1))

        assert await find(store, "ver_1") == orphaned
        assert orphaned.is_orphaned

    async def test_delete_deletes_one_verification_and_may_be_repeated(self, store: AnyStore) -> None:
        await keep(store, a_user(), a_verification("ver_1"), a_verification("ver_2", requested="pm_2"))

        for _ in range(2):
            async with store.begin() as work:
                await work.verifications.delete("ver_1")

        assert await find(store, "ver_1") is None
        assert await find(store, "ver_2") is not None

    async def test_delete_ended_leaves_open_ones_and_other_peoples(self, store: AnyStore) -> None:
        opened = a_verification("ver_open", state=State.REQUIRES_ACTION)
        theirs = a_verification("ver_theirs", 2, state=State.VERIFIED)
        orphaned = a_verification("ver_doomed", None, state=State.ABANDONED)
        ended = [a_verification(f"ver_{state}", state=state) for state in ENDED]
        await keep(store, a_user(1), a_user(2), opened, theirs, orphaned, *ended)

        for _ in range(2):
            async with store.begin() as work:
                await work.verifications.delete_ended_for_user(UserId(1))

                assert await work.verifications.find("ver_verified") is None

        for kept in (opened, theirs, orphaned):
            assert await find(store, kept.id) == kept
        for gone in ended:
            assert await find(store, gone.id) is None
