from functools import partial

import pytest

from accounts_core.errors import Conflict
from accounts_core.model.ids import UserId
from accounts_core.model.user import User
from accounts_core.testing.builders import a_user
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore, Concurrently, failures, keep, read_back

JANE, MARY = UserId(1), UserId(2)


async def billed_as(store: AnyStore, customer_id: str) -> User | None:
    return await read_back(store, lambda s: s.users.find_by_customer(customer_id))


async def bill(store: AnyStore, user_id: UserId, customer_id: str) -> User:
    async with store.begin() as work:
        return await work.users.save((await work.users.get(user_id)).link_customer(customer_id))


class BilledUsersContract(StoreContract):
    """`Users` and `UserReader`: a customer of the provider is linked to one user."""

    async def test_a_user_is_found_by_the_customer(self, store: AnyStore) -> None:
        jane = a_user(JANE, customer_id="cus_1")
        await keep(store, jane, a_user(MARY))

        assert await billed_as(store, "cus_1") == jane
        for unknown in ("cus_2", "CUS_1", "", "None", "cus_1\0"):
            assert await billed_as(store, unknown) is None

    async def test_billed_users_are_listed_by_id_page_by_page(self, store: AnyStore) -> None:
        billed = [a_user(n, customer_id=f"cus_{9 - n}") for n in (1, 3, 4)]
        await keep(store, billed[1], a_user(2), billed[2], billed[0])

        assert await read_back(store, lambda s: s.users.list_with_customer(limit=9)) == billed
        assert await read_back(store, lambda s: s.users.list_with_customer(limit=2)) == billed[:2]
        assert await read_back(store, lambda s: s.users.list_with_customer(after=UserId(1), limit=9)) == billed[1:]
        assert await read_back(store, lambda s: s.users.list_with_customer(after=UserId(2), limit=1)) == [billed[1]]
        assert await read_back(store, lambda s: s.users.list_with_customer(after=UserId(4), limit=9)) == []

    async def test_a_unit_lists_the_users_that_it_bills_and_no_longer_those_that_it_does_not(
        self, store: AnyStore
    ) -> None:
        await keep(store, a_user(JANE, customer_id="cus_1"), a_user(MARY))
        async with store.begin() as work:
            await work.users.save((await work.users.get(JANE)).unlink_customer())
            mary = await work.users.save((await work.users.get(MARY)).link_customer("cus_2"))

            assert list(await work.users.list_with_customer(limit=9)) == [mary]

    async def test_no_two_users_are_billed_as_one_customer(self, store: AnyStore) -> None:
        jane = a_user(JANE, customer_id="cus_1")
        await keep(store, jane)

        with pytest.raises(Conflict):
            await keep(store, a_user(MARY, customer_id="cus_1"))

        assert await billed_as(store, "cus_1") == jane
        assert await read_back(store, lambda s: s.users.find(MARY)) is None

    async def test_saving_a_user_with_the_customer_of_another_is_a_conflict(self, store: AnyStore) -> None:
        jane = a_user(JANE, customer_id="cus_1")
        await keep(store, jane, a_user(MARY))

        with pytest.raises(Conflict):
            await bill(store, MARY, "cus_1")

        assert await billed_as(store, "cus_1") == jane
        assert await read_back(store, lambda s: s.users.find(MARY)) == a_user(MARY)

    async def test_any_number_of_users_have_no_customer(self, store: AnyStore) -> None:
        users = [a_user(n) for n in (1, 2, 3)]

        await keep(store, *users)

        async with store.reader() as reader:
            assert [await reader.users.find(user.id) for user in users] == users

    async def test_a_user_who_is_billed_stays_billed_through_other_changes(self, store: AnyStore) -> None:
        await keep(store, a_user(JANE, customer_id="cus_1"))
        async with store.begin() as work:
            saved = await work.users.save((await work.users.get(JANE)).with_balance(5))

        assert await billed_as(store, "cus_1") == saved

    async def test_a_customer_that_was_lost_finds_nobody_and_is_counted(self, store: AnyStore) -> None:
        await keep(store, a_user(JANE, customer_id="cus_1", balance=7, lost_customers=1))
        async with store.begin() as work:
            await work.users.save((await work.users.get(JANE)).unlink_customer())

            assert await work.users.find_by_customer("cus_1") is None

        assert await billed_as(store, "cus_1") is None
        billed = await bill(store, JANE, "cus_2")
        assert await billed_as(store, "cus_2") == billed
        assert (billed.balance, billed.lost_customers) == (0, 2)

    async def test_the_customer_of_a_removed_user_finds_nobody(self, store: AnyStore) -> None:
        await keep(store, a_user(JANE, customer_id="cus_1"), a_user(MARY))
        async with store.begin() as work:
            await work.users.delete(JANE)

        assert await billed_as(store, "cus_1") is None
        assert await bill(store, MARY, "cus_1") == await billed_as(store, "cus_1")

    async def test_of_many_who_want_one_customer_at_once_exactly_one_gets_it(
        self, store: AnyStore, concurrently: Concurrently
    ) -> None:
        await keep(store, *[a_user(n) for n in range(1, 7)])

        outcomes = await concurrently(*[partial(bill, store, UserId(n), "cus_1") for n in range(1, 7)])

        winners = [outcome for outcome in outcomes if isinstance(outcome, User)]
        assert len(winners) == 1
        assert {type(error) for error in failures(outcomes)} == {Conflict}
        assert await billed_as(store, "cus_1") == winners[0]
