"""Change the user's profile, email address or password.

A new password and any change of the address, verified or not, are sensitive (ASVS 5.0, 6.2.3 and 7.5.1): a stolen
access token must not be enough to take the account over. They need the current password or a recent sign-in.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, Unpack

import attrs

from accounts_core.errors import Conflict, EmailTaken, NotFound, ReauthenticationRequired
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.events import (
    DomainEvent,
    EmailChanged,
    EmailChangeRequested,
    PasswordChanged,
    ProfileChanged,
    UserRenamed,
)
from accounts_core.model.ids import UserId
from accounts_core.model.jobs import VerificationMailJob
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.passwords import Password
from accounts_core.model.policy import EmailChange, Policy
from accounts_core.model.profile import ProfileChanges, known_texts
from accounts_core.model.profile_data import D
from accounts_core.model.requester import Requester
from accounts_core.model.secret_values import PasswordHash
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.credentials import Reauthentication, new_email_of
from accounts_core.services.outbox_writer import OutboxWriter, tell_provider
from accounts_core.services.profile_signature import shows_profile_fields
from accounts_core.services.profile_type import ChangedData
from accounts_core.services.profiles import Profiles
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen(kw_only=True)
class _ProfileChange:
    """The requested changes, checked as far as possible without the user."""

    fields: ProfileChanges
    email: EmailAddress | None
    password: Password | None

    def known_of(self, user: User) -> tuple[str, ...]:
        """Return the profile's texts and the addresses of the user before and after the change."""
        new = () if self.email is None else (self.email.address,)
        return (*user.known_by, *known_texts(self.fields), *new)


@attrs.frozen
class UpdateProfile(Generic[D]):
    """Change profile, email address or password of a user."""

    _store: Store[UnitOfWork]
    _passwords: PasswordHasher
    _reauthentication: Reauthentication
    _rate_limits: RateLimitPolicy
    _outbox: OutboxWriter
    _clock: Clock
    _policy: Policy
    _profiles: Profiles[D]

    @shows_profile_fields
    async def __call__(
        self,
        user_id: UserId,
        *,
        email: EmailAddress | str | None = None,
        new_password: str | None = None,
        current_password: str | None = None,
        signed_in_at: datetime | None = None,
        keep_session: str | None = None,
        client: str | None = None,
        profile: D | Mapping[str, Any] | None = None,
        **fields: Unpack[ProfileChanges],
    ) -> User[D]:
        """Change a user's profile, email address and password, all that are given or none of them.

        A new password, or another address, needs `current_password` or a recent sign-in. A new password ends every
        session but `keep_session` and voids every mailed token. A new address is mailed a link to verify it: a verified
        address is replaced when the new one is verified, or at once by `Policy.email_change`; an unverified one is
        replaced at once. With `Policy.private_registration` every new address waits until it is verified, also one that
        has an account.

        Args:
            user_id: The user.
            email: The new address, at most 254 characters, without a card number; None keeps the old one. The present
                address cancels a pending change.
            new_password: The new password: at most 1,024 bytes of UTF-8, by default at least 15 characters
                (`Policy.passwords`), not a common one, and not the name, the address or a word of the product; None
                keeps the old one.
            current_password: The present password, at most 1,024 bytes of UTF-8. It is checked whenever it is given,
                needed or not.
            signed_in_at: When the caller signed in (`Session.created_at`). It counts as a recent sign-in for
                `Policy.reauthentication`, 15 minutes by default (zero asks for no proof); None does not.
            keep_session: The id of a session that a new password does not end, such as the caller's; None ends every
                one.
            client: The IP address of the client, for rate limits; None if it is not known.
            profile: The host application's profile data: a value of its type replaces all of it, a mapping the members
                that it names; a value of a TypedDict is such a mapping. None keeps the old one. The limits are those of
                `register`.
            **fields: The profile fields to change.

        Returns:
            The user after the change.

        Raises:
            Invalid: On `email`, `new_password`, `current_password` or a field of the profile; on
                `profile` or its members, such as `profile.company`.
            WrongPassword: On `current_password`, which is not the user's.
            ReauthenticationRequired: The change needs `current_password` or a recent sign-in, and has neither.
            EmailTaken: Another account has the new address; never with `Policy.private_registration`.
            NotFound: No such user.
            RateLimitExceeded: Too many changes (`write`) or new passwords (`password-change`) by this user or client,
                passwords tried for this account (`sign-in`), or mails to the new address (`recovery` and `mail`).
            TooManyFailures: Too many wrong passwords in a row were tried for this account.

        """
        change = _ProfileChange(
            fields=fields,
            email=None if email is None else new_email_of(email),
            password=None if new_password is None else Password(new_password, field="new_password"),
        )
        proof = None if current_password is None else Password(current_password, field="current_password")

        async def attempt() -> tuple[User, tuple[OutboxJob, ...]]:
            async with self._store.reader() as reader:
                user = await reader.users.find(user_id)
            if user is None:
                raise NotFound("user", user_id)
            data = self._profiles.check_change(user, profile)
            if change.password is not None:
                self._policy.passwords.check(change.password, *change.known_of(user))
            await self._check_proof(user, change, proof, signed_in_at, client)
            may_tell = await self._count_mails(user, change, client)
            if change.email is not None and change.email != user.email and self._moves_at_once(user):
                await self._rate_limits.reset_free_address(self._store, change.email)
            password_hash = None
            if change.password is not None:
                password_hash = await self._passwords.hash(change.password, requester=Requester.of(user.email, client))
            async with self._store.begin() as work:
                current = await work.users.get(user_id, lock=True)
                if current.version != user.version:
                    raise Conflict("The user changed while the password was checked.")
                return await self._change(work, current, change, data, password_hash, keep_session, may_tell)

        changed, jobs = await retry_on_conflict(self._store, attempt)
        await self._outbox.dispatch_now(*jobs)
        return self._profiles.bind(changed)

    async def _check_proof(
        self,
        user: User,
        change: _ProfileChange,
        proof: Password | None,
        signed_in_at: datetime | None,
        client: str | None,
    ) -> None:
        """Check the proof that the change needs, and count the change before anything is hashed for it.

        Raises:
            ReauthenticationRequired: There is no proof.
            WrongPassword: The proof is not the user's password.
            RateLimitExceeded: Too many changes, new passwords or tried passwords.

        """
        moves_email = change.email is not None and change.email.address != user.email.address
        is_recent = self._policy.is_recent(signed_in_at, now=self._clock.now())
        if proof is None and (change.password is not None or moves_email) and not is_recent:
            raise ReauthenticationRequired
        if change.password is None:
            await self._rate_limits.consume_write(user.id)
        else:
            await self._rate_limits.consume_password_change(user.id, client)
        if proof is not None:
            await self._reauthentication.check(user, proof, client)

    async def _count_mails(self, user: User, change: _ProfileChange, client: str | None) -> bool:
        """Count the mail to a new address, and return whether the present address may be notified of the change.

        A present address that was never verified may belong to another person, so it gets a limited number of mails.

        Raises:
            RateLimitExceeded: Too many mails were requested, or sent to the new address.

        """
        if change.email is None or not _asks_for_mail(user, change.email):
            return True
        await self._rate_limits.consume_recovery(change.email, client)
        await self._rate_limits.consume_mail(change.email)
        return user.email_verified_at is not None or await self._rate_limits.try_consume_mail(user.email)

    async def _change(
        self,
        work: UnitOfWork,
        user: User,
        change: _ProfileChange,
        data: ChangedData[D] | None,
        password_hash: PasswordHash | None,
        keep_session: str | None,
        may_tell: bool,
    ) -> tuple[User, tuple[OutboxJob, ...]]:
        now = self._clock.now()
        changed, events = user, list[DomainEvent]()
        changed = changed.change_profile(change.fields, at=now)
        if changed.name != user.name:
            events.append(UserRenamed(user_id=user.id, at=now, name=changed.name))
        if data is not None:
            stored = self._profiles.stored(data.data)
            if stored is not None:
                changed = changed.change_profile_data(stored, at=now)
            events.append(
                ProfileChanged(user_id=user.id, at=now, members=data.members, before=data.before, after=data.value)
            )
        if change.email is not None:
            changed = await self._move(work, changed, change.email)
            if changed.email != user.email:
                events.append(
                    EmailChanged(
                        user_id=user.id,
                        at=now,
                        tell=user.email if may_tell else None,
                        before=user.email,
                        after=changed.email,
                        was_verified=user.email_verified_at is not None,
                    )
                )
            if changed.pending_email is not None and changed.pending_email != user.pending_email:
                events.append(
                    EmailChangeRequested(
                        user_id=user.id, at=now, tell=user.verified_email, pending=changed.pending_email
                    )
                )
            if _is_moved(user.unverified_email, changed.unverified_email):
                await work.mail_tokens.delete_for_user(user.id)
                await self._outbox.enqueue_for_worker(work, VerificationMailJob(user=user.id))
        if password_hash is not None:
            changed = changed.change_password(password_hash, at=now)
            await work.sessions.delete_for_user(user.id, keep=keep_session)
            await work.mail_tokens.delete_for_user(user.id)
            events.append(PasswordChanged(user_id=user.id, at=now, tell=user.verified_email))
        if changed is user and not events:
            return user, ()
        saved = await work.users.save(changed)
        for event in events:
            work.record(event)
        return saved, await tell_provider(work, self._outbox, before=user, after=saved)

    def _moves_at_once(self, user: User) -> bool:
        """Return whether a new address replaces the present one before it is verified."""
        immediate = self._policy.email_change is EmailChange.IMMEDIATE
        return not self._policy.private_registration and (immediate or user.email_verified_at is None)

    async def _move(self, work: UnitOfWork, user: User, email: EmailAddress) -> User:
        """Change the address, or make it the pending one.

        With `private_registration` an address that is taken becomes the pending one as well, so the caller does not
        learn it.

        Raises:
            EmailTaken: Another account has the address.

        """
        if self._policy.private_registration:
            return user.change_email(email, at=self._clock.now(), always_wait=True)
        holder = await work.users.find_by_email(email)
        if holder is not None and holder.id != user.id:
            raise EmailTaken(email.address)
        immediate = self._policy.email_change is EmailChange.IMMEDIATE
        return user.change_email(email, at=self._clock.now(), immediate=immediate)


def _asks_for_mail(user: User, email: EmailAddress) -> bool:
    """Return whether a change to `email` sends a mail to it: not if it is verified or pending already."""
    if user.email_verified_at is not None and email == user.email:
        return False
    return user.unverified_email is None or not email.is_same_mailbox(user.unverified_email)


def _is_moved(before: EmailAddress | None, after: EmailAddress | None) -> bool:
    """Return whether another mailbox waits for verification than before."""
    return after is not None and (before is None or not after.is_same_mailbox(before))
