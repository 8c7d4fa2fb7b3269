from datetime import datetime, timedelta, timezone

import attrs
import pytest

from accounts_core.errors import Conflict, NotFound
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.model.text import MAX_LINE
from accounts_core.model.user import User, UserStatus
from accounts_core.testing.builders import a_profile, a_profile_data, a_user, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore, Concurrently, failures, keep, read_back

FULL = a_user(
    **a_profile(),
    status=UserStatus.DEACTIVATED,
    email=EmailAddress("Jane.Doe+Accounts@example.org"),
    email_verified_at=at(1),
    pending_email=EmailAddress("Jane@elsewhere.example"),
    balance=-1250,
    customer_id="cus_1",
    lost_customers=2,
    was_verified=True,
    password_changed_at=at(3),
    updated_at=at(2),
    profile_data=a_profile_data(),
)

NAMES = {
    "longest": "N" * MAX_LINE,
    "longest, four bytes a character": "\U0001f469" * MAX_LINE,
    "emoji joined by zero-width joiners": "👩‍👩‍👧‍👦 Doe",
    "combining marks that have no composed form": "Z̊ͧ́algo",
    "right to left": "שלום יעקב",
    "quotes, backslashes and percent signs": 'O\'Neill \\ "Bobby" %s {}; DROP TABLE users; --',
}


class UsersContract(StoreContract):
    """`Users` and `UserReader`."""

    async def test_a_user_comes_back_with_every_field(self, store: AnyStore) -> None:
        at_default = {field.name for field in attrs.fields(User) if getattr(FULL, field.name) == field.default}
        assert at_default == {"version"}
        await keep(store, FULL)

        found = await read_back(store, lambda s: s.users.find(FULL.id))

        assert found == FULL
        # addresses compare equal in any spelling, so the stored spelling is compared as well
        assert found is not None
        assert found.email.address == "Jane.Doe+Accounts@example.org"
        assert found.pending_email is not None
        assert found.pending_email.address == "Jane@elsewhere.example"
        assert found.status is UserStatus.DEACTIVATED

    async def test_a_unit_sees_the_user_that_it_added(self, store: AnyStore) -> None:
        async with store.begin() as work:
            await work.users.add(FULL)

            assert await work.users.get(FULL.id) == FULL
            assert await work.users.find(FULL.id) == FULL
            assert await work.users.find_by_email(FULL.email) == FULL
            assert await work.users.find_by_customer("cus_1") == FULL

    @pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
    async def test_a_name_comes_back_as_it_was_written(self, store: AnyStore, name: str) -> None:
        await keep(store, a_user(name=name))

        found = await read_back(store, lambda s: s.users.find(UserId(1)))

        assert found is not None
        assert found.name == name

    async def test_times_come_back_equal_and_in_utc_whatever_their_zone_was(self, store: AnyStore) -> None:
        zone = timezone(timedelta(hours=5, minutes=45))
        in_nepal = datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=zone)
        await keep(store, a_user(created_at=in_nepal, email_verified_at=in_nepal))

        found = await read_back(store, lambda s: s.users.find(UserId(1)))

        assert found is not None
        assert found.created_at == found.email_verified_at == in_nepal
        assert found.created_at.utcoffset() == timedelta(0)

    async def test_there_is_no_user_by_an_unknown_id_or_address(self, store: AnyStore) -> None:
        await keep(store, a_user())

        assert await read_back(store, lambda s: s.users.find(UserId(2))) is None
        assert await read_back(store, lambda s: s.users.find_by_email(EmailAddress("nobody@example.org"))) is None

    @pytest.mark.parametrize("lock", [False, True])
    async def test_get_raises_not_found_for_an_unknown_id(self, store: AnyStore, lock: bool) -> None:
        async with store.begin() as work:
            with pytest.raises(NotFound):
                await work.users.get(UserId(1), lock=lock)

    async def test_a_saved_change_is_there_with_a_new_version(self, store: AnyStore) -> None:
        await keep(store, a_user())
        async with store.begin() as work:
            before = await work.users.get(UserId(1))
            saved = await work.users.save(before.rename("Mary Major", at=at(1)))

            assert await work.users.get(UserId(1)) == saved

        assert saved == attrs.evolve(before, name="Mary Major", updated_at=at(1), version=saved.version)
        assert saved.version != before.version
        assert await read_back(store, lambda s: s.users.find(UserId(1))) == saved

    async def test_what_save_returned_can_be_saved_again(self, store: AnyStore) -> None:
        await keep(store, a_user())
        async with store.begin() as work:
            once = await work.users.save((await work.users.get(UserId(1))).with_balance(100))
            twice = await work.users.save(once.with_balance(200))

        assert await read_back(store, lambda s: s.users.find(UserId(1))) == twice
        assert twice.balance == 200

    async def test_a_stale_save_is_a_conflict_and_changes_nothing(self, store: AnyStore) -> None:
        await keep(store, a_user())
        stale = await read_back(store, lambda s: s.users.find(UserId(1)))
        assert stale is not None
        async with store.begin() as work:
            newer = await work.users.save(stale.rename("First", at=at(1)))

        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.users.save(stale.rename("Second", at=at(2)))

        assert await read_back(store, lambda s: s.users.find(UserId(1))) == newer

    async def test_a_stale_save_is_a_conflict_within_one_unit_too(self, store: AnyStore) -> None:
        await keep(store, a_user())

        with pytest.raises(Conflict):
            async with store.begin() as work:
                user = await work.users.get(UserId(1))
                await work.users.save(user.with_balance(1))
                await work.users.save(user.with_balance(2))

        assert await read_back(store, lambda s: s.users.find(UserId(1))) == a_user()

    async def test_saving_a_user_who_is_gone_is_a_conflict(self, store: AnyStore) -> None:
        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.users.save(a_user())

        assert await read_back(store, lambda s: s.users.find(UserId(1))) is None

    async def test_a_removed_user_is_gone_and_the_address_is_free(self, store: AnyStore) -> None:
        await keep(store, a_user(1), a_user(2))
        async with store.begin() as work:
            await work.users.delete(UserId(1))

            assert await work.users.find(UserId(1)) is None
            assert await work.users.find_by_email(EmailAddress("user1@example.org")) is None

        assert await read_back(store, lambda s: s.users.find(UserId(1))) is None
        assert await read_back(store, lambda s: s.users.find(UserId(2))) == a_user(2)
        await keep(store, a_user(3, email=EmailAddress("user1@example.org")))

    async def test_removing_a_user_who_is_not_there_changes_nothing(self, store: AnyStore) -> None:
        await keep(store, a_user(2))

        async with store.begin() as work:
            await work.users.delete(UserId(1))
            await work.users.delete(UserId(1))

        assert await read_back(store, lambda s: s.users.find(UserId(2))) == a_user(2)

    async def test_an_id_is_never_handed_out_twice_not_even_after_its_user_was_removed(self, store: AnyStore) -> None:
        handed_out: list[UserId] = []
        for _ in range(3):
            async with store.begin() as work:
                handed_out += [await work.users.next_id(), await work.users.next_id()]
                await work.users.add(a_user(handed_out[-1]))
            async with store.begin() as work:
                await work.users.delete(handed_out[-1])

        assert len(set(handed_out)) == len(handed_out)
        assert min(handed_out) >= 1

    async def test_concurrent_units_never_get_the_same_id(self, store: AnyStore, concurrently: Concurrently) -> None:
        async def register() -> UserId:
            async with store.begin() as work:
                user_id = await work.users.next_id()
                await work.users.add(a_user(user_id))
                return user_id

        ids = await concurrently(*[register] * 8)

        assert failures(ids) == []
        assert len(set(ids)) == 8
