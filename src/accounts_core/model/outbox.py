"""Jobs of the transactional outbox: every effect outside the database, written down with what caused it.

A job is done at least once, so whoever does it must be able to do it twice; its id is stable, for dedup. A claim
is a lease: `lease` names it, and only its holder may end or put off the job.

Each topic belongs to one kind. A worker runs the kinds apart, so that a mail server that hangs delays no money.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

import attrs


class Topic(StrEnum):
    """What the core's own jobs are for. Hosts may add topics of their own, such as `host.welcome`."""

    VERIFY_CARD = "verify_card"
    """Drive a verification to its end: `verification`."""
    DETACH_CARD = "detach_card"
    """Take a card away from its customer: `payment_method`."""
    SYNC_DEFAULT = "sync_default"
    """Make the provider's default card the user's: `user`, and `chosen`, the card that the person chose. Without it a
    default that is managed elsewhere is left alone."""
    DELETE_CUSTOMER = "delete_customer"
    """Delete the provider's customer, or what the policy says, once nothing is held on it: `customer`, or the
    `user_ref` to find it by, and `unless_used` (`true`), for one that is deleted only if nothing is lost with it."""
    UPDATE_CUSTOMER = "update_customer"
    """Tell the provider the user's name and address: `user`, and `customer`, whom it was told of when written down."""
    SYNC_CUSTOMER = "sync_customer"
    """Read the provider's customer, and make the local copy say the same: `customer`."""
    SECURITY_NOTICE = "security_notice"
    """Tell the person what happened to their account: `to`, `user`, `purpose`, `happened_at`, and what goes
    with it; of the release before, no `user`."""
    VERIFICATION_MAIL = "verification_mail"
    """Mail a token that proves the address which waits for it: `user`."""
    RECOVERY_MAIL = "recovery_mail"
    """Mail a token for a new password to whoever has this address: `email`."""
    SIGN_UP = "sign_up"
    """Sign somebody up, or mail whoever has the address: `sign_up`, and `opens` (`true` or `false`), whether an account
    may be opened without the link; of the release before, `email`, `name` and `password_hash`."""
    TAKEN_MAIL = "taken_mail"
    """Tell whoever has this address that somebody else asked for it: `email`."""
    INVITE = "invite"
    """Invite whoever has this address: `team`, `by`, `email`."""
    SEND_INVITATIONS = "send_invitations"
    """Mail the invitations that waited for their sender to be verified: `user`."""
    INVITATION_MAIL = "invitation_mail"
    """Tell the person invited: `invitation`."""


TYPED_ADDRESS_TOPICS: Final = (Topic.INVITE, Topic.RECOVERY_MAIL, Topic.TAKEN_MAIL)
"""Jobs whose `email` is an address that somebody typed, whoever has it."""


class JobKind(StrEnum):
    """What a job waits for outside the database. One kind never waits for another."""

    PROVIDER = "provider"
    """The payment provider: money that is held, cards and customers."""
    MAIL = "mail"
    """The mail server, or what only leads to a mail."""
    HOST = "host"
    """Whatever the host's own handlers do: every topic that is not the core's."""


KINDS: Final[Mapping[str, JobKind]] = {
    Topic.VERIFY_CARD: JobKind.PROVIDER,
    Topic.DETACH_CARD: JobKind.PROVIDER,
    Topic.SYNC_DEFAULT: JobKind.PROVIDER,
    Topic.DELETE_CUSTOMER: JobKind.PROVIDER,
    Topic.UPDATE_CUSTOMER: JobKind.PROVIDER,
    Topic.SYNC_CUSTOMER: JobKind.PROVIDER,
    Topic.SECURITY_NOTICE: JobKind.MAIL,
    Topic.VERIFICATION_MAIL: JobKind.MAIL,
    Topic.RECOVERY_MAIL: JobKind.MAIL,
    Topic.SIGN_UP: JobKind.MAIL,
    Topic.TAKEN_MAIL: JobKind.MAIL,
    Topic.INVITE: JobKind.MAIL,
    Topic.SEND_INVITATIONS: JobKind.MAIL,
    Topic.INVITATION_MAIL: JobKind.MAIL,
}
"""The kind of each of the core's topics."""


def kind_of(topic: str) -> JobKind:
    """Return the kind of a topic; one that is not the core's is the host's."""
    return KINDS.get(topic, JobKind.HOST)


@attrs.frozen
class TopicFilter:
    """Topics as stores look for them: those named, or with `is_excluding` every other one."""

    topics: tuple[str, ...]
    is_excluding: bool = False

    @classmethod
    def of(cls, kinds: Collection[JobKind]) -> "TopicFilter":
        """Return the filter for the topics of these kinds."""
        is_excluding = JobKind.HOST in kinds
        return cls(tuple(topic for topic, kind in KINDS.items() if (kind in kinds) is not is_excluding), is_excluding)

    def __contains__(self, topic: object) -> bool:
        return (topic in self.topics) is not self.is_excluding


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
