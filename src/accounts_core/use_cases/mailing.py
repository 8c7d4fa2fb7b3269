"""The mails that a worker sends. A token is made when its mail is sent, and is nowhere before that.

Each job can be done twice: the person then has two mails, and the notice's id tells a mail server that they are one.
"""

from collections.abc import Mapping
from datetime import timedelta

import attrs

from accounts_core.errors import NotFound
from accounts_core.model.email import Email
from accounts_core.model.events import UserRegistered
from accounts_core.model.ids import UserId
from accounts_core.model.mail_token import MailToken, TokenPurpose
from accounts_core.model.outbox import Job, Topic
from accounts_core.model.policy import Policy
from accounts_core.model.times import is_ahead
from accounts_core.model.tokens import MAILED, TOKEN_BYTES, digest_of, new_token
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.notifier import Notice, Notifier, Purpose
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.retrying import settle


@attrs.frozen
class Mailer:
    """Does the jobs that end in a mail."""

    _store: Store[UnitOfWork]
    _notifier: Notifier
    _clock: Clock
    _secrets: Secrets
    _policy: Policy

    async def perform(self, job: Job) -> None:
        """Do what a job says. Raises what the notifier raises, and `NotFound` for a job of another topic."""
        match job.topic:
            case Topic.SECURITY_NOTICE:
                values = {name: value for name, value in job.payload.items() if name not in {"purpose", "to"}}
                await self._deliver(job, Email(job.payload["to"]), Purpose(job.payload["purpose"]), values)
            case Topic.VERIFICATION_MAIL:
                await self._verification(job, UserId(int(job.payload["user"])))
            case Topic.RECOVERY_MAIL:
                await self._recovery(job, Email(job.payload["email"]))
            case Topic.SIGN_UP:
                await self._sign_up(job)
            case Topic.TAKEN_MAIL:
                await self._deliver(job, Email(job.payload["email"]), Purpose.ALREADY_REGISTERED, {})
            case Topic.INVITATION_MAIL:
                await self._invitation(job)
            case _:
                raise NotFound("effect", job.topic)

    async def _verification(self, job: Job, user_id: UserId) -> None:
        async with self._store.read() as views:
            user = await views.users.find(user_id)
            if user is None or user.waiting_email is None:
                return
            holder = await views.users.find_by_email(user.waiting_email)
        if holder is not None and holder.id != user_id:
            await self._deliver(job, holder.email, Purpose.ALREADY_REGISTERED, {})
            return
        await self._mail_token(job, user_id, user.waiting_email, TokenPurpose.VERIFY_EMAIL)

    async def _recovery(self, job: Job, email: Email) -> None:
        async with self._store.read() as views:
            user = await views.users.find_by_email(email)
        if user is not None:
            # to the address that is stored, never to the one that was typed (CVE-2019-19844)
            await self._mail_token(job, user.id, user.email, TokenPurpose.RESET_PASSWORD)

    async def _mail_token(self, job: Job, user_id: UserId, to: Email, purpose: TokenPurpose) -> None:
        lifetime, subject = self._kinds[purpose]
        token = new_token(self._secrets.random_bytes(TOKEN_BYTES), prefix=MAILED)

        async def keep() -> User | None:
            async with self._store.begin() as work:
                try:
                    user = await work.users.get(user_id, lock=True)
                except NotFound:
                    return None
                now, changed = self._clock.now(), user.password_changed_at
                # a change that lies in the future says nothing of what came first; the person must not wait for it
                is_older = changed is not None and job.created_at < changed and not is_ahead(changed, now=now)
                if is_older or to not in {user.email, user.pending_email}:
                    return None  # asked for before the password or the address changed
                await work.mail_tokens.add(
                    MailToken(
                        digest=digest_of(token, prefix=MAILED),
                        user_id=user_id,
                        purpose=purpose,
                        email=to,
                        created_at=now,
                        expires_at=now + lifetime,
                    )
                )
            return user

        user = await settle(self._store, keep)
        if user is not None:
            minutes = str(int(lifetime.total_seconds() // 60))
            await self._deliver(job, to, subject, {"name": user.name, "token": token, "minutes": minutes})

    @property
    def _kinds(self) -> Mapping[TokenPurpose, tuple[timedelta, Purpose]]:
        return {
            TokenPurpose.VERIFY_EMAIL: (self._policy.mail.verification, Purpose.VERIFY_EMAIL),
            TokenPurpose.RESET_PASSWORD: (self._policy.mail.reset, Purpose.RESET_PASSWORD),
        }

    async def _sign_up(self, job: Job) -> None:
        """Sign somebody up whom nobody has answered, or tell whoever has the address.

        Of several who signed up with an address before it was verified, the last one's password counts: whoever reads
        the mail then verifies an account whose password is their own, not one that somebody prepared for them.
        """
        email = Email(job.payload["email"])
        name, password_hash = job.payload["name"], job.payload["password_hash"]

        async def enter() -> User | None:
            async with self._store.begin() as work:
                holder = await work.users.find_by_email(email)
                now = self._clock.now()
                if holder is None:
                    user = User.register(
                        id=await work.users.next_id(), email=email, name=name, password_hash=password_hash, at=now
                    ).change_password(password_hash, at=job.created_at)
                    await work.users.add(user)
                    work.record(UserRegistered(user_id=user.id, at=now, email=email))
                    return user
                if holder.proven_email is not None:
                    return None
                current = await work.users.get(holder.id, lock=True)
                chosen_at = current.password_changed_at
                if current.password_hash == password_hash or (chosen_at is not None and chosen_at > job.created_at):
                    return current
                await work.sessions.remove_of(holder.id)
                await work.mail_tokens.remove_of(holder.id)
                # dated when it was asked for, so that of several the last one counts, whichever is done last
                return await work.users.save(
                    current.rename(name, at=now).change_password(password_hash, at=job.created_at)
                )

        user = await settle(self._store, enter)
        if user is None:
            await self._deliver(job, email, Purpose.ALREADY_REGISTERED, {})
        else:
            await self._mail_token(job, user.id, user.email, TokenPurpose.VERIFY_EMAIL)

    async def _invitation(self, job: Job) -> None:
        async with self._store.read() as views:
            view = await views.teams.find_invitation(job.payload["invitation"])
        if view is None:
            return  # accepted, declined or withdrawn meanwhile
        values = {"team": view.team_name}
        if view.invited_by is not None:
            values["invited_by"] = view.invited_by.name
        await self._deliver(job, view.invitation.email, Purpose.INVITATION, values)

    async def _deliver(self, job: Job, to: Email, purpose: Purpose, values: Mapping[str, str]) -> None:
        await self._notifier.deliver(Notice(id=job.id, to=to, purpose=purpose, values=values))
