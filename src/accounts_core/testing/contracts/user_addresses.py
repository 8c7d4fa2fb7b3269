from functools import partial

import pytest

from accounts_core.errors import EmailTaken
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.model.user import User
from accounts_core.testing.builders import a_user, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore, Concurrently, failures, keep, read_back


class UserAddressesContract(StoreContract):
    """`Users` and `UserReader`: an address belongs to one user, in any spelling."""

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
        await keep(store, a_user(email=EmailAddress(address)))

        found = await read_back(store, lambda s: s.users.find_by_email(EmailAddress(address)))

        assert found is not None
        assert found.email.address == address

    @pytest.mark.parametrize("spelling", ["jane@example.org", "JANE@EXAMPLE.ORG", "Jane@example.org"])
    async def test_a_user_is_found_by_any_spelling_of_the_address(self, store: AnyStore, spelling: str) -> None:
        user = a_user(email=EmailAddress("Jane@Example.org"))
        await keep(store, user)

        assert await read_back(store, lambda s: s.users.find_by_email(EmailAddress(spelling))) == user

    @pytest.mark.parametrize("local", ["a", "m", "z"])
    async def test_an_address_that_nobody_has_finds_nobody_wherever_it_would_stand(
        self, store: AnyStore, local: str
    ) -> None:
        """Look up addresses that sort before, between and after the existing ones."""
        await keep(
            store, *[a_user(n, email=EmailAddress(f"{taken}@example.org")) for n, taken in enumerate("bly", start=1)]
        )

        assert await read_back(store, lambda s: s.users.find_by_email(EmailAddress(f"{local}@example.org"))) is None

    async def test_where_there_is_nobody_nobody_is_found(self, store: AnyStore) -> None:
        assert await read_back(store, lambda s: s.users.find_by_email(EmailAddress("jane@example.org"))) is None
        assert await read_back(store, lambda s: s.users.find_by_customer("cus_1")) is None

    async def test_a_pending_address_finds_nobody(self, store: AnyStore) -> None:
        await keep(store, a_user(pending_email=EmailAddress("next@example.org")))

        assert await read_back(store, lambda s: s.users.find_by_email(EmailAddress("next@example.org"))) is None

    async def test_two_users_may_be_waiting_for_the_same_address(self, store: AnyStore) -> None:
        wanted = EmailAddress("next@example.org")
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
        first = a_user(1, email=EmailAddress(taken))
        await keep(store, first)

        with pytest.raises(EmailTaken):
            await keep(store, a_user(2, email=EmailAddress(wanted)))

        assert await read_back(store, lambda s: s.users.find(UserId(2))) is None
        assert await read_back(store, lambda s: s.users.find_by_email(EmailAddress(wanted))) == first

    async def test_addresses_that_only_look_alike_are_two(self, store: AnyStore) -> None:
        # CVE-2019-19844: the dotless i must never be matched with i
        dotted, dotless = (
            a_user(1, email=EmailAddress("mike@example.org")),
            a_user(2, email=EmailAddress("m\u0131ke@example.org")),
        )

        await keep(store, dotted, dotless)

        assert await read_back(store, lambda s: s.users.find_by_email(dotted.email)) == dotted
        assert await read_back(store, lambda s: s.users.find_by_email(dotless.email)) == dotless

    async def test_save_raises_email_taken_for_the_address_of_another(self, store: AnyStore) -> None:
        await keep(store, a_user(1), a_user(2))

        with pytest.raises(EmailTaken):
            async with store.begin() as work:
                second = await work.users.get(UserId(2))
                await work.users.save(second.change_email(EmailAddress("USER1@example.org"), at=at(1)))

        assert await read_back(store, lambda s: s.users.find(UserId(2))) == a_user(2)

    async def test_an_address_that_was_given_up_is_free(self, store: AnyStore) -> None:
        await keep(store, a_user(1))
        async with store.begin() as work:
            first = await work.users.get(UserId(1))
            await work.users.save(first.change_email(EmailAddress("moved@example.org"), at=at(1)))
        second = a_user(2, email=EmailAddress("user1@example.org"))

        await keep(store, second)

        assert await read_back(store, lambda s: s.users.find_by_email(EmailAddress("user1@example.org"))) == second

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
        outcomes = await concurrently(*[partial(_register, store, EmailAddress(spelling)) for spelling in spellings])

        winners = [outcome for outcome in outcomes if isinstance(outcome, User)]
        assert len(winners) == 1
        assert {type(error) for error in failures(outcomes)} == {EmailTaken}
        assert await read_back(store, lambda s: s.users.find_by_email(EmailAddress("jane@example.org"))) == winners[0]


async def _register(store: AnyStore, email: EmailAddress) -> User:
    async with store.begin() as work:
        user = a_user(await work.users.next_id(), email=email)
        await work.users.add(user)
    return user
