"""Inviting people into a team, by address.

The answer is the same whether or not the address has an account, and whoever merely registered an address sees none of
its invitations until the address is verified.
"""

from collections.abc import Sequence
from contextlib import suppress

import attrs

from accounts_core.errors import NotAllowed, NotFound
from accounts_core.model.email import Email
from accounts_core.model.events import InvitationAccepted, InvitationDeclined, Invited
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.notification import Notification
from accounts_core.model.outbox import Job, Topic
from accounts_core.model.policy import Policy
from accounts_core.model.team import Invitation, InvitationView, Membership, Team
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.attempts import Attempts
from accounts_core.use_cases.credentials import email_of
from accounts_core.use_cases.effects import Effects
from accounts_core.use_cases.retrying import settle
from accounts_core.use_cases.teams.membership import owned_by


@attrs.frozen
class Inviter:
    """Writes an invitation down, with what its address finds out of it."""

    _store: Store[UnitOfWork]
    _effects: Effects
    _clock: Clock

    async def invite(self, by: UserId, team_id: TeamId, address: Email) -> None:
        """Invite the address, notify the user who has it, and mail. Raises `NotFound` and `NotAllowed`."""

        async def attempt() -> None:
            async with self._store.begin() as work:
                await self._invite(work, by, await owned_by(work, team_id, by), address)

        await settle(self._store, attempt)

    async def perform(self, job: Job) -> None:
        """Do what a job says, unless whoever asked for it does not own the team any more."""
        team_id, by = TeamId(int(job.payload["team"])), UserId(int(job.payload["by"]))
        with suppress(NotFound, NotAllowed):
            await self.invite(by, team_id, Email(job.payload["email"]))

    async def _invite(self, work: UnitOfWork, by: UserId, team: Team, address: Email) -> None:
        invited = await work.users.find_by_email(address)
        if invited is not None and invited.email_verified_at is None:
            invited = None
        if invited is not None and await work.teams.role(team.id, invited.id) is not None:
            return
        now = self._clock.now()
        invitation = Invitation(
            id=self._effects.new_id("inv"), team_id=team.id, email=address, invited_by=by, created_at=now
        )
        if not await work.teams.add_invitation(invitation):
            return
        if invited is not None:
            await work.notifications.add(
                Notification.invite(id=self._effects.new_id("ntf"), user_id=invited.id, team_name=team.name, at=now)
            )
        work.record(Invited(user_id=by, at=now, team_id=team.id, email=address))
        await self._effects.put_for_worker(work, Topic.INVITATION_MAIL, invitation=invitation.id)


@attrs.frozen
class InviteToTeam:
    """Invite somebody into a team."""

    _store: Store[UnitOfWork]
    _inviter: Inviter
    _effects: Effects
    _attempts: Attempts
    _policy: Policy

    async def __call__(self, user_id: UserId, team_id: TeamId, *, email: Email | str) -> None:
        """Invite the address; a second invitation, and one of somebody who is in the team, change nothing.

        A user with this verified address is notified; the address gets a mail either way. Where registration is
        private a worker does it all, so that the work here is the same whoever has the address. Raises `NotFound`,
        `NotAllowed` for anybody but the owner, `Invalid` on `email`, and `LimitExceeded`.
        """
        address = email_of(email)
        await self._attempts.invitation(user_id)
        if self._policy.private_registration:
            await settle(self._store, lambda: self._leave_to_worker(user_id, team_id, address))
        else:
            await self._inviter.invite(user_id, team_id, address)

    async def _leave_to_worker(self, user_id: UserId, team_id: TeamId, address: Email) -> None:
        async with self._store.begin() as work:
            await owned_by(work, team_id, user_id)
            await self._effects.put_for_worker(
                work, Topic.INVITE, team=str(team_id), by=str(user_id), email=address.address
            )


@attrs.frozen
class ListInvitations:
    """Read the invitations that wait for a user."""

    _store: Store[UnitOfWork]

    async def __call__(
        self, user_id: UserId, *, limit: int = 50, before: str | None = None
    ) -> Sequence[InvitationView]:
        """Return those of the user's verified address, newest first; none while it is not verified."""
        async with self._store.read() as views:
            user = await views.users.find(user_id)
            if user is None or user.email_verified_at is None:
                return ()
            return await views.teams.invitations_to(user.email, limit=limit, before=before)


async def _received(work: UnitOfWork, user_id: UserId, id: str) -> InvitationView:
    """Return the invitation if it is this user's to answer. Raises `NotFound`."""
    user = await work.users.get(user_id)
    view = await work.teams.find_invitation(id)
    if view is None or user.email_verified_at is None or view.invitation.email != user.email:
        raise NotFound("invitation", id)
    return view


@attrs.frozen
class AcceptInvitation:
    """Follow an invitation into its team."""

    _store: Store[UnitOfWork]
    _clock: Clock

    async def __call__(self, user_id: UserId, id: str) -> None:
        """Become a member. Raises `NotFound` unless it invites the user's verified address."""

        async def attempt() -> None:
            async with self._store.begin() as work:
                team_id = (await _received(work, user_id, id)).invitation.team_id
                await work.teams.get(team_id, lock=True)
                if not await work.teams.remove_invitation(id):
                    raise NotFound("invitation", id)
                now = self._clock.now()
                if await work.teams.role(team_id, user_id) is None:
                    await work.teams.add_member(Membership(team_id=team_id, user_id=user_id, created_at=now))
                work.record(InvitationAccepted(user_id=user_id, at=now, team_id=team_id))

        await settle(self._store, attempt)


@attrs.frozen
class DeclineInvitation:
    """Turn an invitation down."""

    _store: Store[UnitOfWork]
    _clock: Clock

    async def __call__(self, user_id: UserId, id: str) -> None:
        """Raises `NotFound` unless it invites the user's verified address."""

        async def attempt() -> None:
            async with self._store.begin() as work:
                team_id = (await _received(work, user_id, id)).invitation.team_id
                if not await work.teams.remove_invitation(id):
                    raise NotFound("invitation", id)
                work.record(InvitationDeclined(user_id=user_id, at=self._clock.now(), team_id=team_id))

        await settle(self._store, attempt)
