"""Tables of the in-memory store: keys, indexes, unique constraints and references."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any, Final, Protocol, TypeVar

import attrs

from accounts_core.errors import Conflict, EmailTaken
from accounts_core.model.audit import AuditEntry
from accounts_core.model.idempotency import IdempotencyRecord
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.mail_token import MailToken
from accounts_core.model.notification import Notification
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.payment_method import PaymentMethod
from accounts_core.model.secret_values import TokenDigest
from accounts_core.model.session import Session
from accounts_core.model.sign_up import SignUp
from accounts_core.model.team import Interaction, Invitation, Membership, Team
from accounts_core.model.user import User
from accounts_core.model.verification import CardVerification

from .tables import Readable, Staged, Table

MemberKey = tuple[TeamId, UserId]
R = TypeVar("R", bound=attrs.AttrsInstance)


@attrs.frozen(kw_only=True)
class ReceivedEvent:
    """Event of the payment provider, with its time of receipt."""

    id: str
    received_at: datetime


@attrs.frozen(kw_only=True)
class Device:
    """Device of a user, with the times of its first and last use."""

    user_id: UserId
    digest: bytes
    first_seen_at: datetime
    last_seen_at: datetime


class Tables(Protocol):
    """All tables for reading: the committed ones or those of a unit of work."""

    @property
    def users(self) -> Readable[UserId, User]: ...
    @property
    def sessions(self) -> Readable[str, Session]: ...
    @property
    def payment_methods(self) -> Readable[str, PaymentMethod]: ...
    @property
    def verifications(self) -> Readable[str, CardVerification]: ...
    @property
    def notifications(self) -> Readable[str, Notification]: ...
    @property
    def teams(self) -> Readable[TeamId, Team]: ...
    @property
    def memberships(self) -> Readable[MemberKey, Membership]: ...
    @property
    def invitations(self) -> Readable[str, Invitation]: ...
    @property
    def interactions(self) -> Readable[str, Interaction]: ...
    @property
    def jobs(self) -> Readable[str, OutboxJob]: ...
    @property
    def provider_events(self) -> Readable[str, ReceivedEvent]: ...
    @property
    def mail_tokens(self) -> Readable[TokenDigest, MailToken]: ...
    @property
    def devices(self) -> Readable[tuple[UserId, bytes], Device]: ...
    @property
    def sign_ups(self) -> Readable[str, SignUp]: ...
    @property
    def idempotency_records(self) -> Readable[bytes, IdempotencyRecord]: ...
    @property
    def audit(self) -> Readable[int, AuditEntry]: ...


def _by_id(row: Any) -> Any:
    return row.id


def _by(*columns: str) -> dict[str, Callable[[Any], Hashable | None]]:
    return {column: attrgetter(column) for column in columns}


def _open(verification: CardVerification) -> Hashable | None:
    if verification.user_id is None or not verification.is_open:
        return None
    return verification.user_id, verification.requested


def _request(verification: CardVerification) -> Hashable | None:
    if verification.user_id is None or verification.idempotency_key is None:
        return None
    return verification.user_id, verification.idempotency_key


def _member_key(membership: Membership) -> MemberKey:
    return membership.team_id, membership.user_id


@attrs.frozen(kw_only=True)
class State:
    """Immutable committed state. Each commit makes a new one that shares unchanged tables."""

    users: Table[UserId, User]
    sessions: Table[str, Session]
    payment_methods: Table[str, PaymentMethod]
    verifications: Table[str, CardVerification]
    notifications: Table[str, Notification]
    teams: Table[TeamId, Team]
    memberships: Table[MemberKey, Membership]
    invitations: Table[str, Invitation]
    interactions: Table[str, Interaction]
    jobs: Table[str, OutboxJob]
    provider_events: Table[str, ReceivedEvent]
    mail_tokens: Table[TokenDigest, MailToken]
    sign_ups: Table[str, SignUp]
    devices: Table[tuple[UserId, bytes], Device]
    idempotency_records: Table[bytes, IdempotencyRecord]
    audit: Table[int, AuditEntry]


NOTHING: Final = State(
    users=Table(_by_id, {**_by("customer_id"), "email": lambda user: user.email.key}),
    sessions=Table(_by_id, _by("digest", "user_id")),
    payment_methods=Table(
        _by_id, {**_by("user_id"), "default": lambda card: card.user_id if card.is_default else None}
    ),
    verifications=Table(_by_id, {**_by("user_id", "customer_id"), "open": _open, "request": _request}),
    notifications=Table(_by_id, _by("user_id")),
    teams=Table(_by_id, _by("owner_id")),
    memberships=Table(_member_key, _by("team_id", "user_id")),
    invitations=Table(
        _by_id,
        {
            **_by("team_id", "invited_by"),
            "email": lambda invitation: invitation.email.key,
            "place": lambda invitation: (invitation.team_id, invitation.email.key),
        },
    ),
    interactions=Table(_by_id, _by("team_id", "author_id")),
    jobs=Table(_by_id, {}),
    provider_events=Table(_by_id, {}),
    mail_tokens=Table(attrgetter("digest"), _by("user_id")),
    sign_ups=Table(_by_id, {**_by("digest"), "email": lambda sign_up: sign_up.email.key}),
    devices=Table(attrgetter("user_id", "digest"), _by("user_id")),
    idempotency_records=Table(attrgetter("scope"), _by("user_id", "email_key")),
    audit=Table(_by_id, _by("user_id", "invited_key")),
)
"""Empty state. Indexes are named after their column, or after the rule that they serve."""

NAMES: Final = tuple(field.name for field in attrs.fields(State))


class Workspace:
    """All tables with the changes of one unit of work."""

    def __init__(self, base: State) -> None:
        self.users = Staged(base.users)
        self.sessions = Staged(base.sessions)
        self.payment_methods = Staged(base.payment_methods)
        self.verifications = Staged(base.verifications)
        self.notifications = Staged(base.notifications)
        self.teams = Staged(base.teams)
        self.memberships = Staged(base.memberships)
        self.invitations = Staged(base.invitations)
        self.interactions = Staged(base.interactions)
        self.jobs = Staged(base.jobs)
        self.provider_events = Staged(base.provider_events)
        self.mail_tokens = Staged(base.mail_tokens)
        self.sign_ups = Staged(base.sign_ups)
        self.devices = Staged(base.devices)
        self.idempotency_records = Staged(base.idempotency_records)
        self.audit = Staged(base.audit)

    def commit_onto(self, live: State) -> State:
        """Return the live state with this unit's changes.

        Raises `Conflict` after a concurrent change of the same row or for a missing referenced row, and `EmailTaken` if
        another user has the address.
        """
        changed: dict[str, Any] = {}
        for name in NAMES:
            before = getattr(live, name)
            after = getattr(self, name).commit_onto(before)
            if after is not before:
                changed[name] = after
        if not changed:
            return live
        state = attrs.evolve(live, **changed)
        self._check_unique(state)
        self._check_references(state)
        return state

    def _check_unique(self, state: State) -> None:
        for user in _kept(self.users.changes):
            if len(state.users.found["email"][user.email.key]) > 1:
                raise EmailTaken(user.email.address)
        for table, staged, index, what in (
            (state.users, self.users, "customer_id", "Another user is billed as this customer."),
            (state.sessions, self.sessions, "digest", "Two sessions have one token."),
            (state.sign_ups, self.sign_ups, "digest", "Two sign-ups have one link."),
            (state.payment_methods, self.payment_methods, "default", "A user has two default cards."),
            (state.verifications, self.verifications, "open", "This card is being verified already."),
            (state.verifications, self.verifications, "request", "This request has a verification already."),
            (state.invitations, self.invitations, "place", "This address has been invited to this team already."),
        ):
            _check_alone(table, staged, index, what)

    def _check_references(self, state: State) -> None:
        for name, column, target in _REFERENCES:
            changes: Mapping[Any, Any] = getattr(self, name).changes
            known: Table[Any, Any] = getattr(state, target)
            for row in _kept(changes):
                referred = getattr(row, column)
                if referred is not None and known.get(referred) is None:
                    raise Conflict(f"A {type(row).__name__}'s {column} {referred!r} is gone.")
            gone = [key for key, row in getattr(self, target).changes.items() if row is None]
            if any(getattr(state, name).found[column].get(key) for key in gone):
                raise Conflict(f"There are {name} left of one of {target} that is removed.")


_REFERENCES: Final = (
    ("sessions", "user_id", "users"),
    ("mail_tokens", "user_id", "users"),
    ("devices", "user_id", "users"),
    ("idempotency_records", "user_id", "users"),
    ("payment_methods", "user_id", "users"),
    ("verifications", "user_id", "users"),
    ("notifications", "user_id", "users"),
    ("teams", "owner_id", "users"),
    ("memberships", "user_id", "users"),
    ("memberships", "team_id", "teams"),
    ("invitations", "invited_by", "users"),
    ("invitations", "team_id", "teams"),
    ("interactions", "author_id", "users"),
    ("interactions", "team_id", "teams"),
)
"""Foreign keys: table, column (and index), and the referenced table."""


def _kept(changes: Mapping[Any, R | None]) -> Iterator[R]:
    return (row for row in changes.values() if row is not None)


def _check_alone(table: Table[Any, Any], staged: Staged[Any, Any], index: str, what: str) -> None:
    value_of: Callable[[Any], Hashable | None] = table.indexes[index]
    for row in _kept(staged.changes):
        value = value_of(row)
        if value is not None and len(table.found[index][value]) > 1:
            raise Conflict(what)
