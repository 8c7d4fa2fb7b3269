from datetime import datetime, timedelta, timezone

import attrs
import pytest

from accounts_core.errors import Conflict
from accounts_core.model.ids import UserId
from accounts_core.model.payment_method import BillingDetails, Card, Cards, PaymentMethod
from accounts_core.testing.builders import NOON, a_card, a_user, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore, keep, read_back

BARE = PaymentMethod(
    id="pm_bare",
    user_id=UserId(1),
    card=Card(brand="unknown", exp_month=1, exp_year=2030, last4="0005"),
    created=NOON,
    verified_at=NOON,
    is_default=True,
)


class PaymentMethodsContract(StoreContract):
    """`PaymentMethods` and `PaymentMethodReader`."""

    @pytest.mark.parametrize(
        "card",
        [
            a_card(is_default=True, type="card", livemode=True),
            BARE,
            a_card(
                billing_details=BillingDetails(name="Zoë 👩‍🚀 O'Neill"), metadata={"naïve": "שלום", "": "", "a.b": "{}"}
            ),
        ],
        ids=["every field set", "every field empty", "text beyond ASCII"],
    )
    async def test_a_card_comes_back_with_every_field(self, store: AnyStore, card: PaymentMethod) -> None:
        await keep(store, a_user(), card)

        assert await read_back(store, lambda s: s.payment_methods.list_for_user(UserId(1))) == Cards([card])

    async def test_times_come_back_equal_and_in_utc_whatever_their_zone_was(self, store: AnyStore) -> None:
        there = datetime(2026, 3, 1, 1, 2, 3, 456_789, tzinfo=timezone(timedelta(hours=-9, minutes=-30)))
        await keep(store, a_user(), a_card(created=there, verified_at=there))

        (card,) = await read_back(store, lambda s: s.payment_methods.list_for_user(UserId(1)))

        assert card.created == card.verified_at == there
        assert card.created.utcoffset() == card.verified_at.utcoffset() == timedelta(0)

    async def test_a_user_without_cards_and_nobody_at_all_have_none(self, store: AnyStore) -> None:
        await keep(store, a_user())

        assert await read_back(store, lambda s: s.payment_methods.list_for_user(UserId(1))) == Cards()
        assert await read_back(store, lambda s: s.payment_methods.list_for_user(UserId(9))) == Cards()

    async def test_a_unit_sees_the_cards_that_it_saved(self, store: AnyStore) -> None:
        await keep(store, a_user())
        async with store.begin() as work:
            await work.payment_methods.save(UserId(1), Cards().add(a_card()))

            assert await work.payment_methods.list_for_user(UserId(1)) == Cards().add(a_card())

    async def test_save_adds_removes_and_changes_until_the_cards_are_the_users(self, store: AnyStore) -> None:
        before = Cards().add(a_card("pm_kept")).add(a_card("pm_gone", verified_at=at(1)))
        await keep(store, a_user(1), a_user(2), *before, a_card("pm_other", 2, is_default=True))
        kept = attrs.evolve(before.get("pm_kept"), metadata={"changed": "yes"}, is_default=False)
        after = Cards([kept, a_card("pm_new", verified_at=at(2), is_default=True)])

        async with store.begin() as work:
            await work.payment_methods.save(UserId(1), after)

        assert await read_back(store, lambda s: s.payment_methods.list_for_user(UserId(1))) == after
        others = await read_back(store, lambda s: s.payment_methods.list_for_user(UserId(2)))
        assert others == Cards([a_card("pm_other", 2, is_default=True)])

    async def test_saving_no_cards_removes_them_all(self, store: AnyStore) -> None:
        await keep(store, a_user(), *Cards().add(a_card("pm_1")).add(a_card("pm_2")))

        async with store.begin() as work:
            await work.payment_methods.save(UserId(1), Cards())

        assert await read_back(store, lambda s: s.payment_methods.list_for_user(UserId(1))) == Cards()

    @pytest.mark.parametrize("chosen", ["pm_1", "pm_2", "pm_3"])
    async def test_the_default_can_move_to_any_card_in_one_save(self, store: AnyStore, chosen: str) -> None:
        cards = Cards([a_card(f"pm_{n}", verified_at=at(n)) for n in (1, 2, 3)]).make_default("pm_2")
        await keep(store, a_user(), *cards)

        async with store.begin() as work:
            held = await work.payment_methods.list_for_user(UserId(1))
            await work.payment_methods.save(UserId(1), held.make_default(chosen))

        assert await read_back(store, lambda s: s.payment_methods.list_for_user(UserId(1))) == cards.make_default(
            chosen
        )

    async def test_the_default_can_be_removed_and_its_heir_named_in_one_save(self, store: AnyStore) -> None:
        cards = Cards().add(a_card("pm_1")).add(a_card("pm_2", verified_at=at(1)))
        await keep(store, a_user(), *cards)

        async with store.begin() as work:
            held = await work.payment_methods.list_for_user(UserId(1))
            await work.payment_methods.save(UserId(1), held.remove("pm_1"))

        left = await read_back(store, lambda s: s.payment_methods.list_for_user(UserId(1)))
        assert left == cards.remove("pm_1")
        assert left.default is not None

    async def test_a_card_can_take_the_place_of_the_same_physical_card(self, store: AnyStore) -> None:
        old = a_card("pm_old")
        cards = Cards().add(old)
        await keep(store, a_user(), *cards)
        new = a_card("pm_new", card=old.card, verified_at=at(1))

        async with store.begin() as work:
            held = await work.payment_methods.list_for_user(UserId(1))
            await work.payment_methods.save(UserId(1), held.add(new))

        left = await read_back(store, lambda s: s.payment_methods.list_for_user(UserId(1)))
        assert left == Cards([attrs.evolve(new, is_default=True)])

    async def test_a_removed_card_can_come_to_another_user(self, store: AnyStore) -> None:
        await keep(store, a_user(1), a_user(2), a_card("pm_1", is_default=True))
        theirs = Cards().add(a_card("pm_1", 2))

        async with store.begin() as work:
            await work.payment_methods.save(UserId(1), Cards())
            await work.payment_methods.save(UserId(2), theirs)

        assert await read_back(store, lambda s: s.payment_methods.list_for_user(UserId(1))) == Cards()
        assert await read_back(store, lambda s: s.payment_methods.list_for_user(UserId(2))) == theirs

    async def test_a_card_that_another_user_has_is_a_conflict(self, store: AnyStore) -> None:
        first = Cards().add(a_card("pm_1"))
        await keep(store, a_user(1), a_user(2), *first)

        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.payment_methods.save(UserId(2), Cards().add(a_card("pm_1", 2)))

        assert await read_back(store, lambda s: s.payment_methods.list_for_user(UserId(1))) == first
        assert await read_back(store, lambda s: s.payment_methods.list_for_user(UserId(2))) == Cards()

    async def test_two_defaults_are_a_conflict(self, store: AnyStore) -> None:
        await keep(store, a_user())

        with pytest.raises(Conflict):
            async with store.begin() as work:
                two = Cards([a_card("pm_1", is_default=True), a_card("pm_2", is_default=True)])
                await work.payment_methods.save(UserId(1), two)

        assert await read_back(store, lambda s: s.payment_methods.list_for_user(UserId(1))) == Cards()

    async def test_a_card_of_nobody_is_a_conflict(self, store: AnyStore) -> None:
        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.payment_methods.save(UserId(9), Cards().add(a_card(user_id=9)))

        assert await read_back(store, lambda s: s.payment_methods.list_for_user(UserId(9))) == Cards()
