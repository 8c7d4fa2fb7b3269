"""What keeps an account safe: tokens by mail, known devices, requests with a key, and the audit trail."""

from datetime import timedelta
from functools import partial
from typing import Any

import attrs
import pytest

from accounts_core.errors import Conflict
from accounts_core.model.audit import AuditEntry
from accounts_core.model.email import Email
from accounts_core.model.events import (
    Actor,
    CardVerified,
    EmailChanged,
    PasswordChanged,
    SignedIn,
    UserDeactivated,
    UserRegistered,
)
from accounts_core.model.idempotency import KeptRequest
from accounts_core.model.ids import UserId
from accounts_core.model.mail_token import MailToken, TokenPurpose
from accounts_core.model.outbox import Topic
from accounts_core.ports.cleanup import Expired
from accounts_core.ports.devices import KnownDevice
from accounts_core.testing.builders import NOON, a_user, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore, Concurrently, failures, keep, read_back

JANE, MARY = UserId(1), UserId(2)
TOLD = Email("user1@example.org")


def a_token(number: int = 1, user_id: int = 1, **overrides: Any) -> MailToken:
    """Make a token of ten minutes that resets a password."""
    values: dict[str, Any] = {
        "digest": bytes([number]) * 32,
        "purpose": TokenPurpose.RESET_PASSWORD,
        "email": Email(f"User{user_id}@example.org"),
        "created_at": NOON,
        "expires_at": at(10),
    }
    return MailToken(user_id=UserId(user_id), **values | overrides)


def a_request(number: int = 1, user_id: int | None = 1, **overrides: Any) -> KeptRequest:
    """Make a request that is claimed and not answered."""
    values: dict[str, Any] = {
        "scope": bytes([number]) * 32,
        "fingerprint": b"f" * 32,
        "claim": f"clm_{number}",
        "created_at": NOON,
        "claimed_until": at(1),
    }
    return KeptRequest(user_id=None if user_id is None else UserId(user_id), **values | overrides)


class MailTokensContract(StoreContract):
    """`MailTokens`."""

    async def test_a_token_comes_back_with_every_field(self, store: AnyStore) -> None:
        await keep(store, a_user())
        async with store.begin() as work:
            await work.mail_tokens.add(a_token())

        async with store.begin() as work:
            found = await work.mail_tokens.find(a_token().digest)
            assert await work.mail_tokens.find(b"?" * 32) is None

        assert found == a_token()
        assert found is not None
        assert found.email.address == "User1@example.org"
        assert isinstance(found.purpose, TokenPurpose)

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
        verify = a_token(2, purpose=TokenPurpose.VERIFY_EMAIL)
        async with store.begin() as work:
            for token in (a_token(1), verify, a_token(3, user_id=2)):
                await work.mail_tokens.add(token)
        async with store.begin() as work:
            await work.mail_tokens.remove_of(JANE, TokenPurpose.RESET_PASSWORD)
        assert await left(store) == [2, 3]
        async with store.begin() as work:
            await work.mail_tokens.remove_of(JANE)
        assert await left(store) == [3]

    async def test_the_tokens_of_a_user_are_read_newest_first(self, store: AnyStore) -> None:
        await keep(store, a_user(1), a_user(2))
        newer = a_token(2, created_at=at(1))
        async with store.begin() as work:
            for token in (a_token(1), newer, a_token(3, user_id=2)):
                await work.mail_tokens.add(token)

        async with store.begin() as work:
            assert [newer, a_token(1)] == list(await work.mail_tokens.of(JANE, limit=9))
            assert list(await work.mail_tokens.of(UserId(9), limit=9)) == []

    async def test_a7_tokens_from_the_future_are_forgotten_and_counted(self, store: AnyStore) -> None:
        await keep(store, a_user())
        async with store.begin() as work:
            await work.mail_tokens.add(a_token(1, created_at=at(1)))
            await work.mail_tokens.add(a_token(2, created_at=at(1) + timedelta(microseconds=1)))
        async with store.begin() as work:
            assert await work.mail_tokens.forget_after(at(1)) == 1
        assert await left(store) == [1]


async def left(store: AnyStore) -> list[int]:
    async with store.begin() as work:
        return [n for n in range(1, 5) if await work.mail_tokens.find(bytes([n]) * 32) is not None]


class DevicesContract(StoreContract):
    """`Devices`."""

    async def test_a_device_is_new_once_to_each_user(self, store: AnyStore) -> None:
        await keep(store, a_user(1), a_user(2))
        for expected in (True, False):
            async with store.begin() as work:
                assert await work.devices.add(JANE, b"d" * 32, at=NOON) is expected
                assert await work.devices.add(MARY, b"d" * 32, at=NOON) is expected
        async with store.begin() as work:
            assert await work.devices.add(JANE, b"e" * 32, at=NOON) is True
            assert (await work.devices.count_of(JANE), await work.devices.count_of(MARY)) == (2, 1)
            await work.devices.remove_of(JANE)
            assert (await work.devices.count_of(JANE), await work.devices.count_of(MARY)) == (0, 1)

    async def test_devices_were_first_seen_at_a_time_the_newest_first(self, store: AnyStore) -> None:
        await keep(store, a_user(1), a_user(2))
        async with store.begin() as work:
            await work.devices.add(JANE, b"a" * 32, at=NOON)
            await work.devices.add(JANE, b"b" * 32, at=at(1))
            await work.devices.add(JANE, b"a" * 32, at=at(2))
            await work.devices.add(MARY, b"c" * 32, at=at(3))

        found = await read_back(store, lambda s: s.devices.of(JANE, limit=9))
        assert list(found) == [KnownDevice(at(1), b"b" * 32), KnownDevice(NOON, b"a" * 32)]

    async def test_nobody_has_no_devices(self, store: AnyStore) -> None:
        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.devices.add(JANE, b"d" * 32, at=NOON)


class KeptRequestsContract(StoreContract):
    """`KeptRequests`."""

    async def test_a_request_is_claimed_answered_and_found(self, store: AnyStore) -> None:
        await keep(store, a_user())
        async with store.begin() as work:
            await work.kept_requests.add(a_request())
        async with store.begin() as work:
            assert await work.kept_requests.find(a_request().scope) == a_request()
            await work.kept_requests.answer(attrs.evolve(a_request(), answer=b"\x00\xff{}"))

        async with store.begin() as work:
            assert await work.kept_requests.find(a_request().scope) == a_request(answer=b"\x00\xff{}")
            assert await work.kept_requests.find(b"?" * 32) is None

    async def test_of_two_claims_at_once_one_wins(self, store: AnyStore, concurrently: Concurrently) -> None:
        await keep(store, a_user())

        async def claim(name: str) -> None:
            async with store.begin() as work:
                await work.kept_requests.add(a_request(claim=name))

        outcomes = await concurrently(partial(claim, "clm_a"), partial(claim, "clm_b"))

        assert [type(error) for error in failures(outcomes)] == [Conflict]

    async def test_only_whoever_holds_the_claim_answers_and_lets_go(self, store: AnyStore) -> None:
        await keep(store, a_user())
        async with store.begin() as work:
            await work.kept_requests.add(a_request())
        late = attrs.evolve(a_request(), claim="clm_of_yesterday", answer=b"late")

        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.kept_requests.answer(late)
        async with store.begin() as work:
            await work.kept_requests.remove(late)
            await work.kept_requests.let_go(late)
            assert await work.kept_requests.find(late.scope) == a_request()
            await work.kept_requests.remove(a_request())
            assert await work.kept_requests.find(late.scope) is None

    async def test_what_is_let_go_is_gone_unless_it_was_answered(self, store: AnyStore) -> None:
        answered = a_request(2, answer=b"{}")
        await keep(store, a_user())
        async with store.begin() as work:
            await work.kept_requests.add(a_request(1))
            await work.kept_requests.add(answered)

        async with store.begin() as work:
            await work.kept_requests.let_go(a_request(1))
            await work.kept_requests.let_go(attrs.evolve(answered, answer=None))

        async with store.begin() as work:
            assert await work.kept_requests.find(a_request(1).scope) is None
            assert await work.kept_requests.find(answered.scope) == answered

    async def test_the_requests_of_a_user_are_read_newest_first(self, store: AnyStore) -> None:
        await keep(store, a_user(1), a_user(2))
        newer = a_request(2, created_at=at(1))
        async with store.begin() as work:
            for request in (a_request(1), newer, a_request(3, user_id=2)):
                await work.kept_requests.add(request)

        found = await read_back(store, lambda s: s.kept_requests.of(JANE, limit=9))
        assert [(each.created_at, each.scope) for each in found] == [(at(1), newer.scope), (NOON, a_request(1).scope)]
        assert list(await read_back(store, lambda s: s.kept_requests.of(UserId(9), limit=9))) == []

    async def test_a_sign_up_belongs_to_an_address_until_it_made_a_user(self, store: AnyStore) -> None:
        await keep(store, a_user())
        sign_up = a_request(1, user_id=None, email_key="user1@example.org", answer=b"{}")
        newer = a_request(2, user_id=None, email_key="user1@example.org", created_at=at(1), answer=b"{}")
        others = a_request(3, user_id=None, email_key="user2@example.org", answer=b"{}")
        async with store.begin() as work:
            for request in (sign_up, newer, others, a_request(4)):
                await work.kept_requests.add(request)

        async with store.begin() as work:
            assert await work.kept_requests.find(sign_up.scope) == sign_up
            assert list(await work.kept_requests.list_for_email(Email("USER1@example.org"))) == [newer, sign_up]
            assert [each.scope for each in await work.kept_requests.of(JANE, limit=9)] == [a_request(4).scope]
            await work.kept_requests.remove_of(JANE)
            await work.kept_requests.delete_for_email(Email("USER1@example.org"))
        async with store.begin() as work:
            assert [n for n in range(1, 5) if await work.kept_requests.find(bytes([n]) * 32) is not None] == [3]
            await work.kept_requests.remove(others)
            assert await work.kept_requests.find(others.scope) is None

    async def test_a_request_of_a_user_who_is_gone_is_not_added(self, store: AnyStore) -> None:
        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.kept_requests.add(a_request(answer=b"{}"))

    async def test_requests_go_with_their_user_and_with_time(self, store: AnyStore) -> None:
        await keep(store, a_user(1), a_user(2))
        async with store.begin() as work:
            await work.kept_requests.add(a_request(1, created_at=at(-1)))
            await work.kept_requests.add(a_request(2))
            await work.kept_requests.add(a_request(3, user_id=2))
        async with store.begin() as work:
            assert await work.cleanup.delete(Expired.KEPT_REQUESTS, until=at(-1), limit=9) == 1
            await work.kept_requests.remove_of(MARY)
            kept = [n for n in (1, 2, 3) if await work.kept_requests.find(bytes([n]) * 32) is not None]
        assert kept == [2]


async def trail(store: AnyStore, **which: Any) -> list[AuditEntry]:
    return list(await read_back(store, lambda s: s.audit.list(**{"limit": 99, **which})))


class AuditContract(StoreContract):
    """`Audit`, `AuditReads`, and what `publish` makes of events: an entry each, and a job for whoever is told."""

    async def test_what_happened_is_in_the_trail_without_the_providers_names(self, store: AnyStore) -> None:
        card = CardVerified(
            user_id=JANE, at=NOON, payment_method="pm_1", brand="visa", last4="4242", replaced=("pm_0",)
        )
        moved = EmailChanged(user_id=JANE, at=at(1), by=Actor.OPERATOR, before=TOLD, after=Email("new@example.org"))
        await keep(store, a_user(), card)
        await keep(store, moved)

        second, first = await trail(store)

        assert (first.user_id, first.at, first.by, first.action) == (JANE, NOON, Actor.USER, "card_verified")
        assert dict(first.details) == {"brand": "visa", "last4": "4242"}
        assert (second.by, second.action) == (Actor.OPERATOR, "email_changed")
        assert dict(second.details) == {"before": "user1@example.org", "after": "new@example.org"}
        assert second.id > first.id > 0

    async def test_the_trail_is_read_page_by_page_and_by_user(self, store: AnyStore) -> None:
        for n in range(3):
            await keep(store, *(UserRegistered(user_id=UserId(who), at=at(n), email=TOLD) for who in (1, 2)))
        everything = await trail(store)

        assert [entry.user_id for entry in everything] == [2, 1, 2, 1, 2, 1]
        assert await trail(store, user_id=JANE) == [entry for entry in everything if entry.user_id == JANE]
        assert await trail(store, limit=2) == everything[:2]
        assert await trail(store, before=everything[1].id) == everything[2:]
        assert await trail(store, user_id=UserId(3)) == []

    async def test_an_entry_is_found_by_its_number(self, store: AnyStore) -> None:
        await keep(store, *(UserRegistered(user_id=UserId(who), at=NOON, email=TOLD) for who in (1, 2)))
        newest, _ = await trail(store)

        assert await read_back(store, lambda s: s.audit.find(newest.id)) == newest
        assert await read_back(store, lambda s: s.audit.find(newest.id + 1)) is None

    @pytest.mark.parametrize("before", [2**63 - 1, 2**63, 10**40])
    async def test_the_trail_is_before_any_number_however_great(self, store: AnyStore, before: int) -> None:
        await keep(store, UserRegistered(user_id=JANE, at=NOON, email=TOLD))

        assert await trail(store, before=before) == await trail(store) != []
        assert await trail(store, before=-before) == []

    async def test_what_is_rolled_back_never_happened(self, store: AnyStore) -> None:
        with pytest.raises(ZeroDivisionError):
            async with store.begin() as work:
                work.record(UserRegistered(user_id=JANE, at=NOON, email=TOLD))
                raise ZeroDivisionError

        assert await trail(store) == []

    async def test_a_deleted_users_entries_stay_without_their_details(self, store: AnyStore) -> None:
        await keep(store, *(UserRegistered(user_id=UserId(who), at=NOON, email=TOLD) for who in (1, 2)))
        async with store.begin() as work:
            await work.audit.redact(JANE)

        marys, janes = await trail(store)

        assert (dict(janes.details), janes.action) == ({}, "user_registered")
        assert dict(marys.details) == {"email": "user1@example.org"}

    async def test_whoever_has_to_be_told_is_told_by_the_outbox(self, store: AnyStore) -> None:
        known: dict[str, Any] = {"user_id": JANE, "at": NOON, "tell": TOLD}
        await keep(
            store,
            SignedIn(**known, session_id="ses_1", user_agent="curl/8", new_device=True),
            SignedIn(**known, session_id="ses_2", user_agent="curl/8"),
            PasswordChanged(**known),
            UserDeactivated(user_id=JANE, at=NOON),
        )

        jobs = await read_back(store, lambda s: s.outbox.list(limit=9))

        assert {job.topic for job in jobs} == {Topic.SECURITY_NOTICE}
        assert sorted(job.payload["purpose"] for job in jobs) == ["new_sign_in", "password_changed"]
        assert {job.payload["to"] for job in jobs} == {"user1@example.org"}
        assert {job.due for job in jobs} == {NOON}
