"""Teams: what the user API calls accounts.

Small on purpose: they exist so that an invitation notifies, and so that deleting a user means what it says.
A team has one owner, who is no member; members are everybody else. What the owner does with the team goes with the
owner; what a member wrote there stays when the member goes.
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
        """Make a new team. Raises `Invalid` on `name`."""
        return cls(id=id, name=display_name("name", name), owner_id=owner_id, created_at=at)

    def check_owner(self, user_id: UserId) -> None:
        """Raise `NotAllowed` for anybody but the owner."""
        if user_id != self.owner_id:
            raise NotAllowed("Only the owner of an account may do this.")

    def rename(self, name: str) -> Self:
        """Give the team another name. Raises `Invalid` on `name`."""
        return attrs.evolve(self, name=display_name("name", name))

    def hand_over(self, user_id: UserId) -> Self:
        """Give the team to another user, who has to be a member."""
        return attrs.evolve(self, owner_id=user_id)


@attrs.frozen(kw_only=True)
class Membership:
    """Somebody who is in a team without owning it."""

    team_id: TeamId
    user_id: UserId
    created_at: datetime


@attrs.frozen(kw_only=True)
class Invitation:
    """An invitation of an address into a team. Accepting, declining and revoking it remove it.

    It is open from `sent_at` for as long as `Policy.invitations` says, while its sender owns the team and is active.
    One that is not open can neither be answered nor be sent again, and is counted and listed nowhere.
    """

    id: str
    team_id: TeamId
    email: EmailAddress
    invited_by: UserId | None
    created_at: datetime
    sent_at: datetime = attrs.field(default=attrs.Factory(lambda self: self.created_at, takes_self=True))
    """When it was made, or last sent again."""
    is_mail_pending: bool = False
    """Whether its mail waits for the sender's address to be verified."""


@attrs.frozen(kw_only=True)
class Interaction:
    """Something written in a team. `author_id` is None when its author was deleted."""

    id: str
    team_id: TeamId
    author_id: UserId | None
    body: str
    created_at: datetime

    @classmethod
    def write(cls, *, id: str, team_id: TeamId, author_id: UserId, text: str, at: datetime) -> Self:
        """Raises `Invalid` on `body`."""
        return cls(id=id, team_id=team_id, author_id=author_id, body=body("body", text), created_at=at)


# ---- what is read of teams, with the names that a reader needs


@attrs.frozen(kw_only=True)
class TeamView:
    """A team as one user sees it."""

    team: Team
    role: Role


@attrs.frozen(kw_only=True)
class Person:
    """As much of a user as others in a team may see."""

    id: UserId
    name: str


@attrs.frozen(kw_only=True)
class Member:
    person: Person
    role: Role


@attrs.frozen(kw_only=True)
class InvitationView:
    """An invitation as the person invited sees it, and the owner of the team."""

    invitation: Invitation
    team_name: str
    invited_by: Person | None


@attrs.frozen(kw_only=True)
class InteractionView:
    interaction: Interaction
    author: Person | None
