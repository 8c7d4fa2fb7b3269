"""What becomes of events before their transaction commits: audit entries, mails to the person, the host's reactions."""

from accounts_core.model.audit import AuditEntry
from accounts_core.model.events import DomainEvent
from accounts_core.model.notices import notice_of
from accounts_core.ports.store import Subscriber, W_contra


async def publish(work: W_contra, events: list[DomainEvent], subscribers: "tuple[Subscriber[W_contra], ...]") -> None:
    """Write each event into the audit trail and its notice into the outbox, then take it to each subscriber, in order.

    For stores, at the end of a unit. Events that a subscriber records meanwhile follow.
    """
    heard = 0
    while heard < len(events):
        event = events[heard]
        heard += 1
        entry = await work.audit.add(AuditEntry.of(event))
        notice = notice_of(event, number=entry.id)
        if notice is not None:
            await work.outbox.put(notice)
        for subscriber in subscribers:
            await subscriber(work, event)
