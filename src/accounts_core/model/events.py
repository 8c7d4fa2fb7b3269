"""Domain events, recorded in the unit of work in which they happen.

A host application subscribes to them at the store; its subscriber runs in the same transaction. Events contain no
secrets, and of a card only its brand and last four digits.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Generic, cast

import attrs

from .email_address import EmailAddress
from .ids import TeamId, UserId
from .profile_data import D

IS_AUDITED: Final = "is_audited"
"""Metadata of a field: whether the audit trail has it. By default it does."""


_UNAUDITED: Final = {IS_AUDITED: False}


class Actor(StrEnum):
    """The kind of actor that caused an event."""

    USER = "user"
    """The user, or another person with the user's password, token or mail."""
    OPERATOR = "operator"
    """An operator of the service."""
    PROVIDER = "provider"
    """The payment provider, or a person who uses its dashboard."""


@attrs.frozen(kw_only=True)
class DomainEvent:
    """An event at the time `at` that concerns the user `user_id`."""

    user_id: UserId
    at: datetime
    by: Actor = Actor.USER
    tell: EmailAddress | None = None
    """The verified address that gets a security mail about the event, if its kind has one; after a change of the
    address, the previous one."""


@attrs.frozen(kw_only=True)
class UserRegistered(DomainEvent, Generic[D]):
    email: EmailAddress
    profile: D = attrs.field(default=cast("Any", None), repr=False, hash=False, metadata=_UNAUDITED)
    """The profile data, in the host application's type. None if the accounts have none, and for a sign-up from before
    there was a type, whose members are missing."""


@attrs.frozen(kw_only=True)
class SignedIn(DomainEvent):
    session_id: str
    user_agent: str | None
    client: str | None = None
    """The client's IP address."""
    new_device: bool = False
    """Whether the user has signed in before, but not from such a device."""


@attrs.frozen(kw_only=True)
class SignedOut(DomainEvent):
    session_id: str


@attrs.frozen(kw_only=True)
class SessionsEnded(DomainEvent):
    """Sessions of the user were ended from another session."""

    count: int


@attrs.frozen(kw_only=True)
class UserRenamed(DomainEvent):
    name: str


@attrs.frozen(kw_only=True)
class ProfileChanged(DomainEvent, Generic[D]):
    """The host application's profile data has changed."""

    members: tuple[str, ...]
    """The names of the members that changed, in order."""
    before: D | None = attrs.field(repr=False, hash=False, metadata=_UNAUDITED)
    """The data before; None if it could not be read with the present type, or is not stored with the user."""
    after: D = attrs.field(repr=False, hash=False, metadata=_UNAUDITED)


@attrs.frozen(kw_only=True)
class PasswordChanged(DomainEvent):
    is_reset: bool = False
    """Whether it was chosen with a mailed token, without the old password."""


@attrs.frozen(kw_only=True)
class EmailChanged(DomainEvent):
    """The address has changed. A change that waits for verification is an `EmailChangeRequested`."""

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
    """An operator reset the count of wrong passwords for the account."""


@attrs.frozen(kw_only=True)
class UserDeleted(DomainEvent):
    pass


@attrs.frozen(kw_only=True)
class MailUndeliverable(DomainEvent):
    """A mail cannot be delivered because of the user's address; it is not sent again."""

    purpose: str
    """The `MailKind` of the mail."""
    status: str
    """The mail server's reply code, and its enhanced status code, if any."""


@attrs.frozen(kw_only=True)
class CardVerified(DomainEvent):
    payment_method: str
    brand: str
    last4: str
    replaced: tuple[str, ...] = ()
    """Payment methods of the same physical card, which this one replaced."""


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
    """The customer was deleted at the payment provider, with all its cards."""

    customer_id: str


@attrs.frozen(kw_only=True)
class CustomerDetailsRefused(DomainEvent):
    """The payment provider refused the user's address or name, so its customer does not have it.

    `fields` names the refused fields: `email`, `name`, or both with a comma. `code` is the provider's.
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
    """An action of a team's owner on the invitation of an address."""

    team_id: TeamId
    email: EmailAddress


@attrs.frozen(kw_only=True)
class Invited(InvitationEvent):
    pass


@attrs.frozen(kw_only=True)
class InvitationResent(InvitationEvent):
    """The invitation was sent again, or the address was invited again."""


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
