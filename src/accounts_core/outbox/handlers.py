from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import attrs

from accounts_core.errors import NotFound
from accounts_core.model.outbox import Job, Topic
from accounts_core.model.policy import CardPolicy
from accounts_core.services.card_verifier import CardVerifier
from accounts_core.services.customer_sync import SyncCustomer
from accounts_core.services.inviter import Inviter
from accounts_core.services.outbox_writer import Effects

JobHandler = Callable[[Job], Awaitable[None]]
"""A host's own: does what a job of the host's topic says. May be called again with the same job."""


@attrs.frozen
class Jobs:
    """Does any job, whatever its topic."""

    _effects: Effects
    _verifier: CardVerifier
    _sync: SyncCustomer
    _inviter: Inviter
    _policy: CardPolicy
    _handlers: Mapping[str, JobHandler]

    async def perform(self, job: Job) -> datetime | None:
        """Do what the job says. Return when to look at it again; None when it is done."""
        match job.topic:
            case Topic.VERIFY_CARD:
                return await self._verify(job.payload["verification"])
            case Topic.SYNC_CUSTOMER:
                await self._sync(job.payload["customer"])
            case Topic.INVITE:
                await self._inviter.perform(job)
            case Topic.SEND_INVITATIONS:
                await self._inviter.send_waiting(job)
            case topic if topic in self._handlers:
                await self._handlers[topic](job)
            case _:
                await self._effects.perform(job)
        return None

    async def _verify(self, id: str) -> datetime | None:
        try:
            verification = (await self._verifier.drive(id)).verification
        except NotFound:
            return None
        # what is open now waits for the person, and is given up when they take too long
        return verification.created_at + self._policy.challenge_limit if verification.is_open else None
