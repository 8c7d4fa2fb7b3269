"""Perform a request in one unit of work that also stores its answer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, NoReturn

import attrs

from accounts_core.errors import AnswerTooLarge, ConfigurationError, Conflict, StillReferenced
from accounts_core.model.idempotency import (
    MAX_ANSWER_BYTES,
)
from accounts_core.model.ids import UserId
from accounts_core.ports.rate_limiter import RateLimiter
from accounts_core.ports.store import Reader, Store, UnitOfWork

ATTEMPTS: Final = 10
"""Maximum number of times that a request is performed while it raises `Conflict`."""


@attrs.frozen(kw_only=True)
class IdempotentAnswer:
    """The outcome of a request.

    Raises:
        AnswerTooLarge: A final answer has more than `MAX_ANSWER_BYTES`: it could not be stored for repeats, so the
            request must not take effect.

    """

    answer: bytes = attrs.field(repr=False)
    """The response to the client, in the caller's own encoding."""
    is_final: bool
    """Whether a repeat gets the same answer, which is then stored."""
    took_effect: bool
    """Whether the request's changes are committed."""
    user_id: UserId | None = None
    """The user that a sign-up created."""

    def __attrs_post_init__(self) -> None:
        if self.is_final and len(self.answer) > MAX_ANSWER_BYTES:
            raise AnswerTooLarge(MAX_ANSWER_BYTES)


@attrs.frozen(kw_only=True)
class IdempotentResult:
    """The answer for the client."""

    answer: bytes = attrs.field(repr=False)
    is_replayed: bool
    """Whether an earlier call stored the answer."""


IdempotentOperation = Callable[[Store[UnitOfWork]], Awaitable[IdempotentAnswer]]
"""Performs the request on the store that it is given."""


class SingleUnitStore:
    """A store whose units of work are all one, opened with the first, so that what is done before it holds no lock."""

    commits = False

    def __init__(self, store: Store[UnitOfWork]) -> None:
        self._store = store
        self._opened: tuple[AbstractAsyncContextManager[UnitOfWork], UnitOfWork] | None = None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[UnitOfWork]:
        """Enter the one unit of work. Leaving it neither commits nor rolls back."""
        if self._opened is None:
            unit = self._store.begin()
            self._opened = unit, await unit.__aenter__()
        yield self._opened[1]

    def rate_limiter(self) -> RateLimiter:
        return self._store.rate_limiter()

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        """Read within the unit of work once it is open, before that outside of any."""
        if self._opened is not None:
            yield self._opened[1]
            return
        async with self._store.reader() as reader:
            yield reader

    def joined(self, transaction: object) -> NoReturn:
        """Raise `ConfigurationError`: all units of work of the request are one already."""
        raise ConfigurationError(
            "A request with an idempotency key is one unit of work with its answer, and cannot take part in another"
            f" transaction, such as this {type(transaction).__name__}."
        )

    async def commit(self) -> None:
        """Commit the unit of work if it was opened, with the store's own errors."""
        if self._opened is not None:
            unit, self._opened = self._opened[0], None
            await unit.__aexit__(None, None, None)

    async def roll_back(self, because: BaseException) -> None:
        """Roll the unit of work back if it is open."""
        if self._opened is not None:
            unit, self._opened = self._opened[0], None
            await unit.__aexit__(type(because), because, because.__traceback__)


class Attempts:
    """The conflicts of one unit of work that is retried."""

    def __init__(self) -> None:
        self._is_referenced = False

    def failed(self, error: Conflict) -> None:
        """Take a conflict, after which the unit of work is retried.

        Raises:
            ConfigurationError: A row of the application's is still in the way, as it was the last time.

        """
        if isinstance(error, StillReferenced) and self._is_referenced:
            raise ConfigurationError(str(error)) from error
        self._is_referenced = isinstance(error, StillReferenced)


class _NothingIsKept(Exception):
    pass


async def in_single_unit(
    store: Store[UnitOfWork],
    perform: IdempotentOperation,
    keep: Callable[[UnitOfWork, IdempotentAnswer], Awaitable[None]],
) -> IdempotentAnswer:
    """Perform a request in one unit of work with `keep`, which stores a final answer.

    Performed again as a whole after a `Conflict`, 10 times at most. Errors of `perform`, `keep` and the store are
    raised to the caller, and nothing is written then.
    """
    attempts = Attempts()
    for _ in range(ATTEMPTS - 1):
        try:
            return await _in_single_unit(store, perform, keep)
        except Conflict as error:
            attempts.failed(error)
    return await _in_single_unit(store, perform, keep)


async def _in_single_unit(
    store: Store[UnitOfWork],
    perform: IdempotentOperation,
    keep: Callable[[UnitOfWork, IdempotentAnswer], Awaitable[None]],
) -> IdempotentAnswer:
    unit = SingleUnitStore(store)
    try:
        answered = await perform(unit)
        if not answered.took_effect:
            await unit.roll_back(_NothingIsKept())
        if answered.is_final:
            async with unit.begin() as work:
                await keep(work, answered)
        await unit.commit()
    except BaseException as error:
        await unit.roll_back(error)
        raise
    return answered
