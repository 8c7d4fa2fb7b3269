from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import attrs

from accounts_core.errors import AnswerTooLarge, Conflict
from accounts_core.model.idempotency import (
    MAX_ANSWER_BYTES,
)
from accounts_core.model.ids import UserId
from accounts_core.ports.store import Store, UnitOfWork, Views

ATTEMPTS: Final = 10


@attrs.frozen(kw_only=True)
class Answered:
    """What came of a request. `is_final`: a repeat gets the same. `took_effect`: what was written is to be kept.

    `user_id` is the user whom a sign-up made. Raises `AnswerTooLarge` for a final answer of more than
    `MAX_ANSWER_BYTES`: it could not be kept, and so must not take effect.
    """

    answer: bytes = attrs.field(repr=False)
    is_final: bool
    took_effect: bool
    user_id: UserId | None = None

    def __attrs_post_init__(self) -> None:
        if self.is_final and len(self.answer) > MAX_ANSWER_BYTES:
            raise AnswerTooLarge(MAX_ANSWER_BYTES)


@attrs.frozen(kw_only=True)
class Performed:
    """The answer for the client; `is_replayed` when it was given before."""

    answer: bytes = attrs.field(repr=False)
    is_replayed: bool


Perform = Callable[[Store[UnitOfWork]], Awaitable[Answered]]
"""Does what is asked for, on the store it is given."""


class OneUnit:
    """A store whose units are all one, opened when the first is, so that reading and hashing before it hold no lock."""

    commits = False

    def __init__(self, store: Store[UnitOfWork]) -> None:
        self._store = store
        self._opened: tuple[AbstractAsyncContextManager[UnitOfWork], UnitOfWork] | None = None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[UnitOfWork]:
        """Give the one unit. Leaving it ends nothing."""
        if self._opened is None:
            unit = self._store.begin()
            self._opened = unit, await unit.__aenter__()
        yield self._opened[1]

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Views]:
        """Read within the unit once it is open."""
        if self._opened is not None:
            yield self._opened[1]
            return
        async with self._store.read() as views:
            yield views

    async def commit(self) -> None:
        """End the unit, if it was opened. Raises what the store does."""
        if self._opened is not None:
            unit, self._opened = self._opened[0], None
            await unit.__aexit__(None, None, None)

    async def roll_back(self, because: BaseException) -> None:
        """End the unit, if it is open, and leave nothing of it."""
        if self._opened is not None:
            unit, self._opened = self._opened[0], None
            await unit.__aexit__(type(because), because, because.__traceback__)


class _NothingIsKept(Exception):
    pass


async def in_one_unit(
    store: Store[UnitOfWork], perform: Perform, keep: Callable[[UnitOfWork, Answered], Awaitable[None]]
) -> Answered:
    """Perform a request in one unit of work with `keep`, which stores a final answer.

    Runs again, as a whole, after a `Conflict`, a bounded number of times. Raises what `perform`, `keep` and the store
    do; then nothing was written.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return await _in_one_unit(store, perform, keep)
        except Conflict:
            continue
    return await _in_one_unit(store, perform, keep)


async def _in_one_unit(
    store: Store[UnitOfWork], perform: Perform, keep: Callable[[UnitOfWork, Answered], Awaitable[None]]
) -> Answered:
    unit = OneUnit(store)
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
