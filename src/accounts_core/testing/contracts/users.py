from datetime import datetime, timedelta, timezone
from functools import partial

import attrs
import pytest

from accounts_core.errors import Conflict, EmailTaken, NotFound
from accounts_core.model.email import Email
from accounts_core.model.ids import UserId
from accounts_core.model.text import MAX_LINE
from accounts_core.model.user import User, UserStatus
from accounts_core.testing.builders import a_user, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore, Concurrently, failures, keep, read_back

FULL = a_user(
    name="Jane Doe",
    status=UserStatus.DEACTIVATED,
    email=Email("Jane.Doe+Accounts@example.org"),
    email_verified_at=at(1),
    pending_email=Email("Jane@elsewhere.example"),
    balance=-1250,
    customer_id="cus_1",
    lost_customers=2,
    updated_at=at(2),
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
    """`Users` and `UserReads`."""

    async def test_a_user_comes_back_with_every_field(self, store: AnyStore) -> None:
        await keep(store, FULL)

        found = await read_back(store, lambda s: s.users.find(FULL.id))

        assert found == FULL
        # Emails are equal when they identify the same account; how it was typed has to come back, too
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

    @pytest.mark.parametrize(
        "address",
        [
            f"{'l' * 64}@{'d' * 63}.{'e' * 63}.{'f' * 57}.org",
            "jøran@example.org",
            "δοκιμή@xn--hxajbheg2az3al.xn--jxalpdlp",
            "plus+tag.and.dots@example.org",
        ],
        ids=["longest", "Latin letters beyond ASCII", "Greek letters", "plus and dots"],
    )
    async def test_an_address_comes_back_as_it_was_typed(self, store: AnyStore, address: str) -> None:
        await keep(store, a_user(email=Email(address)))

        found = await read_back(store, lambda s: s.users.find_by_email(Email(address)))

        assert found is not None
        assert found.email.address == address

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
        assert await read_back(store, lambda s: s.users.find_by_email(Email("nobody@example.org"))) is None

    @pytest.mark.parametrize("lock", [False, True])
    async def test_get_raises_not_found_for_an_unknown_id(self, store: AnyStore, lock: bool) -> None:
        async with store.begin() as work:
            with pytest.raises(NotFound):
                await work.users.get(UserId(1), lock=lock)

    @pytest.mark.parametrize("spelling", ["jane@example.org", "JANE@EXAMPLE.ORG", "Jane@example.org"])
    async def test_a_user_is_found_by_any_spelling_of_the_address(self, store: AnyStore, spelling: str) -> None:
        user = a_user(email=Email("Jane@Example.org"))
        await keep(store, user)

        assert await read_back(store, lambda s: s.users.find_by_email(Email(spelling))) == user

    @pytest.mark.parametrize("local", ["a", "m", "z"])
    async def test_an_address_that_nobody_has_finds_nobody_wherever_it_would_stand(
        self, store: AnyStore, local: str
    ) -> None:
        """Before everybody, among them, and after them."""
        await keep(store, *[a_user(n, email=Email(f"{taken}@example.org")) for n, taken in enumerate("bly", start=1)])

        assert await read_back(store, lambda s: s.users.find_by_email(Email(f"{local}@example.org"))) is None

    async def test_where_there_is_nobody_nobody_is_found(self, store: AnyStore) -> None:
        assert await read_back(store, lambda s: s.users.find_by_email(Email("jane@example.org"))) is None
        assert await read_back(store, lambda s: s.users.find_by_customer("cus_1")) is None

    async def test_a_pending_address_finds_nobody(self, store: AnyStore) -> None:
        await keep(store, a_user(pending_email=Email("next@example.org")))

        assert await read_back(store, lambda s: s.users.find_by_email(Email("next@example.org"))) is None

    async def test_two_users_may_be_waiting_for_the_same_address(self, store: AnyStore) -> None:
        wanted = Email("next@example.org")
        first, second = a_user(1, pending_email=wanted), a_user(2, pending_email=wanted)

        await keep(store, first, second)

        assert await read_back(store, lambda s: s.users.find(UserId(1))) == first
        assert await read_back(store, lambda s: s.users.find(UserId(2))) == second

    @pytest.mark.parametrize(
        ("taken", "wanted"),
        [
            ("jane@example.org", "jane@example.org"),
            ("jane@example.org", "JANE@EXAMPLE.ORG"),
            ("jane@example.org", "\uff4aane@example.org"),  # fullwidth j
            ("mike@example.org", "mi\u212ae@example.org"),  # Kelvin sign
            ("jos\u00e9@example.org", "jose\u0301@EXAMPLE.org"),
        ],
        ids=["same", "case", "fullwidth", "Kelvin", "decomposed"],
    )
    async def test_no_two_users_have_one_address_in_any_spelling(
        self, store: AnyStore, taken: str, wanted: str
    ) -> None:
        first = a_user(1, email=Email(taken))
        await keep(store, first)

        with pytest.raises(EmailTaken):
            await keep(store, a_user(2, email=Email(wanted)))

        assert await read_back(store, lambda s: s.users.find(UserId(2))) is None
        assert await read_back(store, lambda s: s.users.find_by_email(Email(wanted))) == first

    async def test_addresses_that_only_look_alike_are_two(self, store: AnyStore) -> None:
        # CVE-2019-19844: the dotless i must never be matched with i
        dotted, dotless = a_user(1, email=Email("mike@example.org")), a_user(2, email=Email("m\u0131ke@example.org"))

        await keep(store, dotted, dotless)

        assert await read_back(store, lambda s: s.users.find_by_email(dotted.email)) == dotted
        assert await read_back(store, lambda s: s.users.find_by_email(dotless.email)) == dotless

    async def test_save_raises_email_taken_for_the_address_of_another(self, store: AnyStore) -> None:
        await keep(store, a_user(1), a_user(2))

        with pytest.raises(EmailTaken):
            async with store.begin() as work:
                second = await work.users.get(UserId(2))
                await work.users.save(second.change_email(Email("USER1@example.org"), at=at(1)))

        assert await read_back(store, lambda s: s.users.find(UserId(2))) == a_user(2)

    async def test_an_address_that_was_given_up_is_free(self, store: AnyStore) -> None:
        await keep(store, a_user(1))
        async with store.begin() as work:
            first = await work.users.get(UserId(1))
            await work.users.save(first.change_email(Email("moved@example.org"), at=at(1)))
        second = a_user(2, email=Email("user1@example.org"))

        await keep(store, second)

        assert await read_back(store, lambda s: s.users.find_by_email(Email("user1@example.org"))) == second

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
            once = await work.users.save((await work.users.get(UserId(1))).owe(100))
            twice = await work.users.save(once.owe(200))

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
                await work.users.save(user.owe(1))
                await work.users.save(user.owe(2))

        assert await read_back(store, lambda s: s.users.find(UserId(1))) == a_user()

    async def test_saving_a_user_who_is_gone_is_a_conflict(self, store: AnyStore) -> None:
        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.users.save(a_user())

        assert await read_back(store, lambda s: s.users.find(UserId(1))) is None

    async def test_a_removed_user_is_gone_and_the_address_is_free(self, store: AnyStore) -> None:
        await keep(store, a_user(1), a_user(2))
        async with store.begin() as work:
            await work.users.remove(UserId(1))

            assert await work.users.find(UserId(1)) is None
            assert await work.users.find_by_email(Email("user1@example.org")) is None

        assert await read_back(store, lambda s: s.users.find(UserId(1))) is None
        assert await read_back(store, lambda s: s.users.find(UserId(2))) == a_user(2)
        await keep(store, a_user(3, email=Email("user1@example.org")))

    async def test_removing_a_user_who_is_not_there_changes_nothing(self, store: AnyStore) -> None:
        await keep(store, a_user(2))

        async with store.begin() as work:
            await work.users.remove(UserId(1))
            await work.users.remove(UserId(1))

        assert await read_back(store, lambda s: s.users.find(UserId(2))) == a_user(2)

    async def test_an_id_is_never_handed_out_twice_not_even_after_its_user_was_removed(self, store: AnyStore) -> None:
        handed_out: list[UserId] = []
        for _ in range(3):
            async with store.begin() as work:
                handed_out += [await work.users.next_id(), await work.users.next_id()]
                await work.users.add(a_user(handed_out[-1]))
            async with store.begin() as work:
                await work.users.remove(handed_out[-1])

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

    @pytest.mark.parametrize(
        "spellings",
        [
            ["jane@example.org"] * 8,
            ["jane@example.org", "JANE@example.org", "\uff4aane@example.org", "Jane@EXAMPLE.org"],
        ],
        ids=["one spelling", "several spellings"],
    )
    async def test_of_many_who_want_one_address_at_once_exactly_one_gets_it(
        self, store: AnyStore, concurrently: Concurrently, spellings: list[str]
    ) -> None:
        outcomes = await concurrently(*[partial(_register, store, Email(spelling)) for spelling in spellings])

        winners = [outcome for outcome in outcomes if isinstance(outcome, User)]
        assert len(winners) == 1
        assert {type(error) for error in failures(outcomes)} == {EmailTaken}
        assert await read_back(store, lambda s: s.users.find_by_email(Email("jane@example.org"))) == winners[0]


async def _register(store: AnyStore, email: Email) -> User:
    async with store.begin() as work:
        user = a_user(await work.users.next_id(), email=email)
        await work.users.add(user)
    return user
