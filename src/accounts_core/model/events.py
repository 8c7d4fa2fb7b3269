"""What happened, in the domain's words. Recorded in the unit of work in which it happened.

A host subscribes to them at the store, and then runs inside the same transaction. No event carries a secret, nor more
of a card than its brand and last four digits.
"""

from datetime import datetime
from enum import StrEnum

import attrs

from .email_address import EmailAddress
from .ids import TeamId, UserId


class Actor(StrEnum):
    """Whose doing it was."""

    USER = "user"
    """The person behind the account, or whoever had their password, token or mail."""
    OPERATOR = "operator"
    """Somebody who runs the service."""
    PROVIDER = "provider"
    """The payment provider, or somebody in its dashboard."""


@attrs.frozen(kw_only=True)
class DomainEvent:
    """Something happened at `at`, to or by the user `user_id`."""

    user_id: UserId
    at: datetime
    by: Actor = Actor.USER
    tell: EmailAddress | None = None
    """Who is told of it by mail, where it is of a kind that is told: the address that was proven to be the person's;
    of a change of the address, the one before."""


@attrs.frozen(kw_only=True)
class UserRegistered(DomainEvent):
    email: EmailAddress


@attrs.frozen(kw_only=True)
class SignedIn(DomainEvent):
    session_id: str
    user_agent: str | None
    client: str | None = None
    """The address that the call came from."""
    new_device: bool = False
    """Whether the user has signed in before, and never from such a device."""


@attrs.frozen(kw_only=True)
class SignedOut(DomainEvent):
    session_id: str


@attrs.frozen(kw_only=True)
class SessionsEnded(DomainEvent):
    """Sessions were ended from another one."""

    count: int


@attrs.frozen(kw_only=True)
class UserRenamed(DomainEvent):
    name: str


@attrs.frozen(kw_only=True)
class PasswordChanged(DomainEvent):
    is_reset: bool = False
    """Chosen without the old one, with a token that was mailed."""


@attrs.frozen(kw_only=True)
class EmailChanged(DomainEvent):
    """The address is another one now; where it is only wanted, `EmailChangeRequested` was recorded."""

    before: EmailAddress
    after: EmailAddress
    was_verified: bool = True
    """Whether `before` was verified."""


@attrs.frozen(kw_only=True)
class EmailChangeRequested(DomainEvent):
    pending: EmailAddress


@attrs.frozen(kw_only=True)
class EmailVerified(DomainEvent):
    email: EmailAddress


@attrs.frozen(kw_only=True)
class UserDeactivated(DomainEvent):
    pass


@attrs.frozen(kw_only=True)
class UserRestored(DomainEvent):
    pass


@attrs.frozen(kw_only=True)
class UserUnlocked(DomainEvent):
    """The wrong passwords that were tried for the account do not count any more."""


@attrs.frozen(kw_only=True)
class UserDeleted(DomainEvent):
    pass


@attrs.frozen(kw_only=True)
class MailUndeliverable(DomainEvent):
    """A mail to the user cannot be delivered, because of their address; it is not sent again."""

    purpose: str
    """What the mail was about, as `MailKind` names it."""
    status: str
    """What the mail server said: its code, and an enhanced status code where it gave one."""


@attrs.frozen(kw_only=True)
class CardVerified(DomainEvent):
    payment_method: str
    brand: str
    last4: str
    replaced: tuple[str, ...] = ()
    """Payment methods of the same physical card, which this one took the place of."""


@attrs.frozen(kw_only=True)
class CardRejected(DomainEvent):
    """A verification ended without a card; `code` and `decline_code` are the provider's."""

    requested: str
    outcome: str
    code: str | None
    decline_code: str | None


@attrs.frozen(kw_only=True)
class CardRemoved(DomainEvent):
    payment_method: str
    brand: str
    last4: str


@attrs.frozen(kw_only=True)
class CardUpdated(DomainEvent):
    """The provider has newer details of a card, such as another expiry or other last digits."""

    payment_method: str
    brand: str
    last4: str


@attrs.frozen(kw_only=True)
class CustomerLost(DomainEvent):
    """The payment provider's customer was deleted there, and every card with it."""

    customer_id: str


@attrs.frozen(kw_only=True)
class CustomerDetailsRefused(DomainEvent):
    """The payment provider did not take the user's address or name, so its customer goes without.

    `fields` names what was left out, `email`, `name` or both with a comma; `code` is the provider's.
    """

    fields: str
    code: str


@attrs.frozen(kw_only=True)
class DefaultCardChanged(DomainEvent):
    payment_method: str | None


@attrs.frozen(kw_only=True)
class TeamCreated(DomainEvent):
    team_id: TeamId


@attrs.frozen(kw_only=True)
class TeamRenamed(DomainEvent):
    team_id: TeamId
    name: str


@attrs.frozen(kw_only=True)
class TeamDeleted(DomainEvent):
    team_id: TeamId


@attrs.frozen(kw_only=True)
class TeamHandedOver(DomainEvent):
    team_id: TeamId
    owner_id: UserId


@attrs.frozen(kw_only=True)
class InvitationEvent(DomainEvent):
    """Something that the owner of a team did with the invitation of an address, which is somebody else's."""

    team_id: TeamId
    email: EmailAddress


@attrs.frozen(kw_only=True)
class Invited(InvitationEvent):
    pass


@attrs.frozen(kw_only=True)
class InvitationResent(InvitationEvent):
    """It was sent again, or the address was invited again."""


@attrs.frozen(kw_only=True)
class InvitationRevoked(InvitationEvent):
    pass


@attrs.frozen(kw_only=True)
class InvitationAccepted(DomainEvent):
    team_id: TeamId


@attrs.frozen(kw_only=True)
class InvitationDeclined(DomainEvent):
    team_id: TeamId


@attrs.frozen(kw_only=True)
class MemberRemoved(DomainEvent):
    team_id: TeamId
    member_id: UserId


@attrs.frozen(kw_only=True)
class InteractionWritten(DomainEvent):
    team_id: TeamId
    interaction_id: str
