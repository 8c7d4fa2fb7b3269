"""The job of a sign-up: it opens an account or sends a mail."""

from typing import Any

import attrs

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.events import UserRegistered
from accounts_core.model.jobs import SignUpJob, TakenMailJob, VerificationMailJob
from accounts_core.model.mail_token import MailTokenPurpose
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.policy import Policy
from accounts_core.model.profile import ProfileFields
from accounts_core.model.secret_values import TokenDigest
from accounts_core.model.sign_up import SignUp
from accounts_core.model.tokens import MAILED, TOKEN_BYTES, digest_of, new_token
from accounts_core.model.user import User
from accounts_core.outbox.mails import Mails, Recipient
from accounts_core.ports.clock import Clock
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.profiles import Profiles
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class SignUpJobs:
    """Performs the jobs of sign-ups."""

    _store: Store[UnitOfWork]
    _mails: Mails
    _outbox: OutboxWriter
    _rate_limits: RateLimitPolicy
    _clock: Clock
    _secrets: Secrets
    _policy: Policy
    _profiles: Profiles[Any]

    async def sign_up(self, job: OutboxJob, data: SignUpJob) -> None:
        """Open an account for a sign-up, mail its link, or notify the user who has the address.

        An unverified account that has the address is not changed. The link belongs to the sign-up, and opens its
        account only together with its password (`VerifyEmail`).
        """
        await self._reset_failures(job, data)
        token = new_token(self._secrets.random_bytes(TOKEN_BYTES), prefix=MAILED)
        sign_up = await retry_on_conflict(self._store, lambda: self._enter(job, data, digest_of(token, prefix=MAILED)))
        if sign_up is not None:
            # no user id, because another person may have the address by now
            await self._mails.deliver_token(
                job,
                sign_up.email,
                MailTokenPurpose.VERIFY_EMAIL,
                name=sign_up.name,
                token=token,
                recipient=Recipient.without_id(sign_up),
            )

    async def _reset_failures(self, job: OutboxJob, data: SignUpJob) -> None:
        """Reset the failed passwords counted for the address before this job opens its account."""
        if not self._rate_limits.is_enabled or not data.opens:
            return

        async def find() -> SignUp | None:
            async with self._store.begin() as work:
                return await _sign_up_of(work, job, data)

        sign_up = await retry_on_conflict(self._store, find)
        if sign_up is not None:
            await self._rate_limits.reset_free_address(self._store, sign_up.email)

    async def _enter(self, job: OutboxJob, data: SignUpJob, digest: TokenDigest) -> SignUp | None:
        """Store the digest of the link on the sign-up and return it, or return None if no link is to be sent."""
        async with self._store.begin() as work:
            sign_up = await _sign_up_of(work, job, data)
            if sign_up is None:
                return None
            now = self._clock.now()
            holder = await work.users.find_by_email(sign_up.email)
            if holder is None and data.opens:
                stored, profile = self._profiles.stored(sign_up.profile_data), self._profiles.read(sign_up.profile_data)
                user = sign_up.to_user(id=await work.users.next_id(), at=now, profile_data=stored)
                await work.users.add(user)
                work.record(UserRegistered(user_id=user.id, at=now, email=user.email, profile=profile))
                await self._outbox.enqueue_for_worker(work, VerificationMailJob(user=user.id))
            elif holder is not None and _is_anothers(holder, sign_up.email):
                # sent to the stored address, never to the typed one (CVE-2019-19844)
                await self._outbox.enqueue_for_worker(work, TakenMailJob(email=holder.email))
            else:
                linked = sign_up.mail_link(digest, expires_at=now + self._policy.mail.verification)
                await work.sign_ups.save(linked)
                return linked
            await work.sign_ups.delete(sign_up.id)
            return None


def _is_anothers(holder: User, email: EmailAddress) -> bool:
    """Return whether `holder` verified the address, or has one that may be another mailbox than `email`."""
    return holder.email_verified_at is not None or not holder.email.is_same_mailbox(email)


async def _sign_up_of(work: UnitOfWork, job: OutboxJob, data: SignUpJob) -> SignUp | None:
    if data.sign_up is not None:
        return await work.sign_ups.find(data.sign_up)
    # a job enqueued by an earlier release holds the sign-up's data itself
    assert data.email is not None
    assert data.name is not None
    assert data.password_hash is not None
    sign_up = SignUp.request(
        id=f"sgn_{job.id}",
        email=data.email,
        profile=ProfileFields(name=data.name),
        password_hash=data.password_hash,
        at=job.created_at,
    )
    if await work.sign_ups.find(sign_up.id) is None:
        await work.sign_ups.add(sign_up)
    return sign_up
