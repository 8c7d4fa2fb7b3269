"""Invitations of people into a team, by email address.

The answer is the same whether or not the address has an account. A user sees the invitations to their address only
after verifying it.

Only the owner of a team may invite. An invitation is open for a limited time, and only while its sender owns the team
and is active (`Invitation`). Transferring the team deletes its open invitations.
"""

from contextlib import suppress
from typing import Final

import attrs

from accounts_core.errors import Conflict, NotAllowed, NotFound, QuotaExceeded
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.events import InvitationResent, Invited
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.jobs import InvitationMailJob, InviteJob, SendInvitationsJob
from accounts_core.model.notification import Notification
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.policy import Policy
from accounts_core.model.team import Invitation, Team
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict
from accounts_core.services.team_access import owned_by, seen_by

PAGE: Final = 100
"""Number of waiting invitations read at once."""


@attrs.frozen
class Inviter:
    """Stores an invitation, and notifies the person invited."""

    _store: Store[UnitOfWork]
    _outbox: OutboxWriter
    _rate_limits: RateLimitPolicy
    _clock: Clock
    _policy: Policy

    async def invite(self, by: UserId, team_id: TeamId, address: EmailAddress) -> None:
        """Invite the address, notify the user who has it, and have a mail sent.

        The mail waits until the sender's own address is verified. An address gets a limited number of mails; beyond
        that, the invitation is stored and not mailed. An open invitation to the address is mailed again, and its
        lifetime starts again.

        Raises:
            NotFound: No such team, or the sender is not in it.
            NotAllowed: The sender does not own the team.
            QuotaExceeded: The team has as many open invitations as the policy allows.

        """
        async with self._store.reader() as reader:
            # checked before a mail to the recipient is counted
            (await seen_by(reader, team_id, by)).team.check_owner(by)
            sender = await reader.users.find(by)
        # counted outside the unit of work, so that no lock is held meanwhile
        is_verified = sender is not None and sender.email_verified_at is not None
        may_mail = is_verified and await self._rate_limits.try_consume_mail(address)

        async def attempt() -> None:
            async with self._store.begin() as work:
                team = await self.owned_with_place(work, team_id, by, address)
                await self._invite(work, by, team, address, may_mail=may_mail)

        await retry_on_conflict(self._store, attempt)

    async def invite_later(self, _: OutboxJob, data: InviteJob) -> None:
        """Perform the job of an invitation; nothing happens if the sender may not invite any more."""
        with suppress(NotFound, NotAllowed, QuotaExceeded):
            await self.invite(data.by, data.team, data.email)

    async def send_waiting(self, _: OutboxJob, data: SendInvitationsJob) -> None:
        """Mail the invitations of a user that waited for the user's address to be verified."""
        while True:
            async with self._store.begin() as work:
                waiting = await work.teams.list_unmailed_invitations_by(data.user, limit=PAGE)
            if not waiting:
                return
            for invitation in waiting:
                await self._send(invitation)

    async def _send(self, invitation: Invitation) -> None:
        may_mail = await self._rate_limits.try_consume_mail(invitation.email)

        async def attempt() -> None:
            async with self._store.begin() as work:
                if await work.teams.mark_invitation_mailed(invitation.id) and may_mail:
                    await self._outbox.enqueue_for_worker(work, InvitationMailJob(invitation=invitation.id))

        await retry_on_conflict(self._store, attempt)

    async def owned_with_place(self, work: UnitOfWork, team_id: TeamId, by: UserId, address: EmailAddress) -> Team:
        """Lock the team and return it for its owner, if the address can be invited.

        Raises:
            NotFound: No such team, or the user is not in it.
            NotAllowed: The user is a member, not the owner.
            QuotaExceeded: The team has its maximum of open invitations, and none of them is to this address.

        """
        team = await owned_by(work, team_id, by)
        open_since = self._policy.invitations_open_since(self._clock.now())
        if await work.teams.count_invitations(team_id, open_since=open_since) < self._policy.quotas.invitations:
            return team
        invitation = await work.teams.find_invitation_for_email(team_id, address)
        if invitation is None or not self._is_open(invitation, team):
            raise QuotaExceeded("open invitations per account", self._policy.quotas.invitations)
        return team

    def _is_open(self, invitation: Invitation, team: Team) -> bool:
        """Return whether an invitation into `team`, whose owner is active, is open."""
        open_since = self._policy.invitations_open_since(self._clock.now())
        return invitation.invited_by == team.owner_id and invitation.sent_at > open_since

    async def renew(self, work: UnitOfWork, invitation: Invitation, sender: User, *, may_mail: bool) -> None:
        """Send an open invitation again. `sender` is locked in `work`."""
        now = self._clock.now()
        is_mail_pending = sender.email_verified_at is None
        await work.teams.renew_invitation(invitation.id, sent_at=now, is_mail_pending=is_mail_pending)
        work.record(InvitationResent(user_id=sender.id, at=now, team_id=invitation.team_id, email=invitation.email))
        if may_mail and not is_mail_pending:
            await self._outbox.enqueue_for_worker(work, InvitationMailJob(invitation=invitation.id))

    async def _invite(self, work: UnitOfWork, by: UserId, team: Team, address: EmailAddress, *, may_mail: bool) -> None:
        invited = await work.users.find_by_email(address)
        if invited is not None and invited.email_verified_at is None:
            invited = None
        is_member = invited is not None and await work.teams.find_role(team.id, invited.id) is not None
        # with private registration the list of invitations must not reveal that a member has this address
        if is_member and not self._policy.private_registration:
            return
        # locked, so that a concurrent verification of the sender cannot miss this invitation
        sender = await work.users.get(by, lock=True)
        if not sender.is_active:
            return  # the sender was deactivated before the worker performed the job
        before = await work.teams.find_invitation_for_email(team.id, address)
        if before is not None:
            if self._is_open(before, team) and before.email.is_same_mailbox(address):
                await self.renew(work, before, sender, may_mail=may_mail)
                return
            await work.teams.delete_invitation(before.id)
        now = self._clock.now()
        invitation = Invitation(
            id=self._outbox.new_id("inv"),
            team_id=team.id,
            email=address,
            invited_by=by,
            created_at=now,
            is_mail_pending=sender.email_verified_at is None,
        )
        if not await work.teams.add_invitation(invitation):
            raise Conflict("This address was invited to the account at the same time.")
        if invited is not None and not is_member:
            await work.notifications.add(
                Notification.invite(id=self._outbox.new_id("ntf"), user_id=invited.id, team_name=team.name, at=now)
            )
            await work.notifications.delete_oldest_for_user(invited.id, keep=self._policy.quotas.notifications)
        work.record(Invited(user_id=by, at=now, team_id=team.id, email=address))
        if may_mail and not invitation.is_mail_pending:
            await self._outbox.enqueue_for_worker(work, InvitationMailJob(invitation=invitation.id))
