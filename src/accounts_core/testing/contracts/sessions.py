from datetime import datetime, timedelta, timezone

import attrs
import pytest

from accounts_core.errors import Conflict
from accounts_core.model.ids import UserId
from accounts_core.model.payment_method import Cards
from accounts_core.model.secret_values import TokenDigest
from accounts_core.model.session import MAX_USER_AGENT, Session
from accounts_core.model.times import CLOCK_SKEW
from accounts_core.model.user import User
from accounts_core.testing.builders import NOON, a_card, a_session, a_user, at, digest_of_session
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore, keep, read_back


async def resolve(store: AnyStore, id: str) -> tuple[Session, User] | None:
    return await read_back(store, lambda s: s.sessions.resolve(digest_of_session(id)))


class SessionsContract(StoreContract):
    """`Sessions` and `SessionReader`."""

    @pytest.mark.parametrize("user_agent", [None, "x" * MAX_USER_AGENT, "Браузер/1.0 🦊"])
    async def test_a_digest_resolves_to_session_and_user_with_every_field(
        self, store: AnyStore, user_agent: str | None
    ) -> None:
        session = a_session(last_used_at=at(1), expires_at=at(2), user_agent=user_agent)
        await keep(store, a_user(1), a_user(2), session, a_session("ses_other", 2))

        assert await resolve(store, session.id) == (session, a_user(1))

    async def test_a_unit_resolves_the_session_that_it_added(self, store: AnyStore) -> None:
        await keep(store, a_user())
        async with store.begin() as work:
            await work.sessions.add(a_session())

            assert await work.sessions.resolve(digest_of_session("ses_1")) == (a_session(), a_user())
            assert await work.sessions.resolve_with_cards(digest_of_session("ses_1")) == (
                a_session(),
                a_user(),
                Cards(),
            )

    @pytest.mark.parametrize(
        "unknown",
        [digest_of_session("ses_2"), TokenDigest(b""), TokenDigest(bytes(32))],
        ids=["another", "empty", "zeros"],
    )
    async def test_an_unknown_digest_resolves_to_nothing(self, store: AnyStore, unknown: TokenDigest) -> None:
        await keep(store, a_user(), a_session())

        assert await read_back(store, lambda s: s.sessions.resolve(unknown)) is None
        assert await read_back(store, lambda s: s.sessions.resolve_with_cards(unknown)) is None

    async def test_resolving_tells_the_user_as_it_is_now(self, store: AnyStore) -> None:
        await keep(store, a_user(), a_session())
        async with store.begin() as work:
            changed = await work.users.save((await work.users.get(UserId(1))).deactivate(at=at(1)))

        assert await resolve(store, "ses_1") == (
            a_session(),
            changed,
        )

    async def test_resolving_with_cards_brings_every_card_of_that_user_and_no_other(self, store: AnyStore) -> None:
        older, newer = a_card("pm_1", is_default=True), a_card("pm_2", verified_at=at(1))
        await keep(store, a_user(1), a_user(2), a_session(), older, newer, a_card("pm_3", 2, is_default=True))

        found = await read_back(store, lambda s: s.sessions.resolve_with_cards(digest_of_session("ses_1")))

        assert found == (a_session(), a_user(1), Cards([older, newer]))

    async def test_an_expired_session_resolves_too(self, store: AnyStore) -> None:
        # the policy decides whether the session has expired, not the store
        expired = a_session(expires_at=NOON - timedelta(days=365))
        await keep(store, a_user(), expired)

        assert await resolve(store, expired.id) == (expired, a_user())

    async def test_a_session_of_nobody_is_a_conflict(self, store: AnyStore) -> None:
        with pytest.raises(Conflict):
            await keep(store, a_session(user_id=9))

        assert await resolve(store, "ses_1") is None

    async def test_two_sessions_never_share_a_digest(self, store: AnyStore) -> None:
        await keep(store, a_user(), a_session("ses_1"))

        with pytest.raises(Conflict):
            await keep(store, a_session("ses_2", digest=digest_of_session("ses_1")))

        assert await resolve(store, "ses_1") == (
            a_session("ses_1"),
            a_user(),
        )

    async def test_touch_moves_the_last_use_and_nothing_else(self, store: AnyStore) -> None:
        await keep(store, a_user(), a_session("ses_1"), a_session("ses_2"))
        later = datetime(2026, 3, 1, 15, 0, 0, 7, tzinfo=timezone(timedelta(hours=2)))

        async with store.begin() as work:
            await work.sessions.touch("ses_1", at=later)

        assert await resolve(store, "ses_1") == (
            attrs.evolve(a_session("ses_1"), last_used_at=later),
            a_user(),
        )
        assert await resolve(store, "ses_2") == (
            a_session("ses_2"),
            a_user(),
        )

    async def test_touch_never_moves_the_last_use_back(self, store: AnyStore) -> None:
        session = a_session(last_used_at=at(5))
        await keep(store, a_user(), session)

        async with store.begin() as work:
            await work.sessions.touch("ses_1", at=at(4))

        assert await resolve(store, session.id) == (session, a_user())

    @pytest.mark.parametrize(("ahead", "moves"), [(CLOCK_SKEW, False), (CLOCK_SKEW + timedelta(microseconds=1), True)])
    async def test_a7_touch_sets_a_last_use_back_that_lies_in_the_future(
        self, store: AnyStore, ahead: timedelta, moves: bool
    ) -> None:
        session = a_session(last_used_at=at(5) + ahead)
        await keep(store, a_user(), session)

        async with store.begin() as work:
            await work.sessions.touch("ses_1", at=at(5))

        expected = attrs.evolve(session, last_used_at=at(5)) if moves else session
        assert await resolve(store, session.id) == (expected, a_user())

    async def test_a7_sessions_from_the_future_are_dated_anew_and_no_others(self, store: AnyStore) -> None:
        present, ahead = (
            a_session("ses_1", created_at=at(5)),
            a_session("ses_2", created_at=at(5.001), last_used_at=at(9)),
        )
        await keep(store, a_user(), present, ahead)

        async with store.begin() as work:
            count = await work.sessions.correct_times(after=at(5), created_at=at(1), used_at=at(4), expires_at=at(90))

        assert count == 1
        assert await resolve(store, "ses_1") == (present, a_user())
        dated = attrs.evolve(ahead, created_at=at(1), last_used_at=at(4), expires_at=at(90))
        assert await resolve(store, "ses_2") == (dated, a_user())

    async def test_touching_a_session_that_is_gone_changes_nothing(self, store: AnyStore) -> None:
        async with store.begin() as work:
            await work.sessions.touch("ses_1", at=at(1))

        assert await resolve(store, "ses_1") is None

    async def test_a_removed_session_resolves_no_more_and_removing_it_again_is_fine(self, store: AnyStore) -> None:
        await keep(store, a_user(), a_session("ses_1"), a_session("ses_2"))
        for _ in range(2):
            async with store.begin() as work:
                await work.sessions.delete("ses_1")

                assert await work.sessions.resolve(digest_of_session("ses_1")) is None

        assert await resolve(store, "ses_1") is None
        assert await resolve(store, "ses_2") == (
            a_session("ses_2"),
            a_user(),
        )

    async def test_count_for_user_counts_what_delete_for_user_deletes_with_expired_ones(self, store: AnyStore) -> None:
        expired = a_session("ses_2", expires_at=NOON - timedelta(days=1))
        await keep(store, a_user(1), a_user(2), a_session("ses_1"), expired, a_session("ses_other", 2))

        async with store.begin() as work:
            assert await work.sessions.count_for_user(UserId(1)) == 2
            assert await work.sessions.delete_for_user(UserId(1)) == 2
            assert await work.sessions.count_for_user(UserId(1)) == 0
            assert await work.sessions.delete_for_user(UserId(1)) == 0

        for gone in ("ses_1", "ses_2"):
            assert await resolve(store, gone) is None
        kept = await resolve(store, "ses_other")
        assert kept == (a_session("ses_other", 2), a_user(2))

    async def test_delete_for_user_keeps_the_one_passed_as_keep(self, store: AnyStore) -> None:
        await keep(store, a_user(), *[a_session(f"ses_{n}") for n in range(3)])

        async with store.begin() as work:
            assert await work.sessions.delete_for_user(UserId(1), keep="ses_1") == 2

        left = [n for n in range(3) if await resolve(store, f"ses_{n}")]
        assert left == [1]

    async def test_delete_for_user_ends_every_session_when_the_one_to_keep_is_not_the_users(
        self, store: AnyStore
    ) -> None:
        await keep(store, a_user(1), a_user(2), a_session("ses_1"), a_session("ses_other", 2))

        async with store.begin() as work:
            assert await work.sessions.delete_for_user(UserId(1), keep="ses_other") == 1

        kept = await resolve(store, "ses_other")
        assert kept == (a_session("ses_other", 2), a_user(2))

    async def test_sessions_are_listed_the_newest_sign_in_first(self, store: AnyStore) -> None:
        first, second = a_session("ses_2", created_at=at(0)), a_session("ses_1", created_at=at(1))
        await keep(store, a_user(1), a_user(2), first, second, a_session("ses_3", 2))

        assert await read_back(store, lambda s: s.sessions.list_for_user(UserId(1), limit=99)) == [second, first]
        assert await read_back(store, lambda s: s.sessions.list_for_user(UserId(3), limit=99)) == []

    async def test_the_oldest_beyond_a_number_end(self, store: AnyStore) -> None:
        """Ignore when the sessions were last used."""
        own = [a_session(f"ses_{n}", created_at=at(n), last_used_at=at(9 - n)) for n in range(4)]
        await keep(store, a_user(1), a_user(2), *own, a_session("ses_9", 2, created_at=at(-9)))
        async with store.begin() as work:
            await work.sessions.delete_oldest_for_user(UserId(1), keep=2)

        assert await read_back(store, lambda s: s.sessions.list_for_user(UserId(1), limit=99)) == [own[3], own[2]]
        assert len(await read_back(store, lambda s: s.sessions.list_for_user(UserId(2), limit=99))) == 1

    async def test_a_session_is_found_by_its_id_expired_or_not(self, store: AnyStore) -> None:
        over = a_session("ses_1", expires_at=at(-1))
        await keep(store, a_user(1), over)

        assert await read_back(store, lambda s: s.sessions.find("ses_1")) == over
        assert await read_back(store, lambda s: s.sessions.find("ses_2")) is None
