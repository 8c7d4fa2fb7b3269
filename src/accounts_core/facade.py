"""Descriptors that make a use case a method of both facades.

`use_case(Register)` is one row in `accounts_core.accounts`. On `Accounts` it is a coroutine function, on
`BlockingAccounts` a plain function that runs the same coroutine without an event loop. Both have the signature and the
docstring of the use case's `__call__`.
"""

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from functools import update_wrapper, wraps
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, cast, get_origin, overload

import attrs

from accounts_core.container import Ports, W, is_built_of, rate_limiter_of, require
from accounts_core.errors import ConfigurationError
from accounts_core.id_arguments import id_arguments
from accounts_core.model.profile_data import D
from accounts_core.ports.blocking import (
    BlockingMailer,
    BlockingPasswordHasher,
    BlockingPaymentGateway,
    BlockingRateLimiter,
    BlockingStore,
)
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.sync import iterate_sync, run_sync

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class AsyncFacade(Ports[D, W]):
    """A facade whose methods are coroutine functions; its adapters never block the event loop."""

    def __attrs_post_init__(self) -> None:
        for port in (self._store, self._payments, self._passwords, self._mailer, self._limits):
            if getattr(port, "blocks", False):
                raise ConfigurationError(
                    f"{type(port).__name__} blocks the thread, and with it the event loop of {type(self).__name__}."
                    " Give an adapter for event loops, or use BlockingAccounts."
                )

    async def migrate(self) -> None:
        """Bring the schema of the store up to date. Processes may call this at the same time.

        Does nothing for a store without a schema. In the application's transaction, the migration is a part of it.

        Raises:
            ConfigurationError: A later release migrated the database and this one cannot serve it, or the name of a
                table is taken.
            Unavailable: The database is away, or another process was migrating for too long.

        """
        await self.migrate_store()

    async def close(self) -> None:
        """Close what the adapters keep open: threads, and connections, those of the engine's pool included.

        They open it again when they are next used. A database in memory stays. Call it when the application stops, and
        at the end of each event loop, such as in a test.

        Raises:
            Exception: An adapter could not be closed; the others are.

        """
        await self.close_parts()


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class BlockingFacade(Ports[D, W]):
    """A facade whose methods are plain functions; its adapters never suspend."""

    _store: BlockingStore[W] = attrs.field(alias="store")
    _payments: BlockingPaymentGateway = attrs.field(alias="payments")
    _passwords: BlockingPasswordHasher = attrs.field(alias="passwords")
    _mailer: BlockingMailer = attrs.field(alias="mailer")
    _limits: BlockingRateLimiter | None = attrs.field(
        default=attrs.Factory(rate_limiter_of, takes_self=True), alias="limits"
    )

    def __attrs_post_init__(self) -> None:
        for port in (self._store, self._payments, self._passwords, self._mailer, self._limits):
            if port is not None and getattr(port, "suspends", True):
                raise ConfigurationError(
                    f"{type(port).__name__} needs an event loop, and {type(self).__name__} has none."
                )

    def migrate(self) -> None:
        """Bring the schema of the store up to date. Threads and processes may call this at the same time.

        Does nothing for a store without a schema. In the application's transaction, the migration is a part of it.

        Raises:
            ConfigurationError: A later release migrated the database and this one cannot serve it, or the name of a
                table is taken.
            Unavailable: The database is away, or another process was migrating for too long.

        """
        run_sync(self.migrate_store())

    def close(self) -> None:
        """Close what the adapters keep open: connections, those of the engine's pool included.

        They open it again when they are next used. A database in memory stays.

        Raises:
            Exception: An adapter could not be closed; the others are.

        """
        run_sync(self.close_parts())


class UseCase(Protocol[P, R_co]):
    """A class of `accounts_core.use_cases`: one action of a person or an operator."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R_co]: ...


class StreamingUseCase(Protocol[P, R_co]):
    """A use case that returns its result piece by piece."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, AsyncGenerator[R_co, None]]: ...


class _Method:
    """The common base of `use_case` and `streaming_use_case`."""

    def __init__(self, cls: type[Any]) -> None:
        require(cls)
        self.cls = cls
        self.is_once = is_built_of(cls, PasswordHasher)
        """Whether a call hashes a password once and counts an attempt once, even if its unit of work is retried
        (`accounts_core.services.once`)."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def method_of(self, instance: Ports[Any, Any] | None, owner: type) -> Any:
        """Return the bound method of a facade; for the class of a facade, a function with the documentation."""
        if instance is None:
            return self._function(owner)
        call = self._blocking(instance) if isinstance(instance, BlockingFacade) else self._asynchronous(instance)
        vars(instance)[self.name] = call  # cached: the instance attribute now hides this descriptor
        return call

    def _asynchronous(self, ports: Ports[Any, Any]) -> Callable[..., Any]:
        start = self._with_checked_ids(self._once(ports))
        if not ports.sends_mails_itself:
            return start

        @wraps(self.cls.__call__)
        async def call(*args: Any, **kwargs: Any) -> Any:
            try:
                result = await start(*args, **kwargs)
            except Exception:
                await ports.send_mails()  # a refused sign-up may have enqueued a mail to the holder of the address
                raise
            await ports.send_mails()
            return result

        return call

    def _with_checked_ids(self, start: Callable[..., Any]) -> Callable[..., Any]:
        arguments = id_arguments(self.cls)
        if not arguments:
            return start

        @wraps(start)
        def call(*args: Any, **kwargs: Any) -> Any:
            for argument in arguments:
                argument.check(self.name, args, kwargs)
            return start(*args, **kwargs)

        return call

    def _once(self, ports: Ports[Any, Any]) -> Callable[..., Any]:
        if not self.is_once:
            return cast("Callable[..., Any]", ports.build(self.cls).__call__)

        @wraps(self.cls.__call__)
        def call(*args: Any, **kwargs: Any) -> Any:
            return ports.for_one_request().build(self.cls)(*args, **kwargs)

        return call

    def _blocking(self, ports: Ports[Any, Any]) -> Callable[..., Any]:
        start = self._asynchronous(ports)

        @wraps(self.cls.__call__)
        def call(*args: Any, **kwargs: Any) -> Any:
            return self._finish(start(*args, **kwargs))

        return call

    def _finish(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run the use case to its end without an event loop."""
        return run_sync(coroutine)

    def _function(self, owner: type) -> Callable[..., Any]:
        """Return the function that `help()` and `inspect.signature` see on the class."""

        def method(facade: Any, *args: Any, **kwargs: Any) -> Any:
            return getattr(facade, self.name)(*args, **kwargs)

        function = update_wrapper(method, self.cls.__call__)
        function.__name__, function.__qualname__ = self.name, f"{owner.__qualname__}.{self.name}"
        return function


def methods(facade: type[Ports[Any, Any]]) -> dict[str, type[Any]]:
    """Return the use case of each method of a facade, by the method's name."""
    rows = {name: row for cls in facade.__mro__ for name, row in vars(cls).items() if isinstance(row, _Method)}
    return {name: row.cls for name, row in rows.items()}


def _class_of(row: Any) -> type[Any]:
    """Return the class of a use case, which a function names as what it returns."""
    returned = row if isinstance(row, type) else row.__annotations__["return"]
    cls: type[Any] = get_origin(returned) or returned
    return cls


class use_case(_Method, Generic[P, R]):  # noqa: N801  read as a function where the facades are declared
    """A use case as a method of both facades. Raises `TypeError` if nothing provides one of its dependencies.

    A use case that is generic in the profile data is named by a function that is never called, because type checkers
    do not keep the type argument of the facade otherwise:

        @use_case
        def register(self) -> Register[D]: ...
    """

    def __init__(self, row: "type[UseCase[P, R]] | Callable[[Any], UseCase[P, R]]") -> None:
        super().__init__(_class_of(row))

    @overload
    def __get__(self, instance: None, owner: type) -> Callable[..., Any]: ...
    @overload
    def __get__(self, instance: AsyncFacade[Any, Any], owner: type) -> Callable[P, Coroutine[Any, Any, R]]: ...
    @overload
    def __get__(self, instance: BlockingFacade[Any, Any], owner: type) -> Callable[P, R]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        return self.method_of(instance, owner)


class streaming_use_case(_Method, Generic[P, R]):  # noqa: N801  as above
    """A use case with an iterator as its result, as a method of both facades; `BlockingAccounts` has a plain one."""

    def __init__(self, cls: type[StreamingUseCase[P, R]]) -> None:
        super().__init__(cls)

    @overload
    def __get__(self, instance: None, owner: type) -> Callable[..., Any]: ...
    @overload
    def __get__(
        self, instance: AsyncFacade[Any, Any], owner: type
    ) -> Callable[P, Coroutine[Any, Any, AsyncGenerator[R, None]]]: ...
    @overload
    def __get__(self, instance: BlockingFacade[Any, Any], owner: type) -> Callable[P, Iterator[R]]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        return self.method_of(instance, owner)

    def _finish(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return iterate_sync(run_sync(coroutine))
