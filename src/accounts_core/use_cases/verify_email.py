"""Proving that an address is the person's: with a token from a mail, or by an operator who has seen other proof."""

from collections.abc import Awaitable, Callable
from typing import Final

import attrs

from accounts_core.errors import InvalidMailToken, NotFound
from accounts_core.model.events import Actor, EmailChanged, EmailVerified
from accounts_core.model.ids import UserId
from accounts_core.model.mail_token import TokenPurpose
from accounts_core.model.notification import Notification
from accounts_core.model.outbox import Job, Topic
from accounts_core.model.policy import Policy
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.attempts import Attempts
from accounts_core.use_cases.effects import Effects, tell_provider
from accounts_core.use_cases.recovery import MailedTokens
from accounts_core.use_cases.retrying import settle

MOST_INVITATIONS: Final = 200


@attrs.frozen
class EmailVerifier:
    """Takes the address that waits for it as verified."""

    _store: Store[UnitOfWork]
    _effects: Effects
    _clock: Clock
    _policy: Policy

    async def verify(self, find: Callable[[UnitOfWork], Awaitable[User]], *, by: Actor) -> User:
        """Verify the waiting address of the user whom `find` returns, locked, and return the user.

        Invitations that were waiting for the address notify the user now. Raises what `find` does, and `EmailTaken`
        when somebody else has verified the pending address first.
        """

        async def attempt() -> tuple[User, tuple[Job, ...]]:
            async with self._store.begin() as work:
                return await self._verify(work, await find(work), by)

        verified, jobs = await settle(self._store, attempt)
        await self._effects.attempt(*jobs)
        return verified

    async def _verify(self, work: UnitOfWork, before: User, by: Actor) -> tuple[User, tuple[Job, ...]]:
        now = self._clock.now()
        after = before.verify_email(at=now)
        if after is before:
            return before, ()
        saved = await work.users.save(after)
        await work.mail_tokens.remove_of(before.id)
        if after.email != before.email:
            work.record(
                EmailChanged(
                    user_id=before.id, at=now, by=by, tell=before.proven_email, before=before.email, after=after.email
                )
            )
        work.record(EmailVerified(user_id=before.id, at=now, by=by, email=after.email))
        for view in await work.teams.invitations_to(after.email, limit=MOST_INVITATIONS):
            await work.notifications.add(
                Notification.invite(id=self._effects.new_id("ntf"), user_id=before.id, team_name=view.team_name, at=now)
            )
        await work.notifications.remove_oldest_of(before.id, keep=self._policy.quotas.notifications)
        return saved, await tell_provider(work, self._effects, before=before, after=saved)


@attrs.frozen
class VerifyEmail:
    """Take the address that waits for it as verified: for operators, and for whoever has seen the person's proof."""

    _verifier: EmailVerifier

    async def __call__(self, user_id: UserId) -> User:
        """Verify the pending address if there is one, else the present one, and return the user.

        Raises `NotFound`, and `EmailTaken` when somebody else has verified the pending address first.
        """
        return await self._verifier.verify(lambda work: work.users.get(user_id, lock=True), by=Actor.OPERATOR)


@attrs.frozen
class ConfirmEmail:
    """Verify an address with the token that was mailed to it."""

    _verifier: EmailVerifier
    _tokens: MailedTokens

    async def __call__(self, *, token: str, client: str | None = None) -> User:
        """Verify the address and return the user.

        Raises `InvalidMailToken`, also when the address is no longer the one that waits, `LimitExceeded`, and
        `EmailTaken` when somebody else has verified the address first.
        """
        await self._tokens.count(client)

        async def find(work: UnitOfWork) -> User:
            found, user = await self._tokens.find(work, token, TokenPurpose.VERIFY_EMAIL)
            if not user.is_active or found.email != user.waiting_email:
                raise InvalidMailToken
            return user

        return await self._verifier.verify(find, by=Actor.USER)


@attrs.frozen
class ResendVerification:
    """Ask for another mail to verify an address with."""

    _store: Store[UnitOfWork]
    _effects: Effects
    _attempts: Attempts

    async def __call__(self, user_id: UserId, *, client: str | None = None) -> None:
        """Have a mail sent to the address that waits; without one nothing happens.

        Raises `NotFound` and `LimitExceeded`.
        """
        async with self._store.read() as views:
            user = await views.users.find(user_id)
        if user is None:
            raise NotFound("user", user_id)
        if user.waiting_email is None:
            return
        await self._attempts.recovery(user.waiting_email, client)
        async with self._store.begin() as work:
            await self._effects.put_for_worker(work, Topic.VERIFICATION_MAIL, user=str(user_id))
