"""Rate limits are counted before the unit of work, which would hold its locks while it waits for the counter."""

import attrs

from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.policy import Policy
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.inviter import Inviter
from accounts_core.services.open_invitations import open_invitation_into
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict
from accounts_core.services.team_access import owned_by, seen_by


@attrs.frozen
class ResendInvitation:
    """Send the mail of an invitation again."""

    _store: Store[UnitOfWork]
    _inviter: Inviter
    _rate_limits: RateLimitPolicy
    _clock: Clock
    _policy: Policy

    async def __call__(self, user_id: UserId, team_id: TeamId, id: str) -> None:
        """Send the mail of an open invitation again, and start its time limit anew.

        The mail of a sender whose own address is unverified waits until it is verified.

        Args:
            user_id: The team's owner. The call counts as an invitation by this user and as a mail to the recipient.
            team_id: The team.
            id: The invitation's id.

        Raises:
            NotFound: No such team, the user is not in it, or it has no open invitation with this id.
            NotAllowed: The user is a member, not the owner.
            RateLimitExceeded: Too many invitations by this user (`invite`) or mails to the address (`mail`).

        """
        async with self._store.reader() as reader:
            (await seen_by(reader, team_id, user_id)).team.check_owner(user_id)
            invitation = (
                await open_invitation_into(reader, team_id, id, clock=self._clock, policy=self._policy)
            ).invitation
            sender = await reader.users.find(user_id)
        await self._rate_limits.consume_invitation(user_id)
        is_verified = sender is not None and sender.email_verified_at is not None
        if is_verified:
            await self._rate_limits.consume_mail(invitation.email)

        async def attempt() -> None:
            async with self._store.begin() as work:
                await owned_by(work, team_id, user_id)
                view = await open_invitation_into(work, team_id, id, clock=self._clock, policy=self._policy)
                sender = await work.users.get(user_id, lock=True)
                await self._inviter.renew(work, view.invitation, sender, may_mail=is_verified)

        await retry_on_conflict(self._store, attempt)
