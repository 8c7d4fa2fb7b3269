from typing import Any

import pytest

from accounts_core.model.audit import AuditEntry
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.events import (
    Actor,
    CardVerified,
    EmailChanged,
    PasswordChanged,
    SignedIn,
    UserDeactivated,
    UserRegistered,
)
from accounts_core.model.ids import UserId
from accounts_core.model.jobs import SecurityMailJob
from accounts_core.testing.builders import NOON, a_user, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore, keep, read_back

JANE = UserId(1)
TOLD = EmailAddress("user1@example.org")


async def trail(store: AnyStore, **which: Any) -> list[AuditEntry]:
    return list(await read_back(store, lambda s: s.audit.list(**{"limit": 99, **which})))


class AuditContract(StoreContract):
    """`Audit`, `AuditReader`, and `publish`, which writes an audit entry and a security mail job for each event."""

    async def test_what_happened_is_in_the_trail_without_the_providers_names(self, store: AnyStore) -> None:
        card = CardVerified(
            user_id=JANE, at=NOON, payment_method="pm_1", brand="visa", last4="4242", replaced=("pm_0",)
        )
        moved = EmailChanged(
            user_id=JANE, at=at(1), by=Actor.OPERATOR, before=TOLD, after=EmailAddress("new@example.org")
        )
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

    async def test_a_security_mail_is_enqueued_for_an_event_that_needs_one(self, store: AnyStore) -> None:
        known: dict[str, Any] = {"user_id": JANE, "at": NOON, "tell": TOLD}
        await keep(
            store,
            SignedIn(**known, session_id="ses_1", user_agent="curl/8", new_device=True),
            SignedIn(**known, session_id="ses_2", user_agent="curl/8"),
            PasswordChanged(**known),
            UserDeactivated(user_id=JANE, at=NOON),
        )

        jobs = await read_back(store, lambda s: s.outbox.list(limit=9))

        assert {job.topic for job in jobs} == {SecurityMailJob.topic}
        assert sorted(job.payload["purpose"] for job in jobs) == ["new_sign_in", "password_changed"]
        assert {job.payload["to"] for job in jobs} == {"user1@example.org"}
        assert {job.due for job in jobs} == {NOON}
