from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

import attrs

from accounts_core.errors import Conflict, NotFound
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.team import Interaction, Invitation, Membership, Role, Team
from accounts_core.ports.teams import Footprint, Teams

from .schema import Workspace
from .team_reader import MemoryTeamReader

MANY: Final = 2**63 - 1


class MemoryTeams(MemoryTeamReader):
    def __init__(self, workspace: Callable[[], Workspace], ids: Iterator[int]) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._ids = ids

    async def next_id(self) -> TeamId:
        return TeamId(next(self._ids))

    async def add(self, team: Team) -> None:
        self._workspace().teams.add(team)

    async def get(self, id: TeamId, *, lock: bool = False) -> Team:
        teams = self._workspace().teams
        team = teams.get(id)
        if team is None:
            raise NotFound("team", id)
        if lock:
            teams.lock(id)
        return team

    async def save(self, team: Team) -> Team:
        teams = self._workspace().teams
        stored = teams.get(team.id)
        if stored is None or stored.version != team.version:
            raise Conflict("This is not the team that is stored.")
        return teams.put(attrs.evolve(team, version=team.version + 1))

    async def delete(self, id: TeamId) -> None:
        work = self._workspace()
        team = work.teams.get(id)
        if team is None:
            return
        for membership in work.memberships.find("team_id", id):
            work.memberships.drop(membership)
        for invitation in work.invitations.find("team_id", id):
            work.invitations.drop(invitation)
        for interaction in work.interactions.find("team_id", id):
            work.interactions.drop(interaction)
        work.teams.drop(team)

    async def find_role(self, id: TeamId, user_id: UserId) -> Role | None:
        work = self._workspace()
        team = work.teams.get(id)
        if team is not None and team.owner_id == user_id:
            return Role.OWNER
        return None if work.memberships.get((id, user_id)) is None else Role.MEMBER

    async def count_owned_by(self, user_id: UserId) -> int:
        return sum(1 for _ in self._workspace().teams.find("owner_id", user_id))

    async def count_members(self, id: TeamId) -> int:
        return sum(1 for _ in self._workspace().memberships.find("team_id", id))

    async def count_invitations(self, id: TeamId, *, open_since: datetime) -> int:
        return len(await self.list_invitations_into(id, open_since=open_since, limit=MANY))

    async def find_invitation_for_email(self, id: TeamId, email: EmailAddress) -> Invitation | None:
        return next(iter(self._workspace().invitations.find("place", (id, email.key))), None)

    async def add_member(self, membership: Membership) -> None:
        memberships = self._workspace().memberships
        if memberships.get((membership.team_id, membership.user_id)) is None:
            memberships.add(membership)

    async def delete_member(self, id: TeamId, user_id: UserId) -> bool:
        memberships = self._workspace().memberships
        membership = memberships.get((id, user_id))
        if membership is None:
            return False
        memberships.drop(membership)
        return True

    async def add_invitation(self, invitation: Invitation) -> bool:
        invitations = self._workspace().invitations
        if any(True for _ in invitations.find("place", (invitation.team_id, invitation.email.key))):
            return False
        invitations.add(invitation)
        return True

    async def delete_invitation(self, id: str) -> bool:
        invitations = self._workspace().invitations
        invitation = invitations.get(id)
        if invitation is None:
            return False
        invitations.drop(invitation)
        return True

    async def renew_invitation(self, id: str, *, sent_at: datetime, is_mail_pending: bool) -> bool:
        invitations = self._workspace().invitations
        invitation = invitations.get(id)
        if invitation is None:
            return False
        invitations.put(attrs.evolve(invitation, sent_at=sent_at, is_mail_pending=is_mail_pending))
        return True

    async def delete_invitations_into(self, id: TeamId) -> None:
        invitations = self._workspace().invitations
        for invitation in invitations.find("team_id", id):
            invitations.drop(invitation)

    async def list_unmailed_invitations_by(self, user_id: UserId, *, limit: int) -> Sequence[Invitation]:
        sent = self._workspace().invitations.find("invited_by", user_id)
        waiting = [each for each in sent if each.is_mail_pending]
        return sorted(waiting, key=lambda each: (each.created_at, each.id))[:limit]

    async def mark_invitation_mailed(self, id: str) -> bool:
        invitations = self._workspace().invitations
        invitation = invitations.get(id)
        if invitation is None or not invitation.is_mail_pending:
            return False
        invitations.put(attrs.evolve(invitation, is_mail_pending=False))
        return True

    async def add_interaction(self, interaction: Interaction) -> None:
        self._workspace().interactions.add(interaction)

    async def count_footprint(self, user_id: UserId) -> Footprint:
        work = self._workspace()
        owned = {team.id for team in work.teams.find("owner_id", user_id)}
        inside = [membership for team_id in owned for membership in work.memberships.find("team_id", team_id)]
        outside = [each for each in work.memberships.find("user_id", user_id) if each.team_id not in owned]
        return Footprint(
            owned_teams=len(owned),
            interactions_in_owned=sum(1 for team_id in owned for _ in work.interactions.find("team_id", team_id)),
            memberships=len(inside) + len(outside),
            interactions_elsewhere=sum(
                1 for each in work.interactions.find("author_id", user_id) if each.team_id not in owned
            ),
        )

    async def delete_for_user(self, user_id: UserId) -> None:
        work = self._workspace()
        for team in work.teams.find("owner_id", user_id):
            await self.delete(team.id)
        for membership in work.memberships.find("user_id", user_id):
            work.memberships.drop(membership)
        for invitation in work.invitations.find("invited_by", user_id):
            work.invitations.drop(invitation)

    async def disassociate(self, user_id: UserId) -> None:
        work = self._workspace()
        for interaction in work.interactions.find("author_id", user_id):
            work.interactions.put(attrs.evolve(interaction, author_id=None))

    async def delete_invitations_to(self, email: EmailAddress) -> None:
        invitations = self._workspace().invitations
        for invitation in invitations.find("email", email.key):
            invitations.drop(invitation)


_teams: type[Teams] = MemoryTeams
