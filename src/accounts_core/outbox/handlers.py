"""Dispatch of jobs to their handlers: the table of the core's job classes, and those of the host application."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from typing import Any

import attrs

from accounts_core.errors import ConfigurationError, NotFound
from accounts_core.model.jobs import (
    JOBS,
    DeleteCustomerJob,
    DetachCardJob,
    InvitationMailJob,
    InviteJob,
    JobData,
    JobKind,
    RecoveryMailJob,
    SecurityMailJob,
    SendInvitationsJob,
    SignUpJob,
    SyncCustomerJob,
    SyncDefaultJob,
    TakenMailJob,
    UpdateCustomerJob,
    VerificationMailJob,
    VerifyCardJob,
    read_job,
    topics_of,
)
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.policy import CardPolicy
from accounts_core.outbox.mail_jobs import MailJobs
from accounts_core.outbox.provider_jobs import ProviderJobs
from accounts_core.outbox.sign_up_jobs import SignUpJobs
from accounts_core.services.card_verifier import CardVerifier
from accounts_core.services.customer_sync import SyncCustomer
from accounts_core.services.inviter import Inviter

JobHandler = Callable[[OutboxJob], Awaitable[None]]
"""Handler of the host application for one of its topics. It may be called again with the same job."""

_CoreHandler = Callable[[OutboxJob, Any], Awaitable[datetime | None]]
"""Handler of a job and its content. Returns when to perform the job again, or None when it is done."""


@attrs.frozen
class JobHandlers:
    """Performs any job whose topic has a handler here."""

    _provider: ProviderJobs
    _verifier: CardVerifier
    _sync: SyncCustomer
    _mails: MailJobs
    _sign_ups: SignUpJobs
    _inviter: Inviter
    _policy: CardPolicy
    _handlers: Mapping[str, JobHandler]

    @property
    def table(self) -> Mapping[type[JobData], _CoreHandler]:
        """The handler of each job class of the core."""
        return {
            VerifyCardJob: self._verify,
            DetachCardJob: self._provider.detach_card,
            SyncDefaultJob: self._provider.sync_default,
            DeleteCustomerJob: self._provider.delete_customer,
            UpdateCustomerJob: self._provider.update_customer,
            SyncCustomerJob: self._sync_customer,
            SecurityMailJob: self._mails.security_mail,
            VerificationMailJob: self._mails.verification,
            RecoveryMailJob: self._mails.recovery,
            TakenMailJob: self._mails.taken,
            SignUpJob: self._sign_ups.sign_up,
            InviteJob: self._inviter.invite_later,
            SendInvitationsJob: self._inviter.send_waiting,
            InvitationMailJob: self._mails.invitation,
        }

    def topics(self, kinds: Collection[JobKind] = tuple(JobKind)) -> frozenset[str]:
        """Return the topics of these kinds that have a handler here."""
        return topics_of(kinds) | (frozenset(self._handlers) if JobKind.HOST in kinds else frozenset())

    async def perform(self, job: OutboxJob) -> datetime | None:
        """Perform a job.

        Returns:
            When to perform it again, or None when it is done.

        Raises:
            ConfigurationError: The job has no handler here, or its payload cannot be read.
            Exception: Any error that the handler raises.

        """
        if job.topic in self._handlers:
            await self._handlers[job.topic](job)
            return None
        data = read_job(job)
        return await self.table[type(data)](job, data)

    async def _verify(self, _: OutboxJob, data: VerifyCardJob) -> datetime | None:
        try:
            verification = (await self._verifier.drive(data.verification)).verification
        except NotFound:
            return None
        # an open verification waits for card authentication, and is abandoned after the time limit
        return verification.created_at + self._policy.challenge_limit if verification.is_open else None

    async def _sync_customer(self, _: OutboxJob, data: SyncCustomerJob) -> None:
        await self._sync(data.customer)


def check_handlers(handlers: Mapping[str, JobHandler]) -> None:
    """Check the topics of the host application's job handlers.

    Raises:
        ConfigurationError: A topic belongs to the core.

    """
    for topic in handlers:
        if topic in JOBS:
            raise ConfigurationError(
                f"job_handlers: the topic {topic!r} belongs to accounts_core. Use one of your own."
            )
