"""Mapping between rows and aggregates.

Stored values were valid when they were written and are not validated again when read: a rule that became stricter must
not make an account unreadable, and validation would slow the most frequent reads.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.notification import Notification
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.session import Session
from accounts_core.model.user import User, UserStatus
from accounts_core.model.verification import CardVerification, Event, State
from accounts_sql.tables import notifications, outbox, sessions, users, verifications

from .queries import Row

_new: Final = object.__new__
_put: Final = object.__setattr__
_STATUSES: Final = {status.value: status for status in UserStatus}


def stored_email(address: str, key: str) -> EmailAddress:
    """Build an email address from its stored spelling and key."""
    email = _new(EmailAddress)
    _put(email, "address", address)
    _put(email, "key", key)
    return email


# ---- users

USER: Final[Sequence[sa.Column[Any]]] = [
    users.c.id,
    users.c.email,
    users.c.email_key,
    users.c.name,
    users.c.password_hash,
    users.c.status,
    users.c.email_verified_at,
    users.c.pending_email,
    users.c.pending_email_key,
    users.c.balance,
    users.c.customer_id,
    users.c.lost_customers,
    users.c.password_changed_at,
    users.c.was_verified,
    users.c.created_at,
    users.c.updated_at,
    users.c.version,
]


def user(row: Row) -> User:
    """Build a user from a row that begins with the columns of `USER`."""
    return User(
        id=row[0],
        email=stored_email(row[1], row[2]),
        name=row[3],
        password_hash=row[4],
        status=_STATUSES[row[5]],
        email_verified_at=row[6],
        pending_email=None if row[7] is None else stored_email(row[7], row[8]),
        balance=row[9],
        customer_id=row[10],
        lost_customers=row[11],
        password_changed_at=row[12],
        was_verified=bool(row[13]),
        created_at=row[14],
        updated_at=row[15],
        version=row[16],
    )


def user_values(user: User) -> dict[str, Any]:
    pending = user.pending_email
    return {
        "id": user.id,
        "email": user.email.address,
        "email_key": user.email.key,
        "name": user.name,
        "password_hash": user.password_hash,
        "status": user.status.value,
        "email_verified_at": user.email_verified_at,
        "pending_email": None if pending is None else pending.address,
        "pending_email_key": None if pending is None else pending.key,
        "balance": user.balance,
        "customer_id": user.customer_id,
        "lost_customers": user.lost_customers,
        "password_changed_at": user.password_changed_at,
        "was_verified": user.was_verified,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        "version": user.version,
    }


# ---- sessions

SESSION: Final[Sequence[sa.Column[Any]]] = [
    sessions.c.id,
    sessions.c.user_id,
    sessions.c.digest,
    sessions.c.created_at,
    sessions.c.last_used_at,
    sessions.c.expires_at,
    sessions.c.user_agent,
]

_SESSION_AT: Final = len(USER)
RESOLVED_WIDTH: Final = len(USER) + len(SESSION)


def session(row: Row, at: int = 0) -> Session:
    return Session(
        id=row[at],
        user_id=row[at + 1],
        digest=row[at + 2],
        created_at=row[at + 3],
        last_used_at=row[at + 4],
        expires_at=row[at + 5],
        user_agent=row[at + 6],
    )


def resolved(row: Row) -> tuple[Session, User]:
    """Build a user and a session from a row that begins with the columns of `USER` and `SESSION`."""
    return session(row, _SESSION_AT), user(row)


def session_values(session: Session) -> dict[str, Any]:
    return {
        "id": session.id,
        "user_id": session.user_id,
        "digest": session.digest,
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "expires_at": session.expires_at,
        "user_agent": session.user_agent,
    }


# ---- card verifications

VERIFICATION: Final[Sequence[sa.Column[Any]]] = [
    verifications.c.id,
    verifications.c.user_id,
    verifications.c.requested,
    verifications.c.payment_method,
    verifications.c.customer_id,
    verifications.c.amount,
    verifications.c.currency,
    verifications.c.return_url,
    verifications.c.state,
    verifications.c.closing_because,
    verifications.c.hold_id,
    verifications.c.code,
    verifications.c.decline_code,
    verifications.c.unheard,
    verifications.c.request_key,
    verifications.c.created_at,
    verifications.c.updated_at,
    verifications.c.version,
]


def verification(row: Row) -> CardVerification:
    return CardVerification(
        id=row[0],
        user_id=row[1],
        requested=row[2],
        payment_method=row[3],
        customer_id=row[4],
        amount=row[5],
        currency=row[6],
        return_url=row[7],
        state=State(row[8]),
        closing_because=None if row[9] is None else Event(row[9]),
        hold_id=row[10],
        code=row[11],
        decline_code=row[12],
        outcome_undelivered=bool(row[13]),
        idempotency_key=row[14],
        created_at=row[15],
        updated_at=row[16],
        version=row[17],
    )


def verification_values(verification: CardVerification) -> dict[str, Any]:
    because = verification.closing_because
    return {
        "id": verification.id,
        "user_id": verification.user_id,
        "requested": verification.requested,
        "payment_method": verification.payment_method,
        "customer_id": verification.customer_id,
        "amount": verification.amount,
        "currency": verification.currency,
        "return_url": verification.return_url,
        "state": verification.state.value,
        "closing_because": None if because is None else because.value,
        "hold_id": verification.hold_id,
        "code": verification.code,
        "decline_code": verification.decline_code,
        "unheard": verification.outcome_undelivered,
        "request_key": verification.idempotency_key,
        "created_at": verification.created_at,
        "updated_at": verification.updated_at,
        "version": verification.version,
    }


# ---- notifications

NOTIFICATION: Final[Sequence[sa.Column[Any]]] = [
    notifications.c.id,
    notifications.c.user_id,
    notifications.c.type,
    notifications.c.message,
    notifications.c.created_at,
    notifications.c.read_at,
]


def notification(row: Row) -> Notification:
    return Notification(id=row[0], user_id=row[1], type=row[2], message=row[3], created_at=row[4], read_at=row[5])


def notification_values(notification: Notification) -> dict[str, Any]:
    return {
        "id": notification.id,
        "user_id": notification.user_id,
        "type": notification.type,
        "message": notification.message,
        "created_at": notification.created_at,
        "read_at": notification.read_at,
    }


# ---- the outbox

JOB: Final[Sequence[sa.Column[Any]]] = [
    outbox.c.id,
    outbox.c.topic,
    outbox.c.payload,
    outbox.c.created_at,
    outbox.c.due,
    outbox.c.attempts,
    outbox.c.lease,
    outbox.c.parked_at,
    outbox.c.last_error,
]


def job(row: Row) -> OutboxJob:
    payload: Mapping[str, str] = row[2]
    return OutboxJob(
        id=row[0],
        topic=row[1],
        payload=payload,
        created_at=row[3],
        due=row[4],
        attempts=row[5],
        lease=row[6],
        dead_lettered_at=row[7],
        last_error=row[8],
    )


def job_values(job: OutboxJob) -> dict[str, Any]:
    return {
        "id": job.id,
        "topic": str(job.topic),
        "payload": dict(job.payload),
        "created_at": job.created_at,
        "due": job.due,
        "attempts": job.attempts,
        "lease": job.lease,
        "parked_at": job.dead_lettered_at,
        "last_error": job.last_error,
    }
