"""Security notices: what the person behind an account is told by mail, because they may not have done it themself.

Source: ASVS 5.0, 6.3.5 and 6.3.7. Each follows from an event, in the event's own transaction, as a job of the outbox.
It goes to the address that was the account's when it happened, and only when that address was ever verified: nobody is
mailed because somebody else typed their address.
"""

from collections.abc import Mapping
from typing import Final

from .email_address import EmailAddress
from .events import (
    CardRemoved,
    CardVerified,
    DomainEvent,
    EmailChanged,
    EmailChangeRequested,
    PasswordChanged,
    SignedIn,
    UserDeactivated,
    UserRestored,
)
from .jobs import SecurityMailJob
from .links import reads_as_link
from .mail_kind import MailKind
from .outbox import OutboxJob

SHOWN: Final = 120
"""How many characters of a device's own name are mailed."""


def security_mail_for(event: DomainEvent, *, number: int) -> OutboxJob | None:
    """Return the job of telling the person, due at once, or None. `number` tells it from every other."""
    if event.tell is None:
        return None
    match event:
        case SignedIn(new_device=True):
            return _job(event, event.tell, number, MailKind.NEW_SIGN_IN, {"device": _device(event)})
        case PasswordChanged():
            return _job(event, event.tell, number, MailKind.PASSWORD_CHANGED)
        case EmailChanged():
            # an address that was never verified may be a stranger's: they are told, but nothing that somebody typed
            facts = {"email": event.after.address} if event.was_verified else {}
            return _job(event, event.tell, number, MailKind.EMAIL_CHANGED, facts)
        case EmailChangeRequested():
            return _job(event, event.tell, number, MailKind.EMAIL_CHANGE_REQUESTED, {"email": event.pending.address})
        case CardVerified():
            return _job(event, event.tell, number, MailKind.CARD_ADDED, {"brand": event.brand, "last4": event.last4})
        case CardRemoved():
            return _job(event, event.tell, number, MailKind.CARD_REMOVED, {"brand": event.brand, "last4": event.last4})
        case UserDeactivated():
            return _job(event, event.tell, number, MailKind.ACCOUNT_DEACTIVATED)
        case UserRestored():
            return _job(event, event.tell, number, MailKind.ACCOUNT_RESTORED)
        case _:
            return None


def _device(event: SignedIn) -> str:
    """Return what a device calls itself, which whoever signed in has typed: nothing that may become a link."""
    device = (event.user_agent or "")[:SHOWN]
    return "" if reads_as_link(device) else device


def _job(
    event: DomainEvent, to: EmailAddress, number: int, purpose: MailKind, facts: Mapping[str, str] | None = None
) -> OutboxJob:
    data = SecurityMailJob(
        to=to, purpose=purpose, user=event.user_id, values={"happened_at": event.at.isoformat(), **(facts or {})}
    )
    return OutboxJob(
        id=f"job_notice_{number}",
        topic=data.topic,
        payload=data.to_payload(),
        created_at=event.at,
        due=event.at,
    )
