"""Jobs of the outbox: a class for each kind of work that is done outside the database, or later by a worker.

A job is stored under its topic, with its fields as the payload: a field's name is its key. Topics and keys do not
change, because rows of earlier releases are read. The handlers of jobs are in `accounts_core.outbox.handlers`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar, Final, Self, TypeVar, cast, get_args

import attrs

from accounts_core.errors import ConfigurationError, Invalid

from .email_address import EmailAddress
from .ids import TeamId, UserId
from .mail_kind import MailKind
from .outbox import OutboxJob
from .secret_values import PasswordHash, SecretValue

T = TypeVar("T")


class JobKind(StrEnum):
    """The external system that a job depends on. Each kind has its own queue in a worker."""

    PROVIDER = "provider"
    """The payment provider: holds, cards and customers."""
    MAIL = "mail"
    """The mail server; also jobs that only prepare a mail."""
    HOST = "host"
    """The host application's own handlers."""


class JobData:
    """The content of a job. Subclasses are frozen attrs classes declared with `stored_as`."""

    __slots__ = ()

    topic: ClassVar[str]
    kind: ClassVar[JobKind]
    has_typed_address: ClassVar[bool]
    """Whether `email` was entered by a person who may not own the address."""

    def to_payload(self) -> dict[str, str]:
        """Return the fields as stored; fields that are None are omitted."""
        values = {field.name: getattr(self, field.name) for field in _fields(type(self))}
        return {name: _to_text(value) for name, value in values.items() if value is not None}

    @classmethod
    def from_payload(cls, payload: Mapping[str, str]) -> Self:
        """Return the job that `to_payload` has stored. Keys that this release does not know are ignored.

        Raises:
            LookupError: A key is missing.
            ValueError: A value cannot be read.

        """
        needed = [each for each in _fields(cls) if each.name in payload or each.default is attrs.NOTHING]
        return cls(**{each.name: _READERS[_type_of(each)](payload[each.name]) for each in needed})


def _fields(cls: type[JobData]) -> Sequence[Any]:
    return cast("Sequence[Any]", attrs.fields(cast("type[attrs.AttrsInstance]", cls)))


def _type_of(field: Any) -> Any:
    """Return the type of a field that may be None."""
    return next((each for each in get_args(field.type) if each is not type(None)), field.type)


def _to_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, SecretValue):
        return str(value.reveal())
    return value.address if isinstance(value, EmailAddress) else str(value)


_READERS: Final[Mapping[Any, Callable[[str], Any]]] = {
    str: str,
    bool: lambda text: text == "true",
    UserId: lambda text: UserId(int(text)),
    TeamId: lambda text: TeamId(int(text)),
    EmailAddress: EmailAddress,
    PasswordHash: PasswordHash,
}

JOBS: Final[dict[str, type[JobData]]] = {}
"""The core's job classes by topic."""


def stored_as(topic: str, kind: JobKind, *, has_typed_address: bool = False) -> Callable[[type[T]], type[T]]:
    """Declare a job class: the topic that it is stored under, and the system that it depends on."""

    def declare(cls: type[T]) -> type[T]:
        assert issubclass(cls, JobData)
        assert topic not in JOBS
        cls.topic, cls.kind, cls.has_typed_address = topic, kind, has_typed_address
        JOBS[topic] = cls
        return cls

    return declare


def read_job(job: OutboxJob) -> JobData:
    """Return the content of a job of the core.

    Raises:
        ConfigurationError: This release does not know the topic or cannot read the payload.

    """
    if job.topic not in JOBS:
        raise ConfigurationError(f"No handler for jobs of the topic {job.topic!r}.")
    try:
        return JOBS[job.topic].from_payload(job.payload)
    except (LookupError, ValueError, Invalid) as error:
        raise ConfigurationError(f"The payload of a job of the topic {job.topic!r} cannot be read.") from error


def topics_of(kinds: Collection[JobKind]) -> frozenset[str]:
    """Return the core's topics of these kinds."""
    return frozenset(topic for topic, cls in JOBS.items() if cls.kind in kinds)


@stored_as("verify_card", JobKind.PROVIDER)
@attrs.frozen(kw_only=True)
class VerifyCardJob(JobData):
    """Continue a card verification to its end."""

    verification: str


@stored_as("detach_card", JobKind.PROVIDER)
@attrs.frozen(kw_only=True)
class DetachCardJob(JobData):
    """Detach a card from its customer at the provider."""

    payment_method: str


@stored_as("sync_default", JobKind.PROVIDER)
@attrs.frozen(kw_only=True)
class SyncDefaultJob(JobData):
    """Set the provider's default card to the user's.

    `chosen` is the card that the user chose. Without it, a default that is managed elsewhere stays.
    """

    user: UserId
    chosen: str | None = None


@stored_as("delete_customer", JobKind.PROVIDER)
@attrs.frozen(kw_only=True)
class DeleteCustomerJob(JobData):
    """Delete or keep the provider's customer as the policy says, after its last hold is released.

    `user_ref` is the reference to find it by if its id is not known. With `unless_used` it is deleted only if nothing
    is lost with it.
    """

    customer: str | None = None
    user_ref: str | None = None
    unless_used: bool | None = None

    @classmethod
    def from_payload(cls, payload: Mapping[str, str]) -> Self:
        if "customer" not in payload and "user_ref" not in payload:
            raise LookupError("customer")
        return super().from_payload(payload)


@stored_as("update_customer", JobKind.PROVIDER)
@attrs.frozen(kw_only=True)
class UpdateCustomerJob(JobData):
    """Send the user's name and address to the provider. `customer` is the one at the time of enqueueing."""

    user: UserId
    customer: str | None = None


@stored_as("sync_customer", JobKind.PROVIDER)
@attrs.frozen(kw_only=True)
class SyncCustomerJob(JobData):
    """Read the provider's customer, and update the local copy."""

    customer: str


@stored_as("security_notice", JobKind.MAIL)
@attrs.frozen(kw_only=True)
class SecurityMailJob(JobData):
    """Send a security mail. `values` are those of its `MailKind`. A job of an earlier release has no user."""

    to: EmailAddress
    purpose: MailKind
    user: UserId | None = None
    values: Mapping[str, str] = attrs.field(factory=dict)

    def to_payload(self) -> dict[str, str]:
        user = {} if self.user is None else {"user": str(self.user)}
        return {"purpose": str(self.purpose), "to": self.to.address, **user, **self.values}

    @classmethod
    def from_payload(cls, payload: Mapping[str, str]) -> Self:
        return cls(
            to=EmailAddress(payload["to"]),
            purpose=MailKind(payload["purpose"]),
            user=UserId(int(payload["user"])) if "user" in payload else None,
            values={name: value for name, value in payload.items() if name not in {"to", "purpose", "user"}},
        )


@stored_as("verification_mail", JobKind.MAIL)
@attrs.frozen(kw_only=True)
class VerificationMailJob(JobData):
    """Mail a token that verifies the user's address."""

    user: UserId


@stored_as("recovery_mail", JobKind.MAIL, has_typed_address=True)
@attrs.frozen(kw_only=True)
class RecoveryMailJob(JobData):
    """Mail a password reset token to the user with this address, if there is one."""

    email: EmailAddress


@stored_as("sign_up", JobKind.MAIL)
@attrs.frozen(kw_only=True)
class SignUpJob(JobData):
    """Open the account of a sign-up, or mail its link, or notify the user who has the address.

    With `opens` the account may be opened without the link. A job of an earlier release carries the sign-up's
    `email`, `name` and `password_hash` in place of its id.
    """

    sign_up: str | None = None
    opens: bool = True
    email: EmailAddress | None = None
    name: str | None = None
    password_hash: PasswordHash | None = attrs.field(default=None, repr=False)

    @classmethod
    def from_payload(cls, payload: Mapping[str, str]) -> Self:
        if "sign_up" not in payload and not {"email", "name", "password_hash"} <= payload.keys():
            raise LookupError("sign_up")
        return super().from_payload(payload)


@stored_as("taken_mail", JobKind.MAIL, has_typed_address=True)
@attrs.frozen(kw_only=True)
class TakenMailJob(JobData):
    """Notify the user with this address that another person tried to use it."""

    email: EmailAddress


@stored_as("invite", JobKind.MAIL, has_typed_address=True)
@attrs.frozen(kw_only=True)
class InviteJob(JobData):
    """Invite the owner of this address into a team."""

    team: TeamId
    by: UserId
    email: EmailAddress


@stored_as("send_invitations", JobKind.MAIL)
@attrs.frozen(kw_only=True)
class SendInvitationsJob(JobData):
    """Mail the invitations that waited for their sender's address to be verified."""

    user: UserId


@stored_as("invitation_mail", JobKind.MAIL)
@attrs.frozen(kw_only=True)
class InvitationMailJob(JobData):
    """Mail an invitation to the invited address."""

    invitation: str


TYPED_ADDRESS_TOPICS: Final = tuple(topic for topic, cls in JOBS.items() if cls.has_typed_address)
"""Topics of jobs whose `email` was entered by a person who may not own the address."""
