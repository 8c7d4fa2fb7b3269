"""The mappings of users, sessions, card verifications, notifications and jobs."""

from typing import Final

from accounts_core.model.notification import Notification
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.secret_values import PasswordHash, TokenDigest
from accounts_core.model.session import Session
from accounts_core.model.user import User, UserStatus
from accounts_core.model.verification import CardVerification, Event, State
from accounts_sql.tables import notifications, outbox, sessions, users, verifications

from .mapping import RowMapping, Stored, email_address, enumeration, profile_data, secret_value
from .queries import Row

USER: Final = RowMapping(
    User,
    users,
    email=email_address(key="email_key"),
    pending_email=email_address(key="pending_email_key"),
    status=enumeration(UserStatus),
    password_hash=secret_value(PasswordHash),
    profile_data=profile_data(),
)
SESSION: Final = RowMapping(Session, sessions, digest=secret_value(TokenDigest))
VERIFICATION: Final = RowMapping(
    CardVerification,
    verifications,
    state=enumeration(State),
    closing_because=enumeration(Event),
    outcome_undelivered=Stored(column="unheard"),
    idempotency_key=Stored(column="request_key"),
)
NOTIFICATION: Final = RowMapping(Notification, notifications)
JOB: Final = RowMapping(
    OutboxJob,
    outbox,
    topic=Stored(write=str),
    payload=Stored(write=dict),
    dead_lettered_at=Stored(column="parked_at"),
)

RESOLVED_WIDTH: Final = len(USER) + len(SESSION)


def resolved(row: Row) -> tuple[Session, User]:
    """Build a session and its user from a row that begins with the columns of `USER` and `SESSION`."""
    return SESSION.read(row, len(USER)), USER.read(row)
