"""Jobs of the transactional outbox: every effect outside the database, written down with what caused it.

A job is done at least once, so whoever does it must be able to do it twice; its id is stable, for dedup. A claim
is a lease: `lease` names it, and only its holder may end or put off the job.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import attrs


class Topic(StrEnum):
    """What the core's own jobs are for. Hosts may add topics of their own, such as `host.welcome`."""

    VERIFY_CARD = "verify_card"
    """Drive a verification to its end: `verification`."""
    DETACH_CARD = "detach_card"
    """Take a card away from its customer: `payment_method`."""
    SYNC_DEFAULT = "sync_default"
    """Make the provider's default card the user's: `user`."""
    DELETE_CUSTOMER = "delete_customer"
    """Delete the provider's customer: `customer`."""
    INVITATION_MAIL = "invitation_mail"
    """Tell the person invited: `invitation`."""


@attrs.frozen(kw_only=True)
class Job:
    """One effect to be done. `due` is when it may be claimed next; `attempts` counts claims."""

    id: str
    topic: str
    payload: Mapping[str, str]
    created_at: datetime
    due: datetime
    attempts: int = 0
    lease: str | None = None
