"""What the owner of a team does with the invitations that were sent: list them, send one again, revoke one."""

import attrs

from accounts_core.errors import NotFound
from accounts_core.model.events import InvitationRevoked
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.paging import DEFAULT_PAGE, Cursor, Page
from accounts_core.model.policy import Policy
from accounts_core.model.team import InvitationView
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork, Views
from accounts_core.use_cases.attempts import Attempts
from accounts_core.use_cases.paging import Listed
from accounts_core.use_cases.retrying import settle
from accounts_core.use_cases.teams.invitations import Inviter, invitation_cursor
from accounts_core.use_cases.teams.membership import owned_by, seen_by


async def _sent(views: Views, team_id: TeamId, id: str, *, clock: Clock, policy: Policy) -> InvitationView:
    """Return the open invitation into the team. Raises `NotFound`, also for one into another team."""
    view = await views.teams.find_invitation(id, open_since=policy.invitations_open_since(clock.now()))
    if view is None or view.invitation.team_id != team_id:
        raise NotFound("invitation", id)
    return view


@attrs.frozen
class ListTeamInvitations:
    """Read the open invitations into a team."""

    _store: Store[UnitOfWork]
    _clock: Clock
    _policy: Policy

    async def __call__(
        self, user_id: UserId, team_id: TeamId, *, limit: int = DEFAULT_PAGE, before: str | None = None
    ) -> Page[InvitationView]:
        """Return at most `limit`, newest first, from the position or the id `before` on.

        Raises `Invalid` on `before`, `NotFound`, and `NotAllowed` for anybody but the owner.
        """
        open_since = self._policy.invitations_open_since(self._clock.now())
        async with self._store.read() as views:
            (await seen_by(views, team_id, user_id)).team.check_owner(user_id)

            async def find(id: str) -> Cursor | None:
                view = await views.teams.find_invitation(id, open_since=open_since)
                return None if view is None or view.invitation.team_id != team_id else invitation_cursor(view)

            return await Listed(
                name=f"invitations into {team_id}",
                kind=Cursor,
                position=invitation_cursor,
                read=lambda count, below: views.teams.invitations_into(
                    team_id, open_since=open_since, limit=count, before=below
                ),
                find=find,
            ).page(limit=limit, before=before)


@attrs.frozen
class ResendInvitation:
    """Send an invitation again."""

    _store: Store[UnitOfWork]
    _inviter: Inviter
    _attempts: Attempts
    _clock: Clock
    _policy: Policy

    async def __call__(self, user_id: UserId, team_id: TeamId, id: str) -> None:
        """Have the mail sent again; the time of the invitation begins anew.

        The mail of a sender whose own address is not verified waits until it is. Raises `NotFound`, `NotAllowed` for
        anybody but the owner, and `LimitExceeded`: it counts for the sender as an invitation, and for the recipient as
        a mail.
        """
        async with self._store.read() as views:
            (await seen_by(views, team_id, user_id)).team.check_owner(user_id)
            invitation = (await _sent(views, team_id, id, clock=self._clock, policy=self._policy)).invitation
            sender = await views.users.find(user_id)
        await self._attempts.invitation(user_id)
        is_verified = sender is not None and sender.email_verified_at is not None
        if is_verified:
            await self._attempts.mail(invitation.email)

        async def attempt() -> None:
            async with self._store.begin() as work:
                await owned_by(work, team_id, user_id)
                view = await _sent(work, team_id, id, clock=self._clock, policy=self._policy)
                sender = await work.users.get(user_id, lock=True)
                await self._inviter.renew(work, view.invitation, sender, may_mail=is_verified)

        await settle(self._store, attempt)


@attrs.frozen
class RevokeInvitation:
    """Take an invitation back."""

    _store: Store[UnitOfWork]
    _attempts: Attempts
    _clock: Clock
    _policy: Policy

    async def __call__(self, user_id: UserId, team_id: TeamId, id: str) -> None:
        """End the invitation. Raises `NotFound`, `NotAllowed` for anybody but the owner, and `LimitExceeded`."""
        await self._attempts.write(user_id)

        async def attempt() -> None:
            async with self._store.begin() as work:
                await owned_by(work, team_id, user_id)
                view = await _sent(work, team_id, id, clock=self._clock, policy=self._policy)
                if not await work.teams.remove_invitation(id):
                    raise NotFound("invitation", id)
                now = self._clock.now()
                work.record(InvitationRevoked(user_id=user_id, at=now, team_id=team_id, email=view.invitation.email))

        await settle(self._store, attempt)
