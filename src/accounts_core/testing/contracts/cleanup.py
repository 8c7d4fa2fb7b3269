"""Deletion of expired rows in batches, kind by kind."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from accounts_core.errors import Conflict
from accounts_core.model.audit import AuditEntry
from accounts_core.model.events import Actor
from accounts_core.model.ids import UserId
from accounts_core.model.verification import State
from accounts_core.ports.cleanup import Expired
from accounts_core.ports.store import UnitOfWork
from accounts_core.testing.builders import (
    NOON,
    a_job,
    a_notification,
    a_session,
    a_team,
    a_user,
    a_verification,
    an_invitation,
    at,
)
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.contracts.idempotency import a_request
from accounts_core.testing.contracts.mail_tokens import a_token
from accounts_core.testing.contracts.sign_ups import a_sign_up
from accounts_core.testing.harness import AnyStore, Concurrently, add, keep, read_back

JANE: Final = UserId(1)
A_MICROSECOND: Final = timedelta(microseconds=1)

Add = Callable[[UnitOfWork, int, datetime], Awaitable[object]]


def _ended(number: int, moment: datetime) -> Any:
    return a_verification(f"ver_{number}", JANE, state=State.DECLINED, created_at=at(-90), updated_at=moment)


def _entry(moment: datetime) -> AuditEntry:
    return AuditEntry(user_id=JANE, at=moment, by=Actor.USER, action="signed_in")


async def _seen(work: UnitOfWork, number: int, moment: datetime) -> None:
    """Sign in long ago, and again."""
    await work.devices.add(JANE, bytes([number]) * 32, at=at(-90))
    await work.devices.add(JANE, bytes([number]) * 32, at=moment)


async def _invite(work: UnitOfWork, number: int, moment: datetime) -> None:
    """Invite long ago, and send it again."""
    await add(work, a_team(number))
    await add(work, an_invitation(f"inv_{number}", number, created_at=at(-90), sent_at=moment))


KINDS: Final[dict[Expired, Add]] = {
    Expired.SESSIONS: lambda work, n, moment: add(
        work, a_session(f"ses_{n}", JANE, expires_at=moment, last_used_at=at(1))
    ),
    Expired.MAIL_TOKENS: lambda work, n, moment: work.mail_tokens.add(a_token(n, JANE, expires_at=moment)),
    Expired.SIGN_UPS: lambda work, n, moment: work.sign_ups.add(a_sign_up(n, expires_at=moment)),
    Expired.IDEMPOTENCY_RECORDS: lambda work, n, moment: work.idempotency.add(a_request(n, JANE, created_at=moment)),
    Expired.PROVIDER_EVENTS: lambda work, n, moment: work.provider_events.add(f"evt_{n}", at=moment),
    Expired.INVITATIONS: _invite,
    Expired.NOTIFICATIONS: lambda work, n, moment: add(work, a_notification(f"ntf_{n}", JANE, created_at=moment)),
    Expired.DEVICES: _seen,
    Expired.VERIFICATIONS: lambda work, n, moment: add(work, _ended(n, moment)),
    Expired.DEAD_JOBS: lambda work, n, moment: add(
        work, a_job(f"job_{n}", created_at=at(-90), dead_lettered_at=moment)
    ),
    Expired.AUDIT: lambda work, n, moment: work.audit.add(_entry(moment)),
}


def _times(kind: Expired, until: datetime) -> dict[str, datetime]:
    return {"until": until, "unused_since": at(-60)} if kind is Expired.SESSIONS else {"until": until}


async def _count(store: AnyStore, kind: Expired, until: datetime) -> int:
    return await read_back(store, lambda reader: reader.cleanup.count(kind, **_times(kind, until)))


async def _delete(store: AnyStore, kind: Expired, until: datetime, limit: int) -> int:
    async with store.begin() as work:
        return await work.cleanup.delete(kind, limit=limit, **_times(kind, until))


class CleanupContract(StoreContract):
    """`Cleanup`."""

    @pytest.fixture(params=list(Expired), ids=str)
    def kind(self, request: pytest.FixtureRequest) -> Expired:
        """One of the kinds."""
        found: Expired = request.param
        return found

    async def test_f12_what_is_as_old_is_deleted_and_what_is_younger_stays(
        self, store: AnyStore, kind: Expired
    ) -> None:
        """Compare ages to the microsecond."""
        await self._fill(store, kind, [at(-1), NOON, NOON + A_MICROSECOND, at(1)])

        assert [await _count(store, kind, until) for until in (at(-2), NOON, at(1))] == [0, 2, 4]
        assert await _delete(store, kind, NOON, 99) == 2
        assert [await _count(store, kind, until) for until in (NOON, at(1))] == [0, 2]
        assert await _delete(store, kind, NOON, 99) == 0

    async def test_f12_a_batch_is_no_larger_than_its_limit(self, store: AnyStore, kind: Expired) -> None:
        await self._fill(store, kind, [at(-n) for n in range(5)])

        assert [await _delete(store, kind, NOON, 2) for _ in range(4)] == [2, 2, 1, 0]

    async def test_f12_a_batch_that_is_rolled_back_has_deleted_nothing(self, store: AnyStore, kind: Expired) -> None:
        await self._fill(store, kind, [at(-1), at(-2)])

        with pytest.raises(ZeroDivisionError):
            async with store.begin() as work:
                assert await work.cleanup.delete(kind, limit=9, **_times(kind, NOON)) == 2
                raise ZeroDivisionError

        assert await _count(store, kind, NOON) == 2

    async def test_f12_of_two_who_clean_up_at_once_none_is_harmed(
        self, store: AnyStore, kind: Expired, concurrently: Concurrently
    ) -> None:
        await self._fill(store, kind, [at(-n) for n in range(8)])

        outcomes = await concurrently(*[lambda: _delete(store, kind, NOON, 3)] * 2)

        assert all(isinstance(each, int | Conflict) for each in outcomes), outcomes
        deleted = sum(each for each in outcomes if isinstance(each, int))
        assert await _count(store, kind, NOON) == 8 - deleted
        while deleted < 8:
            deleted += (count := await _delete(store, kind, NOON, 3))
            assert count

    async def test_f12_a_session_that_is_not_used_ends_before_its_end(self, store: AnyStore) -> None:
        await keep(store, a_user(1))
        uses = {"ses_1": at(-61), "ses_2": at(-60), "ses_3": at(-60) + A_MICROSECOND}
        await keep(store, *[a_session(name, expires_at=at(5), last_used_at=used) for name, used in uses.items()])

        assert await _count(store, Expired.SESSIONS, NOON) == 2
        assert await _delete(store, Expired.SESSIONS, NOON, 9) == 2
        (left,) = await read_back(store, lambda s: s.sessions.list_for_user(JANE, limit=9))
        assert left.id == "ses_3"

    async def test_f12_what_has_not_ended_is_no_matter_of_time(self, store: AnyStore) -> None:
        """Keep an open verification and a job that is still attempted."""
        await keep(store, a_user(1), a_verification("ver_1", JANE, updated_at=at(-90)), a_job(created_at=at(-90)))

        for kind in (Expired.VERIFICATIONS, Expired.DEAD_JOBS):
            assert await _delete(store, kind, at(99), 9) == 0

    async def _fill(self, store: AnyStore, kind: Expired, moments: list[datetime]) -> None:
        await keep(store, a_user(1))
        async with store.begin() as work:
            for number, moment in enumerate(moments, start=1):
                await KINDS[kind](work, number, moment)
