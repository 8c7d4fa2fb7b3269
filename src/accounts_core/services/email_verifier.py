"""Verification of email addresses, and what follows from it: invitations, sign-ups and mails that waited for it."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import attrs

from accounts_core.errors import InfrastructureError
from accounts_core.model.events import Actor, EmailChanged, EmailVerified
from accounts_core.model.jobs import SendInvitationsJob
from accounts_core.model.notification import Notification
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.policy import Policy
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.outbox_writer import OutboxWriter, tell_provider
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict

MOST_INVITATIONS: Final = 200
"""The most open invitations that a user is notified of when the address is verified."""


@attrs.frozen
class EmailVerifier:
    """Marks a user's unverified address as verified."""

    _store: Store[UnitOfWork]
    _outbox: OutboxWriter
    _rate_limits: RateLimitPolicy
    _clock: Clock
    _policy: Policy

    async def verify(self, find: Callable[[UnitOfWork], Awaitable[User]], *, by: Actor) -> User:
        """Verify the unverified or pending address of a user.

        Args:
            find: Returns the user, locked in the unit of work that it gets. What it raises is raised to the caller.
            by: Who verifies, for the audit trail.

        Returns:
            The user with the verified address.

        Raises:
            EmailTaken: Another user verified the pending address first.

        """

        async def attempt() -> tuple[User, User, tuple[OutboxJob, ...]]:
            async with self._store.begin() as work:
                before = await find(work)
                return before, *await self.verify_in(work, before, by=by)

        before, verified, jobs = await retry_on_conflict(self._store, attempt)
        await self._outbox.dispatch_now(*jobs)
        await self.reset_failures(before, verified)
        return verified

    async def reset_failures(self, before: User | None, verified: User) -> None:
        """Reset the passwords counted for the address before the account had it.

        The address is verified by then, so a rate limiter that is away is no error: a password reset by mail still
        works.
        """
        if before is None or before.email != verified.email:
            with suppress(InfrastructureError):
                await self._rate_limits.reset_address(verified.email)

    async def verify_in(self, work: UnitOfWork, before: User, *, by: Actor) -> tuple[User, tuple[OutboxJob, ...]]:
        """Verify the address of `before`, who is locked; return the user, and the jobs to perform after the commit."""
        now = self._clock.now()
        after = before.verify_email(at=now)
        if after is before:
            return before, ()
        saved = await work.users.save(after)
        await work.mail_tokens.delete_for_user(before.id)
        if after.email != before.email:
            work.record(
                EmailChanged(
                    user_id=before.id,
                    at=now,
                    by=by,
                    tell=before.email,
                    before=before.email,
                    after=after.email,
                    was_verified=before.email_verified_at is not None,
                )
            )
        await self.follow(work, saved, by=by)
        return saved, await tell_provider(work, self._outbox, before=before, after=saved)

    async def follow(self, work: UnitOfWork, user: User, *, by: Actor) -> None:
        """Apply the consequences of a newly verified address to its user.

        Sign-ups with this address are deleted, open invitations to it become notifications, and the mails of
        invitations that the user sent are enqueued.
        """
        now = self._clock.now()
        work.record(EmailVerified(user_id=user.id, at=now, by=by, email=user.email))
        await work.sign_ups.delete_for_email(user.email)
        open_since = self._policy.invitations_open_since(now)
        for view in await work.teams.list_invitations_to(user.email, limit=MOST_INVITATIONS, open_since=open_since):
            await work.notifications.add(
                Notification.invite(id=self._outbox.new_id("ntf"), user_id=user.id, team_name=view.team_name, at=now)
            )
        await work.notifications.delete_oldest_for_user(user.id, keep=self._policy.quotas.notifications)
        if await work.teams.list_unmailed_invitations_by(user.id, limit=1):
            await self._outbox.enqueue_for_worker(work, SendInvitationsJob(user=user.id))
