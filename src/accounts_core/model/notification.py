"""Notifications: messages to a user inside the product."""

from datetime import datetime
from typing import Final, Self

import attrs

from .ids import UserId
from .text import one_line

INVITE: Final = "invite"
INVITATION_ACCEPTED: Final = "invitation_accepted"
MAX_MESSAGE: Final = 500


@attrs.frozen(kw_only=True)
class Notification:
    """A message to a user. `type` is for clients to distinguish; `read_at` is None until it is read."""

    id: str
    user_id: UserId
    type: str
    message: str
    created_at: datetime
    read_at: datetime | None = None

    @classmethod
    def invite(cls, *, id: str, user_id: UserId, team_name: str, at: datetime) -> Self:
        """Return the notification of an invitation into a team."""
        message = one_line("message", f"You invited to join {team_name}.", at_most=MAX_MESSAGE)
        return cls(id=id, user_id=user_id, type=INVITE, message=message, created_at=at)

    @classmethod
    def invitation_accepted(cls, *, id: str, user_id: UserId, team_name: str, at: datetime) -> Self:
        """Return the notification that an invitation was accepted, for the owner of the team.

        It does not name the new member, whose name would remain in it after the member is deleted.
        """
        text = f"Your invitation to join {team_name} was accepted."
        message = one_line("message", text, at_most=MAX_MESSAGE)
        return cls(id=id, user_id=user_id, type=INVITATION_ACCEPTED, message=message, created_at=at)
