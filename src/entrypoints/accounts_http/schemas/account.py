"""The account API: camelCase, without an envelope."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from accounts_core.model.audit import AuditEntry
from accounts_core.model.notification import Notification
from accounts_core.model.user import User
from accounts_core.model.verification import CardVerification, State
from accounts_core.results import MAX_URL, ActionRequired, VerificationView
from accounts_http.problems import TELLTALE_DECLINES
from accounts_http.schemas.profile import ProfileBody, TimeZone
from accounts_http.times import milliseconds

_States = Literal["pending", "requires_action", "verified", "declined", "failed", "canceled", "expired"]
_STATES: Final[dict[State, _States]] = {
    State.REQUIRES_ACTION: "requires_action",
    State.VERIFIED: "verified",
    State.DECLINED: "declined",
    State.FAILED: "failed",
    State.ABANDONED: "canceled",
    State.LAPSED: "expired",
}
"""The states as clients see them; every other one is `pending`."""


class CurrentUser(msgspec.Struct, rename="camel"):
    """The user. `status` 0 is active; `balance` is in minor units of the currency.

    `locale` and `timeZone` are present once the user has set them.
    """

    id: str = msgspec.field(name="_id")
    email: str
    name: str
    created_at: str
    balance: int
    status: int
    email_verified: bool
    locale: str | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    pending_email: str | UnsetType = UNSET


class ChangedUser(msgspec.Struct, rename="camel"):
    """The user after an update. `pendingEmail` is present until a new email address is verified.

    `locale` and `timeZone` are present once the user has set them.
    """

    email: str
    name: str
    created_at: str
    id: str = msgspec.field(name="_id")
    locale: str | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    pending_email: str | UnsetType = UNSET


class ChangeUser(ProfileBody, kw_only=True, rename="camel"):
    """The fields to change; a field that is left out stays as it is. A new password needs the old one."""

    email: Annotated[str, Meta(examples=["john.doe@mail.com"])] | UnsetType = UNSET
    old_password: str | UnsetType = UNSET
    new_password: str | UnsetType = UNSET
    time_zone: TimeZone | UnsetType = UNSET


CHANGED_NAMES: Final = {
    **{field.name: field.encode_name for field in msgspec.structs.fields(ChangeUser)},
    "current_password": "oldPassword",
}
"""The fields of `ChangeUser` by the arguments that they are passed as."""


class Message(msgspec.Struct):
    message: str


class NotificationItem(msgspec.Struct, rename="camel"):
    """A notification, newest first in lists. `readAt` is null until it was read."""

    message_type: str
    message: str
    id: str = msgspec.field(name="_id")
    created_at: str
    read_at: str | None


class VerifyPayment(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The card to verify, and the URL that the browser returns to after an authentication."""

    payment_method: Annotated[
        str, Meta(description="Stripe payment method id", examples=["pm_1O9OCiA0ZUrt0vQJ7GqrPclY"])
    ]
    return_url: Annotated[str, Meta(max_length=MAX_URL, examples=["https://app.example.org/cards"])] | UnsetType = UNSET


class CardVerified(msgspec.Struct, tag_field="status", tag="ok"):
    """The card is verified and saved."""


class CardNeedsAction(msgspec.Struct, tag_field="status", tag="requires_action", rename="camel"):
    """The bank requires an authentication; afterwards the same call completes the verification."""

    verification: str
    client_secret: str | None
    next_action: dict[str, Any] | None


class VerifiedCard(msgspec.Struct):
    """A summary of a card."""

    id: str
    brand: str
    last4: str


class VerificationItem(msgspec.Struct, rename="camel"):
    """A card verification. `card` is null unless the user has the card; `reason` says why it ended without one."""

    id: str = msgspec.field(name="_id")
    state: _States
    created_at: str
    card: VerifiedCard | None
    reason: str | None


class ActivityItem(msgspec.Struct, rename="camel"):
    """An event of the account; `by` is `user`, `operator` or `provider`."""

    id: int = msgspec.field(name="_id")
    action: str
    by: str
    created_at: str
    details: dict[str, str | int | bool | None]


def verification_item(view: VerificationView) -> VerificationItem:
    verification, card = view.verification, view.card
    return VerificationItem(
        id=verification.id,
        state=_STATES.get(verification.state, "pending"),
        created_at=milliseconds(verification.created_at),
        card=None if card is None else VerifiedCard(card.id, card.card.brand, card.card.last4),
        reason=_reason(verification),
    )


def _reason(verification: CardVerification) -> str | None:
    match verification.state:
        case State.DECLINED | State.FAILED:
            reason = verification.decline_code or verification.code
            return "generic_decline" if reason in TELLTALE_DECLINES else reason
        case State.ABANDONED | State.LAPSED:
            return f"verification_{verification.state}"
        case _:
            return None


def activity_item(entry: AuditEntry) -> ActivityItem:
    details = {name: None if value in TELLTALE_DECLINES else value for name, value in entry.details.items()}
    return ActivityItem(
        id=entry.id, action=entry.action, by=entry.by.value, created_at=milliseconds(entry.at), details=details
    )


def current_user(user: User) -> CurrentUser:
    return CurrentUser(
        id=user.hex_id,
        email=user.email.address,
        name=user.name,
        created_at=milliseconds(user.created_at),
        balance=user.balance,
        status=user.status.value,
        email_verified=user.email_verified_at is not None,
        locale=user.locale or UNSET,
        time_zone=user.time_zone or UNSET,
        pending_email=UNSET if user.pending_email is None else user.pending_email.address,
    )


def changed_user(user: User) -> ChangedUser:
    return ChangedUser(
        email=user.email.address,
        name=user.name,
        created_at=milliseconds(user.created_at),
        id=user.hex_id,
        locale=user.locale or UNSET,
        time_zone=user.time_zone or UNSET,
        pending_email=UNSET if user.pending_email is None else user.pending_email.address,
    )


def notification_item(notification: Notification) -> NotificationItem:
    return NotificationItem(
        message_type=notification.type,
        message=notification.message,
        id=notification.id,
        created_at=milliseconds(notification.created_at),
        read_at=None if notification.read_at is None else milliseconds(notification.read_at),
    )


def card_needs_action(outcome: ActionRequired) -> CardNeedsAction:
    return CardNeedsAction(
        verification=outcome.verification_id,
        client_secret=None if outcome.client_secret is None else outcome.client_secret.reveal(),
        next_action=None if outcome.next_action is None else dict(outcome.next_action.reveal()),
    )
