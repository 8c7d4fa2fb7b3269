"""Changing a profile.

A new password, and leaving a verified address, are sensitive (ASVS 6.2.3 and 7.5.1: a stolen token must not become the
account). They need the present password, or a session signed in a moment ago.
"""

from datetime import datetime

import attrs

from accounts_core.errors import Conflict, EmailTaken, NotFound, ReauthenticationRequired, WrongPassword
from accounts_core.model.email import Email
from accounts_core.model.events import (
    DomainEvent,
    EmailChanged,
    EmailChangeRequested,
    PasswordChanged,
    UserRenamed,
)
from accounts_core.model.ids import UserId
from accounts_core.model.outbox import Job
from accounts_core.model.passwords import Password
from accounts_core.model.policy import EmailChange, Policy
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.credentials import email_of
from accounts_core.use_cases.effects import Effects, tell_provider
from accounts_core.use_cases.retrying import settle


@attrs.frozen(kw_only=True)
class _Wish:
    """What is asked for, checked as far as it can be without the user."""

    name: str | None
    email: Email | None
    password: Password | None


@attrs.frozen
class UpdateProfile:
    """Change name, address or password."""

    _store: Store[UnitOfWork]
    _passwords: PasswordHasher
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
    ) -> User:
        """Change what is given, all of it or nothing, and return the user; None leaves a thing as it is.

        `current_password` is checked whenever it is given; `signed_in_at`, the time of the caller's sign-in, proves as
        much while it is recent. A new password ends every session but `keep_session`.

        Raises `Invalid` on `name`, `email` or `new_password`, `WrongPassword` on `current_password`,
        `ReauthenticationRequired`, `EmailTaken` and `NotFound`.
        """
        wish = _Wish(
            name=name,
            email=None if email is None else email_of(email),
            password=None if new_password is None else Password(new_password, field="new_password"),
        )
        if wish.password is not None:
            self._policy.passwords.check(wish.password)
        proof = None if current_password is None else Password(current_password, field="current_password")

        async def attempt() -> tuple[User, tuple[Job, ...]]:
            async with self._store.read() as views:
                user = await views.users.find(user_id)
            if user is None:
                raise NotFound("user", user_id)
            await self._check_proof(user, wish, proof, signed_in_at)
            password_hash = None if wish.password is None else await self._passwords.hash(wish.password)
            async with self._store.begin() as work:
                current = await work.users.get(user_id, lock=True)
                if current.version != user.version:
                    raise Conflict("The user changed while the password was checked.")
                return await self._change(work, current, wish, password_hash, keep_session)

        changed, jobs = await settle(self._store, attempt)
        await self._effects.attempt(*jobs)
        return changed

    async def _check_proof(
        self, user: User, wish: _Wish, proof: Password | None, signed_in_at: datetime | None
    ) -> None:
        if proof is not None:
            if not await self._passwords.verify(user.password_hash, proof):
                raise WrongPassword(proof.field)
            return
        moves_email = wish.email is not None and user.moves_verified_email(wish.email)
        if (wish.password is not None or moves_email) and not self._is_recent(signed_in_at):
            raise ReauthenticationRequired

    def _is_recent(self, signed_in_at: datetime | None) -> bool:
        window = self._policy.reauthentication
        if not window:
            return True
        return signed_in_at is not None and self._clock.now() - signed_in_at <= window

    async def _change(
        self, work: UnitOfWork, user: User, wish: _Wish, password_hash: str | None, keep_session: str | None
    ) -> tuple[User, tuple[Job, ...]]:
        now = self._clock.now()
        changed, events = user, list[DomainEvent]()
        if wish.name is not None:
            changed = changed.rename(wish.name, at=now)
            if changed.name != user.name:
                events.append(UserRenamed(user_id=user.id, at=now, name=changed.name))
        if wish.email is not None:
            holder = await work.users.find_by_email(wish.email)
            if holder is not None and holder.id != user.id:
                raise EmailTaken(wish.email.address)
            immediate = self._policy.email_change is EmailChange.IMMEDIATE
            changed = changed.change_email(wish.email, at=now, immediate=immediate)
            if changed.email != user.email:
                events.append(EmailChanged(user_id=user.id, at=now, before=user.email, after=changed.email))
            if changed.pending_email is not None and changed.pending_email != user.pending_email:
                events.append(EmailChangeRequested(user_id=user.id, at=now, pending=changed.pending_email))
        if password_hash is not None:
            changed = changed.change_password(password_hash, at=now)
            await work.sessions.remove_of(user.id, keep=keep_session)
            events.append(PasswordChanged(user_id=user.id, at=now))
        if changed is user:
            return user, ()
        saved = await work.users.save(changed)
        for event in events:
            work.record(event)
        return saved, await tell_provider(work, self._effects, before=user, after=saved)
