"""An invitation must not tell whether an address has an account.

The result is the same either way. With `Policy.private_registration` a worker does the work, so that the response time
is the same too.
"""

import attrs

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.jobs import InviteJob
from accounts_core.model.policy import Policy
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.credentials import new_email_of
from accounts_core.services.inviter import Inviter
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class InviteToTeam:
    """Invite an email address into a team."""

    _store: Store[UnitOfWork]
    _inviter: Inviter
    _outbox: OutboxWriter
    _rate_limits: RateLimitPolicy
    _policy: Policy

    async def __call__(self, user_id: UserId, team_id: TeamId, *, email: EmailAddress | str) -> None:
        """Invite an email address into a team, and send it a mail.

        A user with this verified address is notified in the product as well. If the invitation is open already, its
        mail is sent again and its time limit starts anew. Nothing is sent to the address of somebody who is in the
        team, or to an address that had too many mails; the mail of a sender whose own address is unverified waits until
        it is verified. With `Policy.private_registration` a worker creates the invitation, and does so for members as
        well.

        Args:
            user_id: The team's owner.
            team_id: The team.
            email: The address to invite.

        Raises:
            Invalid: On `email`: not an email address, or it holds a card number.
            RateLimitExceeded: Too many invitations by this user (`invite`).
            NotFound: No such team, or the user is not in it.
            NotAllowed: The user is a member, not the owner.
            QuotaExceeded: As many invitations into the team are open as the policy allows, and this address has none of
                them.

        """
        address = new_email_of(email)
        await self._rate_limits.consume_invitation(user_id)
        if self._policy.private_registration:
            await retry_on_conflict(self._store, lambda: self._leave_to_worker(user_id, team_id, address))
        else:
            await self._inviter.invite(user_id, team_id, address)

    async def _leave_to_worker(self, user_id: UserId, team_id: TeamId, address: EmailAddress) -> None:
        async with self._store.begin() as work:
            await self._inviter.owned_with_place(work, team_id, user_id, address)
            await self._outbox.enqueue_for_worker(work, InviteJob(team=team_id, by=user_id, email=address))
