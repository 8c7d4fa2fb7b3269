"""Jobs that send a mail. A token is generated when its mail is sent, so the outbox never holds one.

A job may be performed twice; the recipient then gets two mails.
"""

import attrs

from accounts_core.errors import NotFound
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.model.jobs import (
    InvitationMailJob,
    RecoveryMailJob,
    SecurityMailJob,
    TakenMailJob,
    VerificationMailJob,
)
from accounts_core.model.links import without_links
from accounts_core.model.mail_token import MailToken, MailTokenPurpose
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.policy import Policy
from accounts_core.model.times import is_ahead
from accounts_core.model.tokens import MAILED, TOKEN_BYTES, digest_of, new_token
from accounts_core.model.user import User
from accounts_core.outbox.mails import NOBODY, Mails, Recipient
from accounts_core.ports.clock import Clock
from accounts_core.ports.mailer import MailKind
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class MailJobs:
    """Performs the jobs that send a mail."""

    _store: Store[UnitOfWork]
    _mails: Mails
    _clock: Clock
    _secrets: Secrets
    _policy: Policy

    async def security_mail(self, job: OutboxJob, data: SecurityMailJob) -> None:
        recipient = NOBODY
        if data.user is not None:
            async with self._store.reader() as reader:
                recipient = Recipient.of(await reader.users.find(data.user))
        await self._mails.deliver(job, data.to, data.purpose, data.values, recipient)

    async def verification(self, job: OutboxJob, data: VerificationMailJob) -> None:
        async with self._store.reader() as reader:
            user = await reader.users.find(data.user)
            if user is None or user.unverified_email is None:
                return
            holder = await reader.users.find_by_email(user.unverified_email)
        if holder is not None and holder.id != data.user:
            await self._mails.deliver(job, holder.email, MailKind.ALREADY_REGISTERED, {}, Recipient.of(holder))
            return
        await self._mail_token(job, data.user, user.unverified_email, MailTokenPurpose.VERIFY_EMAIL)

    async def recovery(self, job: OutboxJob, data: RecoveryMailJob) -> None:
        async with self._store.reader() as reader:
            user = await reader.users.find_by_email(data.email)
        if user is not None:
            # sent to the stored address, never to the typed one (CVE-2019-19844)
            await self._mail_token(job, user.id, user.email, MailTokenPurpose.RESET_PASSWORD)

    async def _mail_token(self, job: OutboxJob, user_id: UserId, to: EmailAddress, purpose: MailTokenPurpose) -> None:
        token = new_token(self._secrets.random_bytes(TOKEN_BYTES), prefix=MAILED)

        async def keep() -> User | None:
            async with self._store.begin() as work:
                try:
                    user = await work.users.get(user_id, lock=True)
                except NotFound:
                    return None
                now, changed = self._clock.now(), user.password_changed_at
                # a time in the future comes from a wrong clock, and must not block the mail until then
                is_older = changed is not None and job.created_at < changed and not is_ahead(changed, now=now)
                addresses = (user.email, user.pending_email)
                is_theirs = any(address is not None and address.is_same_mailbox(to) for address in addresses)
                if is_older or not is_theirs:
                    return None  # requested before the password or the address changed
                await work.mail_tokens.add(
                    MailToken(
                        digest=digest_of(token, prefix=MAILED),
                        user_id=user_id,
                        purpose=purpose,
                        email=to,
                        created_at=now,
                        expires_at=now + self._mails.lifetime(purpose),
                    )
                )
            return user

        user = await retry_on_conflict(self._store, keep)
        if user is not None:
            proven = user.verified_email
            is_verified = proven is not None and proven.is_same_mailbox(to)
            await self._mails.deliver_token(
                job, to, purpose, name=user.name, token=token, recipient=Recipient.of(user), is_verified=is_verified
            )

    async def invitation(self, job: OutboxJob, data: InvitationMailJob) -> None:
        open_since = self._policy.invitations_open_since(self._clock.now())
        async with self._store.reader() as reader:
            view = await reader.teams.find_invitation(data.invitation, open_since=open_since)
            if view is None:
                return  # accepted, declined, revoked or expired since
            holder = await reader.users.find_by_email(view.invitation.email)
            proven = None if holder is None else holder.verified_email
            inviter = None
            if proven is None and view.invited_by is not None:
                inviter = await reader.users.find(view.invited_by.id)  # whose language the recipient may well have
            is_member = (
                holder is not None and await reader.teams.find_view(view.invitation.team_id, holder.id) is not None
            )
        if is_member and proven is not None:
            return  # with private registration a member can be invited
        values = {"team": view.team_name}
        if view.invited_by is not None:
            values["invited_by"] = view.invited_by.name
        if holder is not None and proven is not None:
            # sent to the stored address, never to the typed one (CVE-2019-19844)
            to = view.invitation.email if proven.is_same_mailbox(view.invitation.email) else proven
            await self._mails.deliver(job, to, MailKind.INVITATION, values, Recipient.of(holder))
        elif holder is None or holder.email.is_same_mailbox(view.invitation.email):
            # no user id, so that an unverified holder of the address does not learn whether it was delivered
            recipient = Recipient.without_id(inviter)
            await self._mails.deliver(job, view.invitation.email, MailKind.INVITATION, without_links(values), recipient)

    async def taken(self, job: OutboxJob, data: TakenMailJob) -> None:
        async with self._store.reader() as reader:
            holder = await reader.users.find_by_email(data.email)
        is_theirs = holder is not None and holder.email.is_same_mailbox(data.email)
        recipient = Recipient.of(holder) if is_theirs else NOBODY
        await self._mails.deliver(job, data.email, MailKind.ALREADY_REGISTERED, {}, recipient)
