from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from accounts_core.errors import Conflict, Invalid
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.payment_method import Cards
from accounts_core.model.secret_values import PasswordHash
from accounts_core.model.verification import Event
from accounts_core.ports.store import Reader, UnitOfWork
from accounts_core.testing.builders import (
    NOON,
    a_card,
    a_job,
    a_membership,
    a_notification,
    a_session,
    a_team,
    a_user,
    a_verification,
    an_interaction,
    an_invitation,
    at,
    digest_of_session,
)
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.contracts.sessions import resolve
from accounts_core.testing.harness import AnyStore, Concurrently, failures, keep, read_back

JANE, MARY = UserId(1), UserId(2)
GUEST = EmailAddress("guest@example.org")


class Stop(BaseException):
    """A `BaseException`, like those raised in a cancelled task or at the exit of a program."""


async def populate(store: AnyStore) -> None:
    await keep(store, a_user(JANE, customer_id="cus_1"), a_user(MARY), a_session(), a_card(is_default=True))
    await keep(store, a_verification(customer_id="cus_1"), a_notification(), a_team(), a_membership(), a_job())
    await keep(store, an_invitation(email=GUEST), an_interaction())


async def everything(reader: Reader) -> list[Any]:
    """Read from every table that `change_everything` changes."""
    return [
        await reader.users.find(JANE),
        await reader.users.find(UserId(3)),
        await reader.users.find_by_email(EmailAddress("moved@example.org")),
        await reader.users.find_by_customer("cus_1"),
        await reader.sessions.resolve(digest_of_session("ses_1")),
        await reader.sessions.resolve(digest_of_session("ses_2")),
        await reader.payment_methods.list_for_user(JANE),
        await reader.verifications.find("ver_1"),
        await reader.verifications.find("ver_2"),
        list(await reader.verifications.list_open_for_customer("cus_1")),
        list(await reader.notifications.list_for_user(JANE, limit=99)),
        await reader.teams.find_view(TeamId(1), JANE),
        list(await reader.teams.list_members(TeamId(1), limit=9)),
        list(await reader.teams.list_invitations_to(GUEST, limit=9)),
        list(await reader.teams.list_interactions(TeamId(1), limit=9)),
        await reader.outbox.find("job_1"),
        await reader.outbox.find("job_2"),
        list(await reader.outbox.list(limit=9)),
    ]


async def change_everything(work: UnitOfWork) -> None:
    """Add, change or delete a row in every table."""
    jane = await work.users.get(JANE)
    await work.users.save(jane.change_email(EmailAddress("moved@example.org"), at=at(1)))
    await work.users.add(a_user(3))
    await work.sessions.delete("ses_1")
    await work.sessions.add(a_session("ses_2"))
    await work.payment_methods.save(JANE, Cards().add(a_card("pm_2")))
    verification = await work.verifications.find("ver_1")
    assert verification is not None
    await work.verifications.save(verification.on(Event.ABANDONED, at=at(1)))
    await work.verifications.add(a_verification("ver_2"))
    await work.notifications.mark_all_read(JANE, at=at(1))
    await work.notifications.add(a_notification("ntf_2"))
    await work.teams.save((await work.teams.get(TeamId(1))).hand_over(MARY))
    await work.teams.delete_member(TeamId(1), MARY)
    await work.teams.delete_invitation("inv_1")
    await work.teams.disassociate(JANE)
    await work.outbox.claim(now=NOON, until=at(5), lease="lse_1", limit=1)
    await work.outbox.add(a_job("job_2"))
    assert await work.provider_events.add("evt_1", at=NOON)


class TransactionsContract(StoreContract):
    """`Store.begin` and `Store.reader`: units of work are atomic and isolated, and no update is lost."""

    async def test_a_store_of_its_own_commits(self, store: AnyStore) -> None:
        assert store.commits is True

    async def test_a_clean_exit_keeps_everything(self, store: AnyStore) -> None:
        await populate(store)
        before = await read_back(store, everything)
        async with store.begin() as work:
            await change_everything(work)
            inside = await everything(work)

        after = await read_back(store, everything)

        assert after == inside
        assert all(now != then for now, then in zip(after, before, strict=True))

    @pytest.mark.parametrize("error", [ZeroDivisionError, Conflict, Stop])
    async def test_an_exception_leaves_nothing_and_comes_through(
        self, store: AnyStore, error: type[BaseException]
    ) -> None:
        await populate(store)
        before = await read_back(store, everything)

        with pytest.raises(error):
            async with store.begin() as work:
                await change_everything(work)
                raise error

        assert await read_back(store, everything) == before

    async def test_after_a_rollback_the_same_can_be_done_again(self, store: AnyStore) -> None:
        await populate(store)
        with pytest.raises(ZeroDivisionError):
            async with store.begin() as work:
                await work.users.get(JANE, lock=True)
                await change_everything(work)
                raise ZeroDivisionError

        async with store.begin() as work:
            await work.users.get(JANE, lock=True)
            await change_everything(work)
            expected = await everything(work)

        assert await read_back(store, everything) == expected

    async def test_what_is_not_committed_is_seen_by_nobody_else(self, store: AnyStore) -> None:
        await populate(store)
        before = await read_back(store, everything)

        async with store.begin() as work:
            await change_everything(work)
            async with store.reader() as reader:
                assert await everything(reader) == before

        assert await read_back(store, everything) != before

    async def test_open_views_see_what_was_committed_meanwhile(self, store: AnyStore) -> None:
        await keep(store, a_user(JANE))
        async with store.reader() as reader:
            assert await reader.users.find(MARY) is None
            await keep(store, a_user(MARY))

            assert await reader.users.find(MARY) == a_user(MARY)

    async def test_a_unit_that_does_nothing_changes_nothing(self, store: AnyStore) -> None:
        await populate(store)
        before = await read_back(store, everything)

        async with store.begin():
            pass

        assert await read_back(store, everything) == before

    @pytest.mark.parametrize("text", ["a\0b", "a\ud800b"], ids=["NUL", "a lone surrogate"])
    @pytest.mark.parametrize(
        "put",
        [
            lambda work, text: work.users.save(a_user(JANE, password_hash=PasswordHash(text))),
            lambda work, text: work.sessions.add(a_session(user_agent=text)),
            lambda work, text: work.payment_methods.save(JANE, Cards([a_card(metadata={"order": text})])),
            lambda work, text: work.verifications.add(a_verification(idempotency_key=text)),
            lambda work, text: work.notifications.add(a_notification(message=text)),
            lambda work, text: work.teams.add(a_team(name=text)),
            lambda work, text: work.outbox.add(a_job(payload={"to": text})),
            lambda work, text: work.outbox.add(a_job(payload={text: "to"})),
            lambda work, text: work.provider_events.add(text, at=NOON),
        ],
    )
    async def test_text_that_not_every_store_can_keep_is_refused_by_each(
        self, store: AnyStore, put: Callable[[UnitOfWork, str], Any], text: str
    ) -> None:
        await keep(store, a_user(JANE))
        with pytest.raises(Invalid):
            async with store.begin() as work:
                await put(work, text)

        assert await read_back(store, lambda s: s.users.find(JANE)) == a_user(JANE)
        assert list(await read_back(store, lambda s: s.outbox.list(limit=9))) == []

    async def test_units_at_once_never_see_what_another_rolls_back(
        self, store: AnyStore, concurrently: Concurrently
    ) -> None:
        await keep(store, a_user(JANE))

        async def think_better_of_it() -> None:
            async with store.begin() as work:
                jane = await work.users.get(JANE)
                assert jane.balance == 0
                await work.users.save(jane.with_balance(1))
                raise ZeroDivisionError

        async def look() -> int:
            async with store.begin() as work:
                return (await work.users.get(JANE)).balance

        outcomes = await concurrently(*[think_better_of_it, look] * 4)

        assert outcomes[1::2] == [0] * 4
        assert {type(error) for error in outcomes[::2]} <= {ZeroDivisionError, Conflict}

    @pytest.mark.parametrize("lock", [False, True], ids=["optimistic", "locked"])
    async def test_changes_at_once_are_counted_or_refused_never_lost(
        self, store: AnyStore, concurrently: Concurrently, lock: bool
    ) -> None:
        await keep(store, a_user(JANE))

        async def add_one() -> None:
            async with store.begin() as work:
                jane = await work.users.get(JANE, lock=lock)
                await work.users.save(jane.with_balance(jane.balance + 1))

        outcomes = await concurrently(*[add_one] * 8)

        done = outcomes.count(None)
        assert done >= 1
        assert {type(error) for error in failures(outcomes)} <= {Conflict}
        jane = await read_back(store, lambda s: s.users.find(JANE))
        assert jane is not None
        assert jane.balance == done

    async def test_what_moves_between_two_locked_users_neither_grows_nor_shrinks(
        self, store: AnyStore, concurrently: Concurrently
    ) -> None:
        await keep(store, a_user(JANE, balance=1000), a_user(MARY, balance=1000))

        async def move(amount: int) -> None:
            async with store.begin() as work:
                jane = await work.users.get(JANE, lock=True)
                mary = await work.users.get(MARY, lock=True)
                assert jane.balance + mary.balance == 2000
                await work.users.save(jane.with_balance(jane.balance - amount))
                await work.users.save(mary.with_balance(mary.balance + amount))

        amounts = [1, 10, 100, -2, -20, -200]
        outcomes = await concurrently(*[partial(move, amount) for amount in amounts])

        assert {type(error) for error in failures(outcomes)} <= {Conflict}
        moved = sum(amount for amount, outcome in zip(amounts, outcomes, strict=True) if outcome is None)
        jane = await read_back(store, lambda s: s.users.find(JANE))
        mary = await read_back(store, lambda s: s.users.find(MARY))
        assert jane is not None
        assert mary is not None
        assert (jane.balance, mary.balance) == (1000 - moved, 1000 + moved)

    @pytest.mark.parametrize(
        "lock",
        [lambda work: work.users.get(JANE, lock=True), lambda work: work.teams.get(TeamId(1), lock=True)],
        ids=["user", "team"],
    )
    async def test_a_lock_shuts_out_others_who_lock_and_change_something_else(
        self, store: AnyStore, concurrently: Concurrently, lock: Callable[[UnitOfWork], Any]
    ) -> None:
        await keep(store, a_user(JANE), a_team())

        async def open_the_only_one(id: str) -> None:
            async with store.begin() as work:
                await lock(work)
                if not await work.verifications.list_open_for_user(JANE):
                    await work.verifications.add(a_verification(id))

        outcomes = await concurrently(*[partial(open_the_only_one, f"ver_{n}") for n in range(6)])

        assert {type(error) for error in failures(outcomes)} <= {Conflict}
        async with store.begin() as work:
            assert len(await work.verifications.list_open_for_user(JANE)) == 1

    async def test_a_user_who_is_removed_never_leaves_a_session_that_began_meanwhile(
        self, store: AnyStore, concurrently: Concurrently
    ) -> None:
        await keep(store, a_user(JANE))

        async def remove() -> None:
            async with store.begin() as work:
                await work.sessions.delete_for_user(JANE)
                await work.users.delete(JANE)

        outcomes = await concurrently(
            remove, partial(keep, store, a_session("ses_1")), remove, partial(keep, store, a_session("ses_2"))
        )

        assert {type(error) for error in failures(outcomes)} <= {Conflict}
        jane = await read_back(store, lambda s: s.users.find(JANE))
        for n in (1, 2):
            assert jane is not None or await resolve(store, f"ses_{n}") is None
