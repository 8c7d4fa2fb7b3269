from functools import partial

import pytest

from accounts_core.errors import Conflict
from accounts_core.model.ids import UserId
from accounts_core.model.verification import OPEN_STATES, CardVerification, Event, State
from accounts_core.testing.builders import a_user, a_verification, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.contracts.verifications import find
from accounts_core.testing.harness import AnyStore, Concurrently, failures, keep, read_back

ENDED = sorted(set(State) - OPEN_STATES)


async def list_open_for_customer(store: AnyStore, customer_id: str) -> list[CardVerification]:
    return list(await read_back(store, lambda s: s.verifications.list_open_for_customer(customer_id)))


class OpenVerificationsContract(StoreContract):
    """`Verifications` and `VerificationReader`: a user has one open verification of a payment method."""

    async def test_a_users_second_open_verification_of_one_payment_method_is_a_conflict(self, store: AnyStore) -> None:
        await keep(store, a_user(), a_verification("ver_1", requested="pm_1"))

        with pytest.raises(Conflict):
            await keep(store, a_verification("ver_2", requested="pm_1"))

        assert await find(store, "ver_2") is None

    async def test_other_users_and_other_payment_methods_are_no_conflict(self, store: AnyStore) -> None:
        own = a_verification("ver_1", 1, requested="pm_1")
        theirs = a_verification("ver_2", 2, requested="pm_1")
        another = a_verification("ver_3", 1, requested="pm_2")
        await keep(store, a_user(1), a_user(2), own, theirs, another)

        async with store.begin() as work:
            assert await work.verifications.find_open(UserId(1), "pm_1") == own
            assert await work.verifications.find_open(UserId(2), "pm_1") == theirs
            assert await work.verifications.find_open(UserId(1), "pm_2") == another
            assert await work.verifications.find_open(UserId(2), "pm_2") is None

    @pytest.mark.parametrize("state", ENDED)
    async def test_one_that_ended_makes_room_for_another(self, store: AnyStore, state: State) -> None:
        ended = a_verification("ver_1", requested="pm_1", state=state)
        opened = a_verification("ver_2", requested="pm_1")
        await keep(store, a_user(), ended, opened)

        async with store.begin() as work:
            assert await work.verifications.find_open(UserId(1), "pm_1") == opened

    async def test_opening_again_what_ended_in_the_same_unit_is_no_conflict(self, store: AnyStore) -> None:
        await keep(store, a_user(), a_verification("ver_1", requested="pm_1", state=State.CLOSING))
        async with store.begin() as work:
            first = await work.verifications.find("ver_1")
            assert first is not None
            await work.verifications.save(first.on(Event.DECLINED, at=at(1)))
            await work.verifications.add(a_verification("ver_2", requested="pm_1"))

        assert await find(store, "ver_2") is not None

    async def test_orphaned_verifications_of_one_payment_method_do_not_conflict(self, store: AnyStore) -> None:
        orphaned = [a_verification(f"ver_{n}", None, requested="pm_card_visa", state=State.HELD) for n in (1, 2)]

        await keep(store, *orphaned)

        assert await find(store, "ver_1") == orphaned[0]
        assert await find(store, "ver_2") == orphaned[1]

    async def test_of_many_who_open_one_at_once_exactly_one_does(
        self, store: AnyStore, concurrently: Concurrently
    ) -> None:
        await keep(store, a_user())

        rivals = [a_verification(f"ver_{n}", requested="pm_1") for n in range(6)]

        outcomes = await concurrently(*[partial(keep, store, rival) for rival in rivals])

        assert outcomes.count(None) == 1
        assert {type(error) for error in failures(outcomes)} == {Conflict}
        async with store.begin() as work:
            assert len(await work.verifications.list_open_for_user(UserId(1))) == 1

    async def test_open_ones_come_oldest_first(self, store: AnyStore) -> None:
        third, first, second = (a_verification(f"ver_{n}", created_at=at(n)) for n in (30, 10, 20))
        ended = a_verification("ver_5", created_at=at(5), state=State.VERIFIED)
        await keep(store, a_user(1), a_user(2), third, first, second, ended, a_verification("ver_other", 2))

        async with store.begin() as work:
            assert list(await work.verifications.list_open_for_user(UserId(1))) == [first, second, third]
            assert list(await work.verifications.list_open_for_user(UserId(9))) == []

    async def test_a_customers_open_ones_come_oldest_first_orphaned_ones_included(self, store: AnyStore) -> None:
        third = a_verification("ver_3", customer_id="cus_1", created_at=at(30), state=State.CLOSING)
        first = a_verification("ver_1", customer_id="cus_1", created_at=at(10), state=State.HELD)
        second = a_verification("ver_2", None, customer_id="cus_1", created_at=at(20), state=State.HOLDING)
        others = [a_verification("ver_4", customer_id="cus_2"), a_verification("ver_5")]
        ended = [a_verification(f"ver_{state}", customer_id="cus_1", state=state) for state in ENDED]
        await keep(store, a_user(), third, first, second, *others, *ended)

        assert await list_open_for_customer(store, "cus_1") == [first, second, third]
        for unknown in ("cus_3", "CUS_1", "", "None", "cus_1\0"):
            assert await list_open_for_customer(store, unknown) == []

    async def test_a_unit_sees_whose_customer_it_has_just_learned(self, store: AnyStore) -> None:
        await keep(store, a_user(), a_verification())
        async with store.begin() as work:
            before = await work.verifications.find("ver_1")
            assert before is not None
            billed = before.on(Event.CUSTOMER_LINKED, at=at(1), customer_id="cus_1")
            saved = await work.verifications.save(billed)

            assert list(await work.verifications.list_open_for_customer("cus_1")) == [saved]

            await work.verifications.save(saved.on(Event.LAPSED, at=at(2)))

            assert list(await work.verifications.list_open_for_customer("cus_1")) == []
