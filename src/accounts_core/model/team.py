"""Teams, which the user API calls accounts.

A team has one owner, who is not a member, and members. When the owner is deleted, the team and everything in it is
deleted, too; when a member is deleted, the member's interactions stay without an author.
"""

from datetime import datetime
from enum import StrEnum
from typing import Self

import attrs

from accounts_core.errors import NotAllowed

from .email_address import EmailAddress
from .ids import TeamId, UserId
from .text import body, display_name


class Role(StrEnum):
    OWNER = "owner"
    MEMBER = "member"


@attrs.frozen(kw_only=True)
class Team:
    """A team and its one owner."""

    id: TeamId
    name: str
    owner_id: UserId
    created_at: datetime
    version: int = 0

    @classmethod
    def found(cls, *, id: TeamId, name: str, owner_id: UserId, at: datetime) -> Self:
        """Return a new team.

        Raises:
            Invalid: On `name`: it is not a display name.

        """
        return cls(id=id, name=display_name("name", name), owner_id=owner_id, created_at=at)

    def check_owner(self, user_id: UserId) -> None:
        """Check that a user is the owner.

        Raises:
            NotAllowed: Another user is.

        """
        if user_id != self.owner_id:
            raise NotAllowed("Only the owner of an account may do this.")

    def rename(self, name: str) -> Self:
        """Return the team with another name.

        Raises:
            Invalid: On `name`: it is not a display name.

        """
        return attrs.evolve(self, name=display_name("name", name))

    def hand_over(self, user_id: UserId) -> Self:
        """Return the team with another owner, who has to be a member."""
        return attrs.evolve(self, owner_id=user_id)


@attrs.frozen(kw_only=True)
class Membership:
    """The membership of a user in a team that another user owns."""

    team_id: TeamId
    user_id: UserId
    created_at: datetime


@attrs.frozen(kw_only=True)
class Invitation:
    """An invitation of an address into a team. It is deleted when it is accepted, declined or revoked.

    It is open for `Policy.invitations` after `sent_at`, while its sender owns the team and is active. Otherwise it can
    neither be answered nor sent again, and is not counted or listed.
    """

    id: str
    team_id: TeamId
    email: EmailAddress
    invited_by: UserId | None
    created_at: datetime
    sent_at: datetime = attrs.field(default=attrs.Factory(lambda self: self.created_at, takes_self=True))
    """The time when it was created, or last sent again."""
    is_mail_pending: bool = False
    """Whether its mail waits for the sender's address to be verified."""


@attrs.frozen(kw_only=True)
class Interaction:
    """A text written in a team. `author_id` is None if the author was deleted."""

    id: str
    team_id: TeamId
    author_id: UserId | None
    body: str
    created_at: datetime

    @classmethod
    def write(cls, *, id: str, team_id: TeamId, author_id: UserId, text: str, at: datetime) -> Self:
        """Return a new interaction.

        Raises:
            Invalid: On `body`: it is empty, too long, or cannot be stored.

        """
        return cls(id=id, team_id=team_id, author_id=author_id, body=body("body", text), created_at=at)


# ---- views of teams, with the names of users


@attrs.frozen(kw_only=True)
class TeamView:
    """A team as one user sees it."""

    team: Team
    role: Role


@attrs.frozen(kw_only=True)
class Person:
    """The part of a user that others in a team may see."""

    id: UserId
    name: str


@attrs.frozen(kw_only=True)
class Member:
    person: Person
    role: Role


@attrs.frozen(kw_only=True)
class InvitationView:
    """An invitation as the invited person and the owner of the team see it."""

    invitation: Invitation
    team_name: str
    invited_by: Person | None


@attrs.frozen(kw_only=True)
class InteractionView:
    interaction: Interaction
    author: Person | None
