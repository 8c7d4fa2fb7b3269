"""The mails that a worker sends. A token is made when its mail is sent, and is nowhere before that.

Each job can be done twice: the person then has two mails, and the notice's id tells a mail server that they are one.
"""

from collections.abc import Mapping
from datetime import timedelta

import attrs

from accounts_core.errors import NotFound, Undeliverable
from accounts_core.model.email import Email
from accounts_core.model.events import UserRegistered
from accounts_core.model.ids import ID_BYTES, UserId, prefixed_id
from accounts_core.model.links import without_links
from accounts_core.model.mail_token import MailToken, TokenPurpose
from accounts_core.model.outbox import Job, Topic
from accounts_core.model.policy import Policy
from accounts_core.model.sign_up import SignUp
from accounts_core.model.times import is_ahead
from accounts_core.model.tokens import MAILED, TOKEN_BYTES, digest_of, new_token
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.notifier import Notice, Notifier, Purpose
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.retry import settle


class NotDelivered(Exception):
    """A mail will never reach its recipient. `user_id` is the user whom it was for, None where it was for no user."""

    def __init__(self, user_id: UserId | None, purpose: Purpose, status: str) -> None:
        super().__init__(f"A mail ({purpose}) is not deliverable: {status}.")
        self.user_id = user_id
        self.purpose = purpose
        self.status = status


@attrs.frozen
class Mailer:
    """Does the jobs that end in a mail."""

    _store: Store[UnitOfWork]
    _notifier: Notifier
    _clock: Clock
    _secrets: Secrets
    _policy: Policy
    _attempts: Attempts

    async def perform(self, job: Job) -> None:
        """Do what a job says.

        Raises what the notifier raises, but `NotDelivered` for `Undeliverable`, and `NotFound` for a job of another
        topic.
        """
        match job.topic:
            case Topic.SECURITY_NOTICE:
                values = {name: value for name, value in job.payload.items() if name not in {"purpose", "to", "user"}}
                user_id = UserId(int(job.payload["user"])) if "user" in job.payload else None
                await self._deliver(job, Email(job.payload["to"]), Purpose(job.payload["purpose"]), values, user_id)
            case Topic.VERIFICATION_MAIL:
                await self._verification(job, UserId(int(job.payload["user"])))
            case Topic.RECOVERY_MAIL:
                await self._recovery(job, Email(job.payload["email"]))
            case Topic.SIGN_UP:
                await self._sign_up(job)
            case Topic.TAKEN_MAIL:
                await self._taken(job, Email(job.payload["email"]))
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
            await self._deliver(job, holder.email, Purpose.ALREADY_REGISTERED, {}, holder.id)
            return
        await self._mail_token(job, user_id, user.waiting_email, TokenPurpose.VERIFY_EMAIL)

    async def _recovery(self, job: Job, email: Email) -> None:
        async with self._store.read() as views:
            user = await views.users.find_by_email(email)
        if user is not None:
            # to the address that is stored, never to the one that was typed (CVE-2019-19844)
            await self._mail_token(job, user.id, user.email, TokenPurpose.RESET_PASSWORD)

    async def _mail_token(self, job: Job, user_id: UserId, to: Email, purpose: TokenPurpose) -> None:
        lifetime, _ = self._kinds[purpose]
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
                addresses = (user.email, user.pending_email)
                is_theirs = any(address is not None and address.is_same_mailbox(to) for address in addresses)
                if is_older or not is_theirs:
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
            proven = user.proven_email
            is_verified = proven is not None and proven.is_same_mailbox(to)
            await self._deliver_token(
                job, to, purpose, name=user.name, token=token, user_id=user_id, is_verified=is_verified
            )

    async def _deliver_token(
        self,
        job: Job,
        to: Email,
        purpose: TokenPurpose,
        *,
        name: str,
        token: str,
        user_id: UserId | None,
        is_verified: bool = False,
    ) -> None:
        """Mail a token. `is_verified` says whether `to` was proven to be the address of the person with this name."""
        lifetime, subject = self._kinds[purpose]
        minutes = str(int(lifetime.total_seconds() // 60))
        names = {"name": name} if is_verified else without_links({"name": name})
        await self._deliver(job, to, subject, {**names, "token": token, "minutes": minutes}, user_id)

    @property
    def _kinds(self) -> Mapping[TokenPurpose, tuple[timedelta, Purpose]]:
        return {
            TokenPurpose.VERIFY_EMAIL: (self._policy.mail.verification, Purpose.VERIFY_EMAIL),
            TokenPurpose.RESET_PASSWORD: (self._policy.mail.reset, Purpose.RESET_PASSWORD),
        }

    async def _sign_up(self, job: Job) -> None:
        """Open an account for a sign-up, mail its link, or tell whoever has the address.

        An unverified account that has the address stays as it is: the link is the sign-up's own, and decides nothing
        before its mailbox and its password come together (`ConfirmEmail`).
        """
        await self._clear_attempts(job)
        token = new_token(self._secrets.random_bytes(TOKEN_BYTES), prefix=MAILED)
        sign_up = await settle(self._store, lambda: self._enter(job, digest_of(token, prefix=MAILED)))
        if sign_up is not None:
            # for no user: who has the address by now may be somebody else, and is not told of it
            await self._deliver_token(
                job, sign_up.email, TokenPurpose.VERIFY_EMAIL, name=sign_up.name, token=token, user_id=None
            )

    async def _clear_attempts(self, job: Job) -> None:
        """Forget the passwords that were tried for the address before the account that this job opens."""
        if not self._attempts.are_counted or not _opens(job):
            return

        async def find() -> SignUp | None:
            async with self._store.begin() as work:
                return await _sign_up_of(work, job)

        sign_up = await settle(self._store, find)
        if sign_up is not None:
            await self._attempts.clear_free_address(self._store, sign_up.email)

    async def _enter(self, job: Job, digest: bytes) -> SignUp | None:
        """Return the sign-up that was given a link with this digest, or None where nothing is to be mailed here."""
        async with self._store.begin() as work:
            sign_up = await _sign_up_of(work, job)
            if sign_up is None:
                return None
            now = self._clock.now()
            holder = await work.users.find_by_email(sign_up.email)
            if holder is None and _opens(job):
                user = sign_up.to_user(id=await work.users.next_id(), at=now)
                await work.users.add(user)
                work.record(UserRegistered(user_id=user.id, at=now, email=user.email))
                await work.outbox.put(self._job(Topic.VERIFICATION_MAIL, user=str(user.id)))
            elif holder is not None and _is_anothers(holder, sign_up.email):
                # to the address that is stored, never to the one that was typed (CVE-2019-19844)
                await work.outbox.put(self._job(Topic.TAKEN_MAIL, email=holder.email.address))
            else:
                linked = sign_up.mail_link(digest, expires_at=now + self._policy.mail.verification)
                await work.sign_ups.save(linked)
                return linked
            await work.sign_ups.delete(sign_up.id)
            return None

    def _job(self, topic: Topic, **payload: str) -> Job:
        now = self._clock.now()
        job_id = prefixed_id("job", self._secrets.random_bytes(ID_BYTES))
        return Job(id=job_id, topic=topic, payload=payload, created_at=now, due=now)

    async def _invitation(self, job: Job) -> None:
        open_since = self._policy.invitations_open_since(self._clock.now())
        async with self._store.read() as views:
            view = await views.teams.find_invitation(job.payload["invitation"], open_since=open_since)
            if view is None:
                return  # accepted, declined, revoked or over meanwhile
            holder = await views.users.find_by_email(view.invitation.email)
            proven = None if holder is None else holder.proven_email
            is_member = holder is not None and await views.teams.view(view.invitation.team_id, holder.id) is not None
        if is_member and proven is not None:
            return  # where registration is private, a member can be invited
        values = {"team": view.team_name}
        if view.invited_by is not None:
            values["invited_by"] = view.invited_by.name
        if holder is not None and proven is not None:
            # to the address that is stored, never to the one that was typed (CVE-2019-19844)
            to = view.invitation.email if proven.is_same_mailbox(view.invitation.email) else proven
            await self._deliver(job, to, Purpose.INVITATION, values, holder.id)
        elif holder is None or holder.email.is_same_mailbox(view.invitation.email):
            # of what comes of the mail, somebody who merely registered the address learns nothing
            await self._deliver(job, view.invitation.email, Purpose.INVITATION, without_links(values), None)

    async def _taken(self, job: Job, to: Email) -> None:
        async with self._store.read() as views:
            holder = await views.users.find_by_email(to)
        user_id = holder.id if holder is not None and holder.email.is_same_mailbox(to) else None
        await self._deliver(job, to, Purpose.ALREADY_REGISTERED, {}, user_id)

    async def _deliver(
        self, job: Job, to: Email, purpose: Purpose, values: Mapping[str, str], user_id: UserId | None
    ) -> None:
        """Have the mail delivered. Raises `NotDelivered`; `user_id` is the user whom the mail is for, if any."""
        try:
            await self._notifier.deliver(Notice(id=job.id, to=to, purpose=purpose, values=values))
        except Undeliverable as error:
            raise NotDelivered(user_id, purpose, error.status) from error


def _opens(job: Job) -> bool:
    """Return whether a sign-up's account is opened at once, without its link."""
    return job.payload.get("opens") != "false"


def _is_anothers(holder: User, email: Email) -> bool:
    """Return whether no link for `email` may go out: it is verified, or may be another mailbox than the holder's."""
    return holder.email_verified_at is not None or not holder.email.is_same_mailbox(email)


async def _sign_up_of(work: UnitOfWork, job: Job) -> SignUp | None:
    if "sign_up" in job.payload:
        return await work.sign_ups.find(job.payload["sign_up"])
    # a job of the release before carries the sign-up itself
    sign_up = SignUp.request(
        id=f"sgn_{job.id}",
        email=Email(job.payload["email"]),
        name=job.payload["name"],
        password_hash=job.payload["password_hash"],
        at=job.created_at,
    )
    if await work.sign_ups.find(sign_up.id) is None:
        await work.sign_ups.add(sign_up)
    return sign_up
