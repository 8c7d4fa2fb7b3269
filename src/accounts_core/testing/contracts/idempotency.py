from functools import partial
from typing import Any

import attrs
import pytest

from accounts_core.errors import Conflict
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.idempotency import IdempotencyRecord
from accounts_core.model.ids import UserId
from accounts_core.ports.cleanup import Expired
from accounts_core.testing.builders import NOON, a_user, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore, Concurrently, failures, keep, read_back

JANE, MARY = UserId(1), UserId(2)


def a_request(number: int = 1, user_id: int | None = 1, **overrides: Any) -> IdempotencyRecord:
    """Return a claimed request without an answer."""
    values: dict[str, Any] = {
        "scope": bytes([number]) * 32,
        "fingerprint": b"f" * 32,
        "claim": f"clm_{number}",
        "created_at": NOON,
        "claimed_until": at(1),
    }
    return IdempotencyRecord(user_id=None if user_id is None else UserId(user_id), **values | overrides)


class IdempotencyContract(StoreContract):
    """`IdempotencyStore`."""

    async def test_a_request_is_claimed_answered_and_found(self, store: AnyStore) -> None:
        await keep(store, a_user())
        async with store.begin() as work:
            await work.idempotency.add(a_request())
        async with store.begin() as work:
            assert await work.idempotency.find(a_request().scope) == a_request()
            await work.idempotency.answer(attrs.evolve(a_request(), answer=b"\x00\xff{}"))

        async with store.begin() as work:
            assert await work.idempotency.find(a_request().scope) == a_request(answer=b"\x00\xff{}")
            assert await work.idempotency.find(b"?" * 32) is None

    async def test_of_two_claims_at_once_one_wins(self, store: AnyStore, concurrently: Concurrently) -> None:
        await keep(store, a_user())

        async def claim(name: str) -> None:
            async with store.begin() as work:
                await work.idempotency.add(a_request(claim=name))

        outcomes = await concurrently(partial(claim, "clm_a"), partial(claim, "clm_b"))

        assert [type(error) for error in failures(outcomes)] == [Conflict]

    async def test_only_the_holder_of_the_claim_answers_and_releases(self, store: AnyStore) -> None:
        await keep(store, a_user())
        async with store.begin() as work:
            await work.idempotency.add(a_request())
        late = attrs.evolve(a_request(), claim="clm_of_yesterday", answer=b"late")

        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.idempotency.answer(late)
        async with store.begin() as work:
            await work.idempotency.delete(late)
            await work.idempotency.release(late)
            assert await work.idempotency.find(late.scope) == a_request()
            await work.idempotency.delete(a_request())
            assert await work.idempotency.find(late.scope) is None

    async def test_a_released_record_is_deleted_unless_it_was_answered(self, store: AnyStore) -> None:
        answered = a_request(2, answer=b"{}")
        await keep(store, a_user())
        async with store.begin() as work:
            await work.idempotency.add(a_request(1))
            await work.idempotency.add(answered)

        async with store.begin() as work:
            await work.idempotency.release(a_request(1))
            await work.idempotency.release(attrs.evolve(answered, answer=None))

        async with store.begin() as work:
            assert await work.idempotency.find(a_request(1).scope) is None
            assert await work.idempotency.find(answered.scope) == answered

    async def test_the_requests_of_a_user_are_read_newest_first(self, store: AnyStore) -> None:
        await keep(store, a_user(1), a_user(2))
        newer = a_request(2, created_at=at(1))
        async with store.begin() as work:
            for request in (a_request(1), newer, a_request(3, user_id=2)):
                await work.idempotency.add(request)

        found = await read_back(store, lambda s: s.idempotency.list_for_user(JANE, limit=9))
        assert [(each.created_at, each.scope) for each in found] == [(at(1), newer.scope), (NOON, a_request(1).scope)]
        assert list(await read_back(store, lambda s: s.idempotency.list_for_user(UserId(9), limit=9))) == []

    async def test_a_sign_up_belongs_to_an_address_until_it_made_a_user(self, store: AnyStore) -> None:
        await keep(store, a_user())
        sign_up = a_request(1, user_id=None, email_key="user1@example.org", answer=b"{}")
        newer = a_request(2, user_id=None, email_key="user1@example.org", created_at=at(1), answer=b"{}")
        others = a_request(3, user_id=None, email_key="user2@example.org", answer=b"{}")
        async with store.begin() as work:
            for request in (sign_up, newer, others, a_request(4)):
                await work.idempotency.add(request)

        async with store.begin() as work:
            assert await work.idempotency.find(sign_up.scope) == sign_up
            assert list(await work.idempotency.list_for_email(EmailAddress("USER1@example.org"))) == [newer, sign_up]
            assert [each.scope for each in await work.idempotency.list_for_user(JANE, limit=9)] == [a_request(4).scope]
            await work.idempotency.delete_for_user(JANE)
            await work.idempotency.delete_for_email(EmailAddress("USER1@example.org"))
        async with store.begin() as work:
            assert [n for n in range(1, 5) if await work.idempotency.find(bytes([n]) * 32) is not None] == [3]
            await work.idempotency.delete(others)
            assert await work.idempotency.find(others.scope) is None

    async def test_a_request_of_a_user_who_is_gone_is_not_added(self, store: AnyStore) -> None:
        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.idempotency.add(a_request(answer=b"{}"))

    async def test_requests_go_with_their_user_and_with_time(self, store: AnyStore) -> None:
        await keep(store, a_user(1), a_user(2))
        async with store.begin() as work:
            await work.idempotency.add(a_request(1, created_at=at(-1)))
            await work.idempotency.add(a_request(2))
            await work.idempotency.add(a_request(3, user_id=2))
        async with store.begin() as work:
            assert await work.cleanup.delete(Expired.IDEMPOTENCY_RECORDS, until=at(-1), limit=9) == 1
            await work.idempotency.delete_for_user(MARY)
            kept = [n for n in (1, 2, 3) if await work.idempotency.find(bytes([n]) * 32) is not None]
        assert kept == [2]
