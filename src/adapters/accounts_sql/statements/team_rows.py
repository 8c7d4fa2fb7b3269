"""Mapping of teams, memberships, invitations and interactions between rows and aggregates. See `rows`."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from accounts_core.model.ids import TeamId, UserId
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
from accounts_sql.tables import interactions, invitations, teams

from .queries import Row
from .rows import stored_email

TEAM: Final[Sequence[sa.Column[Any]]] = [
    teams.c.id,
    teams.c.name,
    teams.c.owner_id,
    teams.c.created_at,
    teams.c.version,
]


def team(row: Row) -> Team:
    return Team(id=row[0], name=row[1], owner_id=row[2], created_at=row[3], version=row[4])


def team_values(team: Team) -> dict[str, Any]:
    return {
        "id": team.id,
        "name": team.name,
        "owner_id": team.owner_id,
        "created_at": team.created_at,
        "version": team.version,
    }


def team_view(row: Row) -> TeamView:
    """Build a team view from the columns of `TEAM` and a role."""
    return TeamView(team=team(row), role=Role(row[5]))


def member(row: Row) -> Member:
    """Build a member from a user's id, name and role."""
    return Member(person=Person(id=row[0], name=row[1]), role=Role(row[2]))


def membership_values(membership: Membership) -> dict[str, Any]:
    return {
        "team_id": membership.team_id,
        "user_id": membership.user_id,
        "created_at": membership.created_at,
    }


INVITATION: Final[Sequence[sa.Column[Any]]] = [
    invitations.c.id,
    invitations.c.team_id,
    invitations.c.email,
    invitations.c.email_key,
    invitations.c.invited_by,
    invitations.c.created_at,
    invitations.c.is_mail_pending,
    invitations.c.sent_at,
]


def invitation(row: Row) -> Invitation:
    """Build an invitation from a row that begins with the columns of `INVITATION`."""
    return Invitation(
        id=row[0],
        team_id=TeamId(row[1]),
        email=stored_email(row[2], row[3]),
        invited_by=row[4],
        created_at=row[5],
        is_mail_pending=bool(row[6]),
        sent_at=row[5] if row[7] is None else row[7],
    )


def invitation_view(row: Row) -> InvitationView:
    """Build an invitation view from the columns of `INVITATION`, the team's name and the inviter's name."""
    return InvitationView(invitation=invitation(row), team_name=row[8], invited_by=_person(row[4], row[9]))


def invitation_values(invitation: Invitation) -> dict[str, Any]:
    return {
        "id": invitation.id,
        "team_id": invitation.team_id,
        "email": invitation.email.address,
        "email_key": invitation.email.key,
        "invited_by": invitation.invited_by,
        "created_at": invitation.created_at,
        "is_mail_pending": invitation.is_mail_pending,
        "sent_at": invitation.sent_at,
    }


INTERACTION: Final[Sequence[sa.Column[Any]]] = [
    interactions.c.id,
    interactions.c.team_id,
    interactions.c.author_id,
    interactions.c.body,
    interactions.c.created_at,
]


def interaction(row: Row) -> Interaction:
    """Build an interaction from a row that begins with the columns of `INTERACTION`."""
    return Interaction(id=row[0], team_id=TeamId(row[1]), author_id=row[2], body=row[3], created_at=row[4])


def interaction_view(row: Row) -> InteractionView:
    """Build an interaction view from the columns of `INTERACTION` and the author's name."""
    return InteractionView(interaction=interaction(row), author=_person(row[2], row[5]))


def interaction_values(interaction: Interaction) -> dict[str, Any]:
    return {
        "id": interaction.id,
        "team_id": interaction.team_id,
        "author_id": interaction.author_id,
        "body": interaction.body,
        "created_at": interaction.created_at,
    }


def _person(id: int | None, name: str) -> Person | None:
    return None if id is None else Person(id=UserId(id), name=name)
