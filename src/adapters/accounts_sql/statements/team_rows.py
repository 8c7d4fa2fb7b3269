"""The mappings of teams, memberships, invitations and interactions."""

from typing import Final

import attrs

from accounts_core.model.ids import UserId
from accounts_core.model.team import (
    Interaction,
    InteractionView,
    Invitation,
    InvitationView,
    Member,
    Membership,
    Person,
    Role,
    Team,
    TeamView,
)
from accounts_sql.tables import interactions, invitations, memberships, teams

from .mapping import RowMapping, email_address
from .queries import Row

TEAM: Final = RowMapping(Team, teams)
MEMBERSHIP: Final = RowMapping(Membership, memberships)
INVITATION: Final = RowMapping(Invitation, invitations, email=email_address(key="email_key"))
_SENT_AT: Final = [column.name for column in INVITATION].index("sent_at")
INTERACTION: Final = RowMapping(Interaction, interactions)


def team_view(row: Row) -> TeamView:
    """Build a team view from the columns of `TEAM` and a role."""
    return TeamView(team=TEAM.read(row), role=Role(row[len(TEAM)]))


def member(row: Row) -> Member:
    """Build a member from a user's id, name and role."""
    return Member(person=Person(id=row[0], name=row[1]), role=Role(row[2]))


def invitation(row: Row) -> Invitation:
    """Build an invitation from a row that begins with the columns of `INVITATION`."""
    found = INVITATION.read(row)
    # NULL if a process of an older release added the row
    return found if row[_SENT_AT] is not None else attrs.evolve(found, sent_at=found.created_at)


def invitation_view(row: Row) -> InvitationView:
    """Build an invitation view from the columns of `INVITATION`, the team's name and the inviter's name."""
    found = invitation(row)
    team_name, inviter = row[len(INVITATION) : len(INVITATION) + 2]
    return InvitationView(invitation=found, team_name=team_name, invited_by=_person(found.invited_by, inviter))


def interaction_view(row: Row) -> InteractionView:
    """Build an interaction view from the columns of `INTERACTION` and the author's name."""
    interaction = INTERACTION.read(row)
    return InteractionView(interaction=interaction, author=_person(interaction.author_id, row[len(INTERACTION)]))


def _person(id: UserId | None, name: str) -> Person | None:
    return None if id is None else Person(id=id, name=name)
