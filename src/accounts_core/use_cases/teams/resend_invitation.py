"""What the owner of a team does with the invitations that were sent: list them, send one again, revoke one."""

import attrs

from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.policy import Policy
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.inviter import Inviter
from accounts_core.services.open_invitations import open_invitation_into
from accounts_core.services.retry import settle
from accounts_core.services.team_access import owned_by, seen_by


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
            invitation = (
                await open_invitation_into(views, team_id, id, clock=self._clock, policy=self._policy)
            ).invitation
            sender = await views.users.find(user_id)
        await self._attempts.invitation(user_id)
        is_verified = sender is not None and sender.email_verified_at is not None
        if is_verified:
            await self._attempts.mail(invitation.email)

        async def attempt() -> None:
            async with self._store.begin() as work:
                await owned_by(work, team_id, user_id)
                view = await open_invitation_into(work, team_id, id, clock=self._clock, policy=self._policy)
                sender = await work.users.get(user_id, lock=True)
                await self._inviter.renew(work, view.invitation, sender, may_mail=is_verified)

        await settle(self._store, attempt)
