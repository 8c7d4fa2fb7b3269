"""Security mails, which inform the user of a change to the account that another person may have made.

Source: ASVS 5.0, 6.3.5 and 6.3.7. Each is a job of the outbox, stored in the transaction of its event. It is sent to
the account's address at the time of the event, and only if an address of the account was verified, so that nobody gets
mails because another person typed their address.
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
"""The most characters of a user agent that are mailed."""


def security_mail_for(event: DomainEvent, *, number: int) -> OutboxJob | None:
    """Return the job that sends the security mail for an event, due at once; None if it has none.

    Args:
        event: The event.
        number: A unique number, from which the job's id is made.

    """
    if event.tell is None:
        return None
    match event:
        case SignedIn(new_device=True):
            return _job(event, event.tell, number, MailKind.NEW_SIGN_IN, {"device": _device(event)})
        case PasswordChanged():
            return _job(event, event.tell, number, MailKind.PASSWORD_CHANGED)
        case EmailChanged():
            # An unverified address may be another person's, so its mail has no text that was typed by the user.
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
    """Return the user agent; an empty text if a mail program may turn it into a link, as the client chooses it."""
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
