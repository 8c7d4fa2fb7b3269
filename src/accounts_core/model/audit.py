"""The audit trail: who did what, and when. Written from the domain's events, in the transaction that caused each.

An entry is never changed and never removed, but for one thing: when a user is deleted, what their entries say beyond
who, what and when goes with them, and their address goes from the entries of those who invited them. No entry holds a
secret, nor more of a card than its brand and last four digits.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import attrs

from .email_address import EmailAddress
from .events import Actor, DomainEvent, InvitationResent, InvitationRevoked, Invited
from .ids import UserId

Detail = str | int | bool | None

_WORD: Final = re.compile(r"(?<!^)(?=[A-Z])")
_ELSEWHERE: Final = frozenset({"user_id", "at", "by", "tell"})
_LEFT_OUT: Final = frozenset({"payment_method", "requested", "replaced", "customer_id", "was_verified"})
"""Names of things at the payment provider's, and what only decides how the person is told."""


@attrs.frozen(kw_only=True)
class AuditEntry:
    """One thing that happened to the account `user_id`. `id` counts up from 1 and belongs to the store."""

    id: int = 0
    user_id: UserId
    at: datetime
    by: Actor
    action: str
    """The event's name in words, such as `password_changed`."""
    details: Mapping[str, Detail] = attrs.field(factory=dict)

    @classmethod
    def of(cls, event: DomainEvent) -> "AuditEntry":
        """Write down what happened."""
        details = {
            field.name: _plain(getattr(event, field.name))
            for field in attrs.fields(type(event))
            if field.name not in _ELSEWHERE | _LEFT_OUT
        }
        action = _action(type(event))
        return cls(user_id=event.user_id, at=event.at, by=event.by, action=action, details=details)

    @property
    def invited_key(self) -> str | None:
        """The key of the address that the user invited, which is somebody else's; None where the entry names none."""
        email = self.details.get("email")
        return EmailAddress(email).key if self.action in INVITATION_ACTIONS and isinstance(email, str) else None


def _action(kind: type[DomainEvent]) -> str:
    return _WORD.sub("_", kind.__name__).lower()


INVITATION_ACTIONS: Final = frozenset(_action(kind) for kind in (Invited, InvitationResent, InvitationRevoked))
"""What the owner of a team did with an invitation: the details have its `email`."""


def _plain(value: object) -> Detail:
    if isinstance(value, EmailAddress):
        return value.address
    return value if value is None or isinstance(value, str | int) else str(value)
