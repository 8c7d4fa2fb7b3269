import attrs

from accounts_core.model.email import Email
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.outbox import Topic
from accounts_core.model.policy import Policy
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.credentials import new_email_of
from accounts_core.services.inviter import Inviter
from accounts_core.services.outbox_writer import Effects
from accounts_core.services.retry import settle


@attrs.frozen
class InviteToTeam:
    """Invite somebody into a team."""

    _store: Store[UnitOfWork]
    _inviter: Inviter
    _effects: Effects
    _attempts: Attempts
    _policy: Policy

    async def __call__(self, user_id: UserId, team_id: TeamId, *, email: Email | str) -> None:
        """Invite the address; one of somebody who is in the team changes nothing.

        A user with this verified address is notified; the address gets a mail either way, as `Inviter.invite` says. An
        address that is invited already gets its mail again, under the recipient's limit, and the time of its invitation
        begins anew. Where registration is private a worker does it all, so that the work here is the same whoever has
        the address.

        Raises `NotFound`, `NotAllowed` for anybody but the owner, `Invalid` on `email`, `LimitExceeded`, and
        `QuotaExceeded` when as many invitations are open as the policy allows.
        """
        address = new_email_of(email)
        await self._attempts.invitation(user_id)
        if self._policy.private_registration:
            await settle(self._store, lambda: self._leave_to_worker(user_id, team_id, address))
        else:
            await self._inviter.invite(user_id, team_id, address)

    async def _leave_to_worker(self, user_id: UserId, team_id: TeamId, address: Email) -> None:
        async with self._store.begin() as work:
            await self._inviter.owned_with_place(work, team_id, user_id, address)
            await self._effects.put_for_worker(
                work, Topic.INVITE, team=str(team_id), by=str(user_id), email=address.address
            )
