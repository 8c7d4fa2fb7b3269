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
    """Delete the provider's customer, once nothing is held on it: `customer`, or the `user_ref` to find it by."""
    UPDATE_CUSTOMER = "update_customer"
    """Tell the provider the user's name and address: `user`."""
    SYNC_CUSTOMER = "sync_customer"
    """Read the provider's customer, and make the local copy say the same: `customer`."""
    SECURITY_NOTICE = "security_notice"
    """Tell the person what happened to their account: `to`, `purpose`, `happened_at`, and what goes with it."""
    VERIFICATION_MAIL = "verification_mail"
    """Mail a token that proves the address which waits for it: `user`."""
    RECOVERY_MAIL = "recovery_mail"
    """Mail a token for a new password to whoever has this address: `email`."""
    SIGN_UP = "sign_up"
    """Sign somebody up, or mail whoever has the address: `sign_up`; of the release before, `email`, `name` and
    `password_hash`."""
    TAKEN_MAIL = "taken_mail"
    """Tell whoever has this address that somebody else asked for it: `email`."""
    INVITE = "invite"
    """Invite whoever has this address: `team`, `by`, `email`."""
    SEND_INVITATIONS = "send_invitations"
    """Mail the invitations that waited for their sender to be verified: `user`."""
    INVITATION_MAIL = "invitation_mail"
    """Tell the person invited: `invitation`."""


@attrs.frozen(kw_only=True)
class Job:
    """One effect to be done. `due` is when it may be claimed next; `attempts` counts claims.

    A job that keeps failing is parked: nobody claims it until an operator has it tried again. `last_error` says why.
    """

    id: str
    topic: str
    payload: Mapping[str, str]
    created_at: datetime
    due: datetime
    attempts: int = 0
    lease: str | None = None
    parked_at: datetime | None = None
    last_error: str | None = None
