from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import attrs

from accounts_core.model.email import Email
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.paging import Cursor
from accounts_core.model.team import (
    Interaction,
    InteractionView,
    Invitation,
    InvitationView,
    Member,
    Membership,
    Role,
    Team,
    TeamView,
)


@attrs.frozen(kw_only=True)
class Footprint:
    """What a user is and did in teams, as deletion sees it."""

    owned_teams: int
    interactions_in_owned: int
    """By anybody, in the teams that the user owns."""
    memberships: int
    """Everybody's in the teams that the user owns, and the user's own elsewhere."""
    interactions_elsewhere: int
    """The user's own, in other people's teams."""


class TeamReads(Protocol):
    """Reading teams. Every list is newest first and holds at most `limit`.

    With `before` comes what is below that cursor or id in this order, whether or not there is an entry at it.

    `open_since` gives only open invitations: those sent after that time by the team's present owner, who is active.
    """

    async def view(self, id: TeamId, user_id: UserId) -> TeamView | None:
        """Return the team as its owner or member `user_id` sees it; None for anybody else, and for no such team."""
        ...

    async def views_of(self, user_id: UserId, *, limit: int, before: TeamId | None = None) -> Sequence[TeamView]:
        """Return the teams that the user owns or is a member of, by id, descending."""
        ...

    async def members(self, id: TeamId, *, limit: int, before: UserId | None = None) -> Sequence[Member]:
        """Return everybody in the team, the owner among them, by user id, descending."""
        ...

    async def interactions(self, id: TeamId, *, limit: int, before: Cursor | None = None) -> Sequence[InteractionView]:
        """Return what was written in the team, by time, then id, descending."""
        ...

    async def find_interaction(self, id: str) -> Interaction | None:
        """Return what was written, in whichever team, or None."""
        ...

    async def invitations_to(
        self, email: Email, *, limit: int, before: Cursor | None = None, open_since: datetime | None = None
    ) -> Sequence[InvitationView]:
        """Return the invitations of this address, by time, then id, descending."""
        ...

    async def invitations_into(
        self, id: TeamId, *, open_since: datetime, limit: int, before: Cursor | None = None
    ) -> Sequence[InvitationView]:
        """Return the open invitations into the team, by time, then id, descending."""
        ...

    async def written_by(self, user_id: UserId, *, limit: int, before: Cursor | None = None) -> Sequence[Interaction]:
        """Return what the user wrote, in any team, by time, then id, descending."""
        ...

    async def invitations_by(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[Invitation]:
        """Return the invitations that the user sent, by time, then id, descending."""
        ...

    async def find_invitation(self, id: str, *, open_since: datetime | None = None) -> InvitationView | None:
        """Return the invitation, or None."""
        ...


class Teams(TeamReads, Protocol):
    """The teams of one transaction."""

    async def next_id(self) -> TeamId:
        """Return an id that no team has or had, from 1 on."""
        ...

    async def add(self, team: Team) -> None:
        """Add a team. Raises `Conflict`, here or at commit, when its owner is gone."""
        ...

    async def get(self, id: TeamId, *, lock: bool = False) -> Team:
        """Return the team. Raises `NotFound`. `lock` as in `Users.get`."""
        ...

    async def save(self, team: Team) -> Team:
        """Store a changed team and return it with its new version. Raises `Conflict` as `Users.save` does."""
        ...

    async def remove(self, id: TeamId) -> None:
        """Remove the team with its memberships, invitations and interactions; one that is gone is removed already."""
        ...

    async def role(self, id: TeamId, user_id: UserId) -> Role | None:
        """Return what the user is in the team; None for a stranger, and for no such team."""
        ...

    async def count_owned_by(self, user_id: UserId) -> int:
        """Count the teams that the user owns."""
        ...

    async def count_members(self, id: TeamId) -> int:
        """Count the members of the team, its owner not among them."""
        ...

    async def count_invitations(self, id: TeamId, *, open_since: datetime) -> int:
        """Count the open invitations into the team."""
        ...

    async def find_invitation_of(self, id: TeamId, email: Email) -> Invitation | None:
        """Return the invitation of this address into the team, open or not, or None."""
        ...

    async def add_member(self, membership: Membership) -> None:
        """Add a member; one who is a member already stays one. Raises `Conflict` when team or user is gone."""
        ...

    async def remove_member(self, id: TeamId, user_id: UserId) -> bool:
        """Remove a member; say whether there was one."""
        ...

    async def add_invitation(self, invitation: Invitation) -> bool:
        """Add an invitation and return True; False, with nothing added, when this address has one to this team.

        Raises `Conflict`, here or at commit, when the team is gone.
        """
        ...

    async def remove_invitation(self, id: str) -> bool:
        """Remove an invitation; say whether there was one."""
        ...

    async def renew_invitation(self, id: str, *, sent_at: datetime, is_mail_pending: bool) -> bool:
        """Note that an invitation was sent again, and whether its mail is pending; return whether there was one."""
        ...

    async def remove_invitations_into(self, id: TeamId) -> None:
        """Remove every invitation into the team."""
        ...

    async def unmailed_invitations_by(self, user_id: UserId, *, limit: int) -> Sequence[Invitation]:
        """Return at most `limit` invitations that the user sent and whose mail is pending, oldest first."""
        ...

    async def mark_invitation_mailed(self, id: str) -> bool:
        """Note that the mail of an invitation is not pending any more; return whether it was."""
        ...

    async def add_interaction(self, interaction: Interaction) -> None:
        """Add something written. Raises `Conflict`, here or at commit, when the team or the author is gone."""
        ...

    async def footprint(self, user_id: UserId) -> Footprint:
        """Count what `erase` and `disassociate` would touch."""
        ...

    async def erase(self, user_id: UserId) -> None:
        """Remove the teams that the user owns, with all that is in them, and what the user is and sent elsewhere.

        That is the user's memberships of other people's teams, and the user's invitations into them.
        """
        ...

    async def disassociate(self, user_id: UserId) -> None:
        """Make the user's interactions nobody's."""
        ...

    async def remove_invitations_to(self, email: Email) -> None:
        """Remove every invitation of this address."""
        ...
