from datetime import timedelta
from typing import Any

import pytest

from accounts_core.errors import Conflict
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.model.mail_token import MailToken, MailTokenPurpose
from accounts_core.model.secret_values import TokenDigest
from accounts_core.testing.builders import NOON, a_user, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore, keep

JANE = UserId(1)


def a_token(number: int = 1, user_id: int = 1, **overrides: Any) -> MailToken:
    """Return a token for a password reset that is valid for ten minutes."""
    values: dict[str, Any] = {
        "digest": TokenDigest(bytes([number]) * 32),
        "purpose": MailTokenPurpose.RESET_PASSWORD,
        "email": EmailAddress(f"User{user_id}@example.org"),
        "created_at": NOON,
        "expires_at": at(10),
    }
    return MailToken(user_id=UserId(user_id), **values | overrides)


class MailTokensContract(StoreContract):
    """`MailTokens`."""

    async def test_a_token_comes_back_with_every_field(self, store: AnyStore) -> None:
        await keep(store, a_user())
        async with store.begin() as work:
            await work.mail_tokens.add(a_token())

        async with store.begin() as work:
            found = await work.mail_tokens.find(a_token().digest)
            assert await work.mail_tokens.find(TokenDigest(b"?" * 32)) is None

        assert found == a_token()
        assert found is not None
        assert found.email.address == "User1@example.org"
        assert isinstance(found.purpose, MailTokenPurpose)

    async def test_a_digest_is_one_token_and_a_token_is_somebodys(self, store: AnyStore) -> None:
        await keep(store, a_user())
        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.mail_tokens.add(a_token(user_id=2))
        async with store.begin() as work:
            await work.mail_tokens.add(a_token())
        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.mail_tokens.add(a_token())

    async def test_tokens_of_a_user_go_together_or_by_purpose(self, store: AnyStore) -> None:
        await keep(store, a_user(1), a_user(2))
        verify = a_token(2, purpose=MailTokenPurpose.VERIFY_EMAIL)
        async with store.begin() as work:
            for token in (a_token(1), verify, a_token(3, user_id=2)):
                await work.mail_tokens.add(token)
        async with store.begin() as work:
            await work.mail_tokens.delete_for_user(JANE, MailTokenPurpose.RESET_PASSWORD)
        assert await left(store) == [2, 3]
        async with store.begin() as work:
            await work.mail_tokens.delete_for_user(JANE)
        assert await left(store) == [3]

    async def test_the_tokens_of_a_user_are_read_newest_first(self, store: AnyStore) -> None:
        await keep(store, a_user(1), a_user(2))
        newer = a_token(2, created_at=at(1))
        async with store.begin() as work:
            for token in (a_token(1), newer, a_token(3, user_id=2)):
                await work.mail_tokens.add(token)

        async with store.begin() as work:
            assert [newer, a_token(1)] == list(await work.mail_tokens.list_for_user(JANE, limit=9))
            assert list(await work.mail_tokens.list_for_user(UserId(9), limit=9)) == []

    async def test_a7_tokens_from_the_future_are_forgotten_and_counted(self, store: AnyStore) -> None:
        await keep(store, a_user())
        async with store.begin() as work:
            await work.mail_tokens.add(a_token(1, created_at=at(1)))
            await work.mail_tokens.add(a_token(2, created_at=at(1) + timedelta(microseconds=1)))
        async with store.begin() as work:
            assert await work.mail_tokens.delete_created_after(at(1)) == 1
        assert await left(store) == [1]


async def left(store: AnyStore) -> list[int]:
    async with store.begin() as work:
        return [n for n in range(1, 5) if await work.mail_tokens.find(TokenDigest(bytes([n]) * 32)) is not None]
