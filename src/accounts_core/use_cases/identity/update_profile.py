"""Changing a profile.

A new password and any change of the address, verified or not, are sensitive (ASVS 6.2.3 and 7.5.1: a stolen token must
not become the account). They need the present password, or a session signed in a moment ago.
"""

from datetime import datetime

import attrs

from accounts_core.errors import Conflict, EmailTaken, NotFound, ReauthenticationRequired
from accounts_core.model.email import Email
from accounts_core.model.events import (
    DomainEvent,
    EmailChanged,
    EmailChangeRequested,
    PasswordChanged,
    UserRenamed,
)
from accounts_core.model.ids import UserId
from accounts_core.model.outbox import Job, Topic
from accounts_core.model.passwords import Password
from accounts_core.model.policy import EmailChange, Policy
from accounts_core.model.requester import Requester
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.credentials import Proofs, new_email_of
from accounts_core.services.outbox_writer import Effects, tell_provider
from accounts_core.services.retry import settle


@attrs.frozen(kw_only=True)
class _Wish:
    """What is asked for, checked as far as it can be without the user."""

    name: str | None
    email: Email | None
    password: Password | None

    def known_of(self, user: User) -> tuple[str, ...]:
        """What the user is known by before the change and after it."""
        new = (self.name, None if self.email is None else self.email.address)
        return (*user.known_by, *(each for each in new if each is not None))


@attrs.frozen
class UpdateProfile:
    """Change name, address or password."""

    _store: Store[UnitOfWork]
    _passwords: PasswordHasher
    _proofs: Proofs
    _attempts: Attempts
    _effects: Effects
    _clock: Clock
    _policy: Policy

    async def __call__(
        self,
        user_id: UserId,
        *,
        name: str | None = None,
        email: Email | str | None = None,
        new_password: str | None = None,
        current_password: str | None = None,
        signed_in_at: datetime | None = None,
        keep_session: str | None = None,
        client: str | None = None,
    ) -> User:
        """Change what is given, all of it or nothing, and return the user; None leaves a thing as it is.

        `current_password` is checked whenever it is given; `signed_in_at`, the time of the caller's sign-in, proves as
        much while it is recent. A new password ends every session but `keep_session`, and every mailed token dies. A
        new address gets a mail to verify it with; `client`, the address that the call comes from, is counted for it.

        Raises `Invalid` on `name`, `email` or `new_password`, `WrongPassword` on `current_password`,
        `ReauthenticationRequired`, `EmailTaken` (not where registration is private), `LimitExceeded` and `NotFound`.
        """
        wish = _Wish(
            name=name,
            email=None if email is None else new_email_of(email),
            password=None if new_password is None else Password(new_password, field="new_password"),
        )
        proof = None if current_password is None else Password(current_password, field="current_password")

        async def attempt() -> tuple[User, tuple[Job, ...]]:
            async with self._store.read() as views:
                user = await views.users.find(user_id)
            if user is None:
                raise NotFound("user", user_id)
            if wish.password is not None:
                self._policy.passwords.check(wish.password, *wish.known_of(user))
            await self._check_proof(user, wish, proof, signed_in_at, client)
            may_tell = await self._count_mails(user, wish, client)
            if wish.email is not None and wish.email != user.email and self._moves_at_once(user):
                await self._attempts.clear_free_address(self._store, wish.email)
            password_hash = None
            if wish.password is not None:
                password_hash = await self._passwords.hash(wish.password, requester=Requester.of(user.email, client))
            async with self._store.begin() as work:
                current = await work.users.get(user_id, lock=True)
                if current.version != user.version:
                    raise Conflict("The user changed while the password was checked.")
                return await self._change(work, current, wish, password_hash, keep_session, may_tell)

        changed, jobs = await settle(self._store, attempt)
        await self._effects.attempt(*jobs)
        return changed

    async def _check_proof(
        self, user: User, wish: _Wish, proof: Password | None, signed_in_at: datetime | None, client: str | None
    ) -> None:
        """Look for the proof that the change needs, and count the change before anything is hashed for it."""
        moves_email = wish.email is not None and wish.email.address != user.email.address
        is_recent = self._policy.is_recent(signed_in_at, now=self._clock.now())
        if proof is None and (wish.password is not None or moves_email) and not is_recent:
            raise ReauthenticationRequired
        if wish.password is None:
            await self._attempts.write(user.id)
        else:
            await self._attempts.password_change(user.id, client)
        if proof is not None:
            await self._proofs.check(user, proof, client)

    async def _count_mails(self, user: User, wish: _Wish, client: str | None) -> bool:
        """Count the mail to a new address, and return whether the present one may be told of the change.

        A present address that was never verified may be a stranger's, so it gets a limited number of mails. Raises
        `LimitExceeded`.
        """
        if wish.email is None or not _asks_for_mail(user, wish.email):
            return True
        await self._attempts.recovery(wish.email, client)
        await self._attempts.mail(wish.email)
        return user.email_verified_at is not None or await self._attempts.may_mail(user.email)

    async def _change(
        self,
        work: UnitOfWork,
        user: User,
        wish: _Wish,
        password_hash: str | None,
        keep_session: str | None,
        may_tell: bool,
    ) -> tuple[User, tuple[Job, ...]]:
        now = self._clock.now()
        changed, events = user, list[DomainEvent]()
        if wish.name is not None:
            changed = changed.rename(wish.name, at=now)
            if changed.name != user.name:
                events.append(UserRenamed(user_id=user.id, at=now, name=changed.name))
        if wish.email is not None:
            changed = await self._move(work, changed, wish.email)
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
                    EmailChangeRequested(user_id=user.id, at=now, tell=user.proven_email, pending=changed.pending_email)
                )
            if _is_moved(user.waiting_email, changed.waiting_email):
                await work.mail_tokens.remove_of(user.id)
                await self._effects.put_for_worker(work, Topic.VERIFICATION_MAIL, user=str(user.id))
        if password_hash is not None:
            changed = changed.change_password(password_hash, at=now)
            await work.sessions.remove_of(user.id, keep=keep_session)
            await work.mail_tokens.remove_of(user.id)
            events.append(PasswordChanged(user_id=user.id, at=now, tell=user.proven_email))
        if changed is user:
            return user, ()
        saved = await work.users.save(changed)
        for event in events:
            work.record(event)
        return saved, await tell_provider(work, self._effects, before=user, after=saved)

    def _moves_at_once(self, user: User) -> bool:
        """Return whether another address takes the place of the present one without waiting to be verified."""
        immediate = self._policy.email_change is EmailChange.IMMEDIATE
        return not self._policy.private_registration and (immediate or user.email_verified_at is None)

    async def _move(self, work: UnitOfWork, user: User, email: Email) -> User:
        """Go to another address. Where registration is private, one that is taken only seems to wait."""
        if self._policy.private_registration:
            return user.change_email(email, at=self._clock.now(), always_wait=True)
        holder = await work.users.find_by_email(email)
        if holder is not None and holder.id != user.id:
            raise EmailTaken(email.address)
        immediate = self._policy.email_change is EmailChange.IMMEDIATE
        return user.change_email(email, at=self._clock.now(), immediate=immediate)


def _asks_for_mail(user: User, email: Email) -> bool:
    """Return whether going to `email` has a mail sent to it: not where it is verified, or waits already."""
    if user.email_verified_at is not None and email == user.email:
        return False
    return user.waiting_email is None or not email.is_same_mailbox(user.waiting_email)


def _is_moved(before: Email | None, after: Email | None) -> bool:
    """Return whether another mailbox waits to be verified than before."""
    return after is not None and (before is None or not after.is_same_mailbox(before))
