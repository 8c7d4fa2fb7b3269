"""Expiry times of each kind of row, shared by the cleanup and its preview."""

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime, timedelta
from typing import Final, NotRequired, TypedDict

import attrs

from accounts_core.model.idempotency import KEPT_FOR
from accounts_core.model.ids import UserId
from accounts_core.model.policy import Policy
from accounts_core.ports.cleanup import Expired
from accounts_core.ports.store import Store, UnitOfWork

REMEMBERED_FOR: Final = timedelta(days=30)
"""Retention of a provider event. Stripe delivers an event again for up to three days."""

USERS_BATCH: Final = 100
"""Unverified accounts that are read at once; each is deleted in a transaction of its own."""


@attrs.frozen(kw_only=True)
class CleanupResult:
    """Number of rows deleted, or to be deleted, by kind."""

    sessions: int = 0
    mail_tokens: int = 0
    sign_ups: int = 0
    requests: int = 0
    """Requests with an idempotency key, with their answers."""
    provider_events: int = 0
    invitations: int = 0
    attempts: int = 0
    """Attempts that count towards no rate limit any more."""
    notifications: int = 0
    devices: int = 0
    verifications: int = 0
    dead_jobs: int = 0
    """Dead-lettered jobs of the outbox."""
    audit: int = 0
    """Entries of the audit trail."""
    unverified_accounts: int = 0


COUNTED_AS: Final[Mapping[Expired, str]] = {
    kind: "requests" if kind is Expired.IDEMPOTENCY_RECORDS else kind.value for kind in Expired
}
"""The field of `CleanupResult` for each kind."""


class Times(TypedDict):
    """The time up to which rows of one kind have expired."""

    until: datetime
    unused_since: NotRequired[datetime]


def expiries(policy: Policy, now: datetime) -> list[tuple[Expired, Times]]:
    """Return each kind that expires, with the time up to which its rows have expired."""
    kept = policy.retention
    ages = {
        Expired.IDEMPOTENCY_RECORDS: KEPT_FOR,
        Expired.PROVIDER_EVENTS: REMEMBERED_FOR,
        Expired.INVITATIONS: policy.invitations,
        Expired.NOTIFICATIONS: kept.notifications,
        Expired.DEVICES: kept.devices,
        Expired.VERIFICATIONS: kept.verifications,
        Expired.DEAD_JOBS: kept.dead_jobs,
        Expired.AUDIT: kept.audit,
    }
    return [
        (Expired.SESSIONS, Times(until=now, unused_since=now - policy.sessions.idle)),
        (Expired.MAIL_TOKENS, Times(until=now)),
        (Expired.SIGN_UPS, Times(until=now)),
        *((kind, Times(until=now - age)) for kind, age in ages.items() if age is not None),
    ]


async def unverified(store: Store[UnitOfWork], created_before: datetime) -> AsyncGenerator[UserId, None]:
    """Yield the ids of the accounts to delete that were never verified, page by page."""
    last: UserId | None = None
    while True:
        async with store.reader() as reader:
            users = await reader.users.list_unverified(created_before=created_before, after=last, limit=USERS_BATCH)
        for user in users:
            last = user.id
            yield user.id
        if len(users) < USERS_BATCH:
            return
