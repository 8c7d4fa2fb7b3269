"""The audit trail: who did what, and when. Entries are made from events, in the transaction of the event.

An entry is never changed, with one exception: when a user is deleted, the details of the user's entries are deleted,
and so is the user's address in entries of others who invited it. Entries contain no secrets, and of a card only its
brand and last four digits.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import attrs

from .email_address import EmailAddress
from .events import IS_AUDITED, Actor, DomainEvent, InvitationResent, InvitationRevoked, Invited
from .ids import UserId

Detail = str | int | bool | None

_WORD: Final = re.compile(r"(?<!^)(?=[A-Z])")
_ELSEWHERE: Final = frozenset({"user_id", "at", "by", "tell"})
_LEFT_OUT: Final = frozenset({"payment_method", "requested", "replaced", "customer_id", "was_verified"})
"""Ids of objects at the payment provider, and fields that only control the security mail."""


@attrs.frozen(kw_only=True)
class AuditEntry:
    """The record of one event of the user `user_id`. The store assigns `id`, ascending from 1."""

    id: int = 0
    user_id: UserId
    at: datetime
    by: Actor
    action: str
    """The event's name in words, such as `password_changed`."""
    details: Mapping[str, Detail] = attrs.field(factory=dict)

    @classmethod
    def of(cls, event: DomainEvent) -> "AuditEntry":
        """Return the entry for an event."""
        details = {
            field.name: _plain(getattr(event, field.name))
            for field in attrs.fields(type(event))
            if field.name not in _ELSEWHERE | _LEFT_OUT and field.metadata.get(IS_AUDITED, True)
        }
        action = _action(type(event))
        return cls(user_id=event.user_id, at=event.at, by=event.by, action=action, details=details)

    @property
    def invited_key(self) -> str | None:
        """The key of the address that the user invited; None if the entry is not about an invitation."""
        email = self.details.get("email")
        return EmailAddress(email).key if self.action in INVITATION_ACTIONS and isinstance(email, str) else None


def _action(kind: type[DomainEvent]) -> str:
    return _WORD.sub("_", kind.__name__).lower()


INVITATION_ACTIONS: Final = frozenset(_action(kind) for kind in (Invited, InvitationResent, InvitationRevoked))
"""Actions of a team's owner on an invitation; their details have the invitation's `email`."""


def _plain(value: object) -> Detail:
    if isinstance(value, EmailAddress):
        return value.address
    if isinstance(value, tuple):
        return ", ".join(value)
    return value if value is None or isinstance(value, str | int) else str(value)
