"""Publish events before their transaction commits: audit entries, mails, and the application's subscribers."""

from accounts_core.model.audit import AuditEntry
from accounts_core.model.events import DomainEvent
from accounts_core.model.security_mails import security_mail_for
from accounts_core.ports.store import Subscriber, W_contra


async def publish(work: W_contra, events: list[DomainEvent], subscribers: "tuple[Subscriber[W_contra], ...]") -> None:
    """Write each event to the audit trail and its mail to the outbox, then call each subscriber in order.

    Stores call it at the end of a unit of work. Events that a subscriber records are published in turn. What a
    subscriber raises is raised to the store.
    """
    published = 0
    while published < len(events):
        event = events[published]
        published += 1
        entry = await work.audit.add(AuditEntry.of(event))
        notice = security_mail_for(event, number=entry.id)
        if notice is not None:
            await work.outbox.add(notice)
        for subscriber in subscribers:
            await subscriber(work, event)
