"""What ends by time, and when: shared by the cleanup and by its preview."""

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
"""Stripe delivers an event again for three days at most."""

USERS_BATCH: Final = 100
"""How many unverified accounts are read at once; each is deleted in a transaction of its own."""


@attrs.frozen(kw_only=True)
class Tidied:
    """How much was deleted, or would be, of each kind."""

    sessions: int = 0
    mail_tokens: int = 0
    sign_ups: int = 0
    requests: int = 0
    provider_events: int = 0
    invitations: int = 0
    attempts: int = 0
    notifications: int = 0
    devices: int = 0
    verifications: int = 0
    dead_jobs: int = 0
    audit: int = 0
    unverified_accounts: int = 0


COUNTED_AS: Final[Mapping[Expired, str]] = {
    kind: "requests" if kind is Expired.KEPT_REQUESTS else kind.value for kind in Expired
}
"""The field of `Tidied` for each kind."""


class Times(TypedDict):
    """Up to when rows of a kind have ended."""

    until: datetime
    unused_since: NotRequired[datetime]


def expiries(policy: Policy, now: datetime) -> list[tuple[Expired, Times]]:
    """Return each kind that ends by time, with the time up to which its rows have ended."""
    kept = policy.retention
    ages = {
        Expired.KEPT_REQUESTS: KEPT_FOR,
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
    """Return the ids of accounts that were never verified and are to be deleted, page by page."""
    last: UserId | None = None
    while True:
        async with store.read() as views:
            users = await views.users.list_unverified(created_before=created_before, after=last, limit=USERS_BATCH)
        for user in users:
            last = user.id
            yield user.id
        if len(users) < USERS_BATCH:
            return
