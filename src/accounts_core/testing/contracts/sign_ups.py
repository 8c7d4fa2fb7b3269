from datetime import timedelta
from typing import Any

import attrs
import pytest

from accounts_core.errors import Conflict
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.model.secret_values import PasswordHash, TokenDigest
from accounts_core.model.sign_up import SignUp
from accounts_core.model.user import User
from accounts_core.testing.builders import NOON, a_profile, a_profile_data, a_session, a_team, a_user, an_invitation, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore, keep, read_back

JANE, MARY = UserId(1), UserId(2)
_TICK = timedelta(microseconds=1)


def a_sign_up(number: int = 1, **overrides: Any) -> SignUp:
    """Return a sign-up whose mail was not sent."""
    values: dict[str, Any] = {
        "id": f"sgn_{number}",
        "email": EmailAddress("Jane@example.org"),
        "name": "Jane Doe",
        "password_hash": PasswordHash(f"hash {number}"),
        "created_at": NOON,
        "expires_at": at(10),
    }
    return SignUp(**values | overrides)


class SignUpsContract(StoreContract):
    """`SignUps`."""

    async def test_a_sign_up_comes_back_with_every_field_by_id_and_by_digest(self, store: AnyStore) -> None:
        linked = a_sign_up(digest=TokenDigest(b"d" * 32), **a_profile(), profile_data=a_profile_data())
        async with store.begin() as work:
            await work.sign_ups.add(linked)
        async with store.begin() as work:
            by_id, by_digest = (
                await work.sign_ups.find("sgn_1"),
                await work.sign_ups.find_by_digest(TokenDigest(b"d" * 32)),
            )
            assert await work.sign_ups.find("sgn_2") is None
            assert await work.sign_ups.find_by_digest(TokenDigest(b"e" * 32)) is None

        assert by_id == by_digest == linked
        assert by_id is not None
        assert by_id.email.address == "Jane@example.org"

    async def test_a_sign_up_without_a_link_is_found_by_no_digest(self, store: AnyStore) -> None:
        async with store.begin() as work:
            await work.sign_ups.add(a_sign_up(1))
            await work.sign_ups.add(a_sign_up(2))
            assert await work.sign_ups.find_by_digest(TokenDigest(b"")) is None
        async with store.begin() as work:
            assert await work.sign_ups.find_by_digest(TokenDigest(b"")) is None

    async def test_saving_changes_the_link_and_nothing_else(self, store: AnyStore) -> None:
        async with store.begin() as work:
            await work.sign_ups.add(a_sign_up())
        async with store.begin() as work:
            await work.sign_ups.save(a_sign_up(name="Other").mail_link(TokenDigest(b"d" * 32), expires_at=at(20)))
        async with store.begin() as work:
            assert await work.sign_ups.find("sgn_1") == a_sign_up(digest=TokenDigest(b"d" * 32), expires_at=at(20))

    async def test_a_sign_up_that_is_gone_cannot_be_saved(self, store: AnyStore) -> None:
        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.sign_ups.save(a_sign_up())

    async def test_no_two_sign_ups_have_one_id_or_one_link(self, store: AnyStore) -> None:
        async with store.begin() as work:
            await work.sign_ups.add(a_sign_up(1, digest=TokenDigest(b"d" * 32)))
        for clash in (a_sign_up(1), a_sign_up(2, digest=TokenDigest(b"d" * 32))):
            with pytest.raises(Conflict):
                async with store.begin() as work:
                    await work.sign_ups.add(clash)

    async def test_sign_ups_are_deleted_by_id_and_by_address(self, store: AnyStore) -> None:
        other = a_sign_up(4, email=EmailAddress("john@example.org"))
        async with store.begin() as work:
            for sign_up in (a_sign_up(1), a_sign_up(2), a_sign_up(3), other):
                await work.sign_ups.add(sign_up)
        async with store.begin() as work:
            await work.sign_ups.delete("sgn_1")
            await work.sign_ups.delete("sgn_9")
        assert await left(store) == [2, 3, 4]
        async with store.begin() as work:
            await work.sign_ups.delete_for_email(EmailAddress("JANE@example.org"))
        assert await left(store) == [4]


class UnverifiedContract(StoreContract):
    """Unverified accounts in `Users`, and mails of invitations in `Teams` that wait for a verified address."""

    async def test_old_users_who_never_had_a_verified_address_are_listed_page_by_page(self, store: AnyStore) -> None:
        old = [a_user(n, email_verified_at=None, created_at=NOON) for n in (1, 2, 3)]
        others = (
            a_user(4, email_verified_at=None, created_at=at(1)),
            a_user(5, email_verified_at=NOON),
            a_user(6, email_verified_at=None, was_verified=True),
            a_user(7, email_verified_at=None, customer_id="cus_7"),
            a_user(8, email_verified_at=None),
        )
        await keep(store, *reversed(old), *others, a_session(user_id=UserId(8)))

        async def listed(**page: Any) -> list[User]:
            found = await read_back(store, lambda s: s.users.list_unverified(created_before=at(1), **page))
            return list(found)

        assert await listed(limit=9) == old
        assert await listed(limit=2) == old[:2]
        assert await listed(after=JANE, limit=9) == old[1:]
        assert await listed(after=UserId(3), limit=9) == []

    async def test_invitations_whose_mail_is_pending_are_listed_oldest_first_until_they_are_marked(
        self, store: AnyStore
    ) -> None:
        pending = [an_invitation(f"inv_{n}", created_at=at(n), is_mail_pending=True) for n in (1, 2, 3)]
        mailed = an_invitation("inv_4")
        others = an_invitation("inv_5", invited_by=MARY, is_mail_pending=True)
        await keep(store, a_user(JANE), a_user(MARY), a_team(1, JANE), *reversed(pending), mailed, others)

        async with store.begin() as work:
            assert list(await work.teams.list_unmailed_invitations_by(JANE, limit=9)) == pending
            assert list(await work.teams.list_unmailed_invitations_by(JANE, limit=2)) == pending[:2]
            assert await work.teams.mark_invitation_mailed("inv_1") is True
            assert await work.teams.mark_invitation_mailed("inv_1") is False
            assert await work.teams.mark_invitation_mailed("inv_4") is False
            assert await work.teams.mark_invitation_mailed("inv_9") is False
        async with store.begin() as work:
            assert list(await work.teams.list_unmailed_invitations_by(JANE, limit=9)) == pending[1:]
            view = await work.teams.find_invitation("inv_1")
            assert view is not None
            assert view.invitation == attrs.evolve(pending[0], is_mail_pending=False)


async def left(store: AnyStore) -> list[int]:
    async with store.begin() as work:
        return [n for n in range(1, 5) if await work.sign_ups.find(f"sgn_{n}") is not None]
