"""Port: teams with their members, invitations and interactions.

Called by the team use cases, by invitations and by deletion. A team has one owner, who is not a member of it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import attrs

from accounts_core.model.email_address import EmailAddress
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
    """Counts of the rows in teams that the deletion of a user affects."""

    owned_teams: int
    """Teams that the user owns."""
    interactions_in_owned: int
    """Interactions of anybody in the teams that the user owns."""
    memberships: int
    """Memberships of anybody in the teams that the user owns, and the user's own in other teams."""
    interactions_elsewhere: int
    """The user's interactions in other teams."""


class TeamReader(Protocol):
    """Reads of teams. Every list has the newest entries first, and at most `limit` of them.

    With `before`, a list has only entries below that cursor or id, whether or not there is an entry at it. With
    `open_since`, it has only open invitations: those sent after that time by the team's present owner, who is active.
    """

    async def find_view(self, id: TeamId, user_id: UserId) -> TeamView | None:
        """Return the team and the user's role in it; None for a user who is not in it, and for an unknown team."""
        ...

    async def list_for_user(self, user_id: UserId, *, limit: int, before: TeamId | None = None) -> Sequence[TeamView]:
        """Return the teams that the user owns or is a member of, by id, descending."""
        ...

    async def list_members(self, id: TeamId, *, limit: int, before: UserId | None = None) -> Sequence[Member]:
        """Return the people in the team, the owner included, by user id, descending."""
        ...

    async def list_interactions(
        self, id: TeamId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[InteractionView]:
        """Return the team's interactions with their authors, by time, then id, descending."""
        ...

    async def find_interaction(self, id: str) -> Interaction | None:
        """Return the interaction with this id, of any team, or None."""
        ...

    async def list_invitations_to(
        self, email: EmailAddress, *, limit: int, before: Cursor | None = None, open_since: datetime | None = None
    ) -> Sequence[InvitationView]:
        """Return the invitations to this address, by time, then id, descending."""
        ...

    async def list_invitations_into(
        self, id: TeamId, *, open_since: datetime, limit: int, before: Cursor | None = None
    ) -> Sequence[InvitationView]:
        """Return the open invitations into the team, by time, then id, descending."""
        ...

    async def list_interactions_by(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[Interaction]:
        """Return the user's interactions in all teams, by time, then id, descending."""
        ...

    async def list_invitations_by(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[Invitation]:
        """Return the invitations that the user sent, open or not, by time, then id, descending."""
        ...

    async def find_invitation(self, id: str, *, open_since: datetime | None = None) -> InvitationView | None:
        """Return the invitation with this id, or None."""
        ...


class Teams(TeamReader, Protocol):
    """The teams in one transaction."""

    async def next_id(self) -> TeamId:
        """Return an id, from 1 on, that no team has or had."""
        ...

    async def add(self, team: Team) -> None:
        """Add a team.

        Raises:
            Conflict: Here or at commit: the owner is gone.

        """
        ...

    async def get(self, id: TeamId, *, lock: bool = False) -> Team:
        """Return the team.

        With `lock`, no other unit of work changes or locks it until this one ends, as in `Users.get`.

        Raises:
            NotFound: No such team.
            Conflict: With `lock`, here or at commit: another unit of work had it locked.

        """
        ...

    async def save(self, team: Team) -> Team:
        """Store a changed team.

        Returns:
            The team with its new version.

        Raises:
            Conflict: Another unit of work changed the team since it was read, or it is gone.

        """
        ...

    async def delete(self, id: TeamId) -> None:
        """Delete the team with its memberships, invitations and interactions; one that is gone is skipped."""
        ...

    async def find_role(self, id: TeamId, user_id: UserId) -> Role | None:
        """Return the user's role in the team; None for a user who is not in it, and for an unknown team."""
        ...

    async def count_owned_by(self, user_id: UserId) -> int:
        """Return the number of teams that the user owns."""
        ...

    async def count_members(self, id: TeamId) -> int:
        """Return the number of members of the team, without its owner."""
        ...

    async def count_invitations(self, id: TeamId, *, open_since: datetime) -> int:
        """Return the number of open invitations into the team."""
        ...

    async def find_invitation_for_email(self, id: TeamId, email: EmailAddress) -> Invitation | None:
        """Return the invitation of this address into the team, open or not, or None."""
        ...

    async def add_member(self, membership: Membership) -> None:
        """Add a member; a user who is a member stays one.

        Raises:
            Conflict: Here or at commit: the team or the user is gone.

        """
        ...

    async def delete_member(self, id: TeamId, user_id: UserId) -> bool:
        """Delete a membership, and return whether there was one."""
        ...

    async def add_invitation(self, invitation: Invitation) -> bool:
        """Add an invitation unless the team has one of this address, open or not.

        Returns:
            Whether it was added.

        Raises:
            Conflict: Here or at commit: the team is gone.

        """
        ...

    async def delete_invitation(self, id: str) -> bool:
        """Delete an invitation, and return whether there was one."""
        ...

    async def renew_invitation(self, id: str, *, sent_at: datetime, is_mail_pending: bool) -> bool:
        """Store when an invitation was sent again and whether its mail is pending, and return whether there was one."""
        ...

    async def delete_invitations_into(self, id: TeamId) -> None:
        """Delete every invitation into the team."""
        ...

    async def list_unmailed_invitations_by(self, user_id: UserId, *, limit: int) -> Sequence[Invitation]:
        """Return at most `limit` invitations that the user sent and whose mail is pending, the oldest first."""
        ...

    async def mark_invitation_mailed(self, id: str) -> bool:
        """Store that the mail of an invitation is not pending any more, and return whether it was."""
        ...

    async def add_interaction(self, interaction: Interaction) -> None:
        """Add an interaction.

        Raises:
            Conflict: Here or at commit: the team or the author is gone.

        """
        ...

    async def count_footprint(self, user_id: UserId) -> Footprint:
        """Count what `erase` and `disassociate` would change."""
        ...

    async def delete_for_user(self, user_id: UserId) -> None:
        """Delete the user's teams with everything in them, and memberships of and invitations into other teams."""
        ...

    async def disassociate(self, user_id: UserId) -> None:
        """Remove the author from the user's interactions."""
        ...

    async def delete_invitations_to(self, email: EmailAddress) -> None:
        """Delete every invitation to this address."""
        ...
