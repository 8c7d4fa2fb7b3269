"""A container that builds use cases from the ports, by the annotations of their constructors.

A field annotated with a port gets the application's adapter; a field annotated with a policy gets that policy; any
other class of the core is built in the same way. Arguments are passed by name. `require` raises at import time if a
class has a field that cannot be provided.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar, Union, get_args, get_origin

import attrs

from accounts_core.errors import ConfigurationError
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.policy import CardPolicy, CustomerDeletion, Policy
from accounts_core.model.profile_data import D
from accounts_core.outbox.after_commit import Commits, DispatchMails, MailDispatch, NotingStore
from accounts_core.outbox.handlers import JobHandler, JobHandlers, check_handlers
from accounts_core.ports.clock import Clock
from accounts_core.ports.mailer import Mailer
from accounts_core.ports.owned_data import OwnedData
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_core.ports.rate_limiter import CountsBeside, RateLimiter
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.lifecycle import close_parts, migrate_store
from accounts_core.services.once import ConsumeOnce, HashOnce
from accounts_core.services.outbox_writer import Dispatcher
from accounts_core.services.owned_data import OwnedPersonalData, OwnedTeams
from accounts_core.services.profile_type import ProfileType

if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault

    # The default lets users write `Accounts` without a type argument; `typing.TypeVar` has it from Python 3.13 on.
    W = TypeVarWithDefault("W", bound=UnitOfWork, default=Any)
else:
    W = TypeVar("W", bound=UnitOfWork)
T = TypeVar("T")


def _or_default_policy(policy: Policy | None) -> Policy:
    return Policy() if policy is None else policy


def _checked_handlers(job_handlers: Mapping[str, JobHandler] | None) -> dict[str, JobHandler]:
    handlers = dict(job_handlers or {})
    check_handlers(handlers)
    return handlers


def rate_limiter_of(ports: "Ports[Any, Any]") -> Any:
    """Return the rate limiter of the store, for accounts that are given none."""
    store = ports._store  # noqa: SLF001  one module
    if not hasattr(store, "rate_limiter"):
        raise ConfigurationError(
            f"{type(store).__name__} has no rate limiter. Give the accounts one, limits=..., or limits=None for no rate"
            " limits."
        )
    return store.rate_limiter()


def _check_profile_type(_: Any, __: Any, value: Any) -> None:
    if value is not None and not isinstance(value, ProfileType):
        name = getattr(value, "__name__", type(value).__name__)
        raise ConfigurationError(f"profile_type is a ProfileType: give accounts_profiles.profile_type({name}).")


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class Ports(Generic[D, W]):
    """The adapters and the policy of an application."""

    if not TYPE_CHECKING:

        def __class_getitem__(cls, arguments: Any) -> Any:
            # before Python 3.13 type variables have no defaults at run time, and `Accounts[Customer]` names one of two
            named = arguments if isinstance(arguments, tuple) else (arguments,)
            return super().__class_getitem__((*named, *(Any,) * (2 - len(named))))

    _store: Store[W] = attrs.field(alias="store")
    _payments: PaymentGateway = attrs.field(alias="payments")
    _passwords: PasswordHasher = attrs.field(alias="passwords")
    _mailer: Mailer = attrs.field(alias="mailer")
    _clock: Clock = attrs.field(alias="clock")
    _secrets: Secrets = attrs.field(alias="secrets")
    policy: Policy = attrs.field(default=None, converter=_or_default_policy)
    _limits: RateLimiter | None = attrs.field(default=attrs.Factory(rate_limiter_of, takes_self=True), alias="limits")
    _owned_data: Sequence[OwnedData[W]] = attrs.field(default=(), alias="owned_data")
    _job_handlers: Mapping[str, JobHandler] = attrs.field(
        default=None, converter=_checked_handlers, alias="job_handlers"
    )
    profile_type: ProfileType[D] | None = attrs.field(default=None, validator=_check_profile_type)
    mail_dispatch: MailDispatch = MailDispatch.AFTER_COMMIT
    _commits: Commits = attrs.field(factory=Commits, init=False)

    def on(self, store: Store[Any], *, passwords: PasswordHasher | None = None) -> Self:
        """Return a copy with another store, such as the one of `run_idempotent`, and with `passwords` if given."""
        return self._with(_store=store, _passwords=passwords or self._passwords, _commits=Commits())

    def in_transaction(self, transaction: object) -> Self:
        """Return the accounts inside the application's open transaction: it commits, or rolls back, what they do.

        Limits are counted outside of it, so that a rollback does not undo an attempt. Mails wait for a worker or for a
        later call outside, because they must not be sent before the commit.

        Args:
            transaction: What the store accepts: with accounts_sql a SQLAlchemy `Connection` or ORM `Session`, for
                `Accounts` an `AsyncConnection` or `AsyncSession`.

        Returns:
            Accounts for this transaction only, with the same settings.

        Raises:
            ConfigurationError: The store cannot take part in this; the message says what to give.

        """
        return self.on(self._store.joined(transaction))

    def for_one_request(self) -> Self:
        """Return a copy for one request, which may call a use case several times, such as after a conflict.

        All calls of the request together hash a password once and count an attempt once.
        """
        limits = self.limits_in_use
        limits = None if limits is None else ConsumeOnce(limits)
        return self._with(_passwords=HashOnce(self._passwords), _limits=limits)

    @property
    def limits_in_use(self) -> RateLimiter | None:
        """The limits, or those for a store in the application's transaction (`CountsBeside`)."""
        limits: Any = self._limits
        if not hasattr(limits, "beside") or self._store.commits:
            return self._limits
        counting: CountsBeside = limits
        return counting.beside(self._store)

    def _with(self, **changes: Any) -> Self:
        # attrs.evolve would run the checks of the adapters again, which the wrappers of one request cannot pass.
        other = object.__new__(type(self))
        vars(other).update({field.name: getattr(self, field.name) for field in attrs.fields(Ports)}, **changes)
        return other

    @property
    def sends_mails_itself(self) -> bool:
        """Whether a call sends its mails itself. False in the application's transaction, which is not committed yet."""
        return self.mail_dispatch is MailDispatch.AFTER_COMMIT and self._store.commits

    async def send_mails(self) -> None:
        """Send the mails that are due, if anything was committed since the last call."""
        if self._commits.is_noted:
            self._commits.is_noted = False
            await _Container(self, notes_commits=False).build(DispatchMails)()

    async def migrate_store(self) -> None:
        """Bring the store's schema up to date."""
        await migrate_store(self._store)

    async def close_parts(self) -> None:
        """Close what the adapters keep open, the store last."""
        await close_parts((self._passwords, self._payments, self._mailer, self._limits, self._store))

    def build(self, cls: type[T]) -> T:
        """Build a use case that `require` has accepted, with everything that it depends on."""
        return _Container(self, notes_commits=self.sends_mails_itself).build(cls)


class _Container:
    """The objects built from the ports so far, by type."""

    def __init__(self, ports: Ports[Any, Any], *, notes_commits: bool) -> None:
        self._by_type: dict[Any, Any] = {_key(field.type): getattr(ports, field.name) for field in attrs.fields(Ports)}
        self._by_type[_LIMITS] = ports.limits_in_use
        if notes_commits:
            self._by_type[Store] = NotingStore(ports._store, ports._commits)  # noqa: SLF001  one module
        self._by_type[CardPolicy] = ports.policy.cards
        self._by_type[CustomerDeletion] = ports.policy.customer_deletion
        self._by_type[Dispatcher] = _LateDispatcher(self)
        self._by_type[_OWNED_DATA] = (OwnedTeams(), OwnedPersonalData(), *self._by_type[_OWNED_DATA])

    def build(self, cls: type[T]) -> T:
        fields = {field.alias: self.provide(field.type) for field in _fields(cls)}
        return cls(**fields)

    def provide(self, annotation: Any) -> Any:
        key = _key(annotation)
        if key not in self._by_type:
            self._by_type[key] = self.build(key)
        return self._by_type[key]


class _LateDispatcher:
    """A dispatcher that builds the table of handlers on first use, because the handlers depend on a dispatcher."""

    def __init__(self, container: _Container) -> None:
        self._container = container

    async def perform(self, job: OutboxJob) -> datetime | None:
        handlers: JobHandlers = self._container.provide(JobHandlers)
        return await handlers.perform(job)


def _key(annotation: Any) -> Any:
    """Return the key of an annotation, which ignores the type arguments of a generic class."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is None:
        return annotation
    if origin in (Union, UnionType):
        return frozenset(_key(each) for each in arguments)
    if origin in (Sequence, Mapping):
        return (origin, *(_key(each) for each in arguments))
    return origin


def _fields(cls: type[Any]) -> list[Any]:
    return [field for field in attrs.fields(cls) if field.init]


_LIMITS: Final = _key(RateLimiter | None)
_OWNED_DATA: Final = (Sequence, OwnedData)
PROVIDED: Final = frozenset(_key(field.type) for field in attrs.fields(Ports)) | {
    CardPolicy,
    CustomerDeletion,
    Dispatcher,
}
"""The types of fields that the ports provide."""


def require(cls: type[Any]) -> None:
    """Check that a class can be built from the ports.

    Raises:
        TypeError: It is not an attrs class, or has a field that nothing provides.

    """
    if not attrs.has(cls):
        raise TypeError(f"{cls.__qualname__} is not an attrs class, so it cannot be built from the ports.")
    for field in _fields(cls):
        key = _key(field.type)
        if key in PROVIDED:
            continue
        if not isinstance(key, type) or not attrs.has(key) or field.default is not attrs.NOTHING:
            raise TypeError(f"Nothing provides {field.alias!r} of {cls.__qualname__}, a {field.type!r}.")
        require(key)


def is_built_of(cls: type[Any], port: type[Any]) -> bool:
    """Return whether a class depends on a port, directly or indirectly."""
    keys = [_key(field.type) for field in _fields(cls)]
    return port in keys or any(key not in PROVIDED and is_built_of(key, port) for key in keys)
