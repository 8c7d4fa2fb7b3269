"""Doing what a client asks for once, however often it asks (`Idempotency-Key`).

The request is claimed; what it asks for is done in one unit of work, and its answer is kept in that very unit. So there
is no moment at which the effect is there and the answer is not: a crash leaves both or none, and a repeat performs the
request again or finds the answer.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import attrs

from accounts_core.errors import Conflict, KeyReused, NeedsCommit, RequestInProgress
from accounts_core.model.idempotency import CLAIMED_FOR, KeptRequest
from accounts_core.model.ids import ID_BYTES, UserId, prefixed_id
from accounts_core.ports.clock import Clock
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork, Views
from accounts_core.use_cases.attempts import Attempts
from accounts_core.use_cases.retrying import settle

ATTEMPTS: Final = 10


@attrs.frozen(kw_only=True)
class Answered:
    """What came of a request. `is_final`: a repeat gets the same. `took_effect`: what was written is to be kept."""

    answer: bytes = attrs.field(repr=False)
    is_final: bool
    took_effect: bool


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


@attrs.frozen
class PerformOnce:
    """Performs a request that came with a key."""

    _store: Store[UnitOfWork]
    _attempts: Attempts
    _clock: Clock
    _secrets: Secrets

    async def __call__(
        self, user_id: UserId, *, scope: bytes, fingerprint: bytes, perform: Perform, in_one_unit: bool = True
    ) -> Performed:
        """Perform the request unless it was, and return its answer.

        `scope` (32 bytes) names the user's call and its key, `fingerprint` (32 bytes) tells another request with the
        same key apart. With `in_one_unit`, `perform` gets a store whose units are all one with the answer's; without
        it, for what commits on its way, the store itself, and has to be able to do the same twice.

        The claim, which is a row, counts as a write. Raises `LimitExceeded`, `KeyReused`, `RequestInProgress`,
        `NeedsCommit` on a store that rides in a host's transaction, and what
        `perform` raises; then nothing is kept, neither effect nor answer.
        """
        if not self._store.commits:
            raise NeedsCommit
        await self._attempts.write(user_id)
        request = await settle(self._store, lambda: self._claim(user_id, scope, fingerprint))
        if request.answer is not None:
            return Performed(answer=request.answer, is_replayed=True)
        try:
            answered = await (self._joined(request, perform) if in_one_unit else self._apart(request, perform))
        except Exception:
            await self._let_go(request)
            raise
        if not answered.is_final:
            await self._let_go(request)
        return Performed(answer=answered.answer, is_replayed=False)

    async def _claim(self, user_id: UserId, scope: bytes, fingerprint: bytes) -> KeptRequest:
        """Return the request under a claim of its own, or as it was answered."""
        now = self._clock.now()
        async with self._store.begin() as work:
            await work.users.get(user_id, lock=True)
            known = await work.kept_requests.find(scope)
            if known is not None and known.is_kept(now=now):
                if known.fingerprint != fingerprint:
                    raise KeyReused
                if known.answer is not None:
                    return known
                if known.is_running(now=now):
                    raise RequestInProgress
            if known is not None:
                # of a claim that ran out the answer may come in this moment: then it stays, and adding fails
                await (work.kept_requests.let_go(known) if known.answer is None else work.kept_requests.remove(known))
            request = KeptRequest(
                scope=scope,
                user_id=user_id,
                fingerprint=fingerprint,
                claim=prefixed_id("clm", self._secrets.random_bytes(ID_BYTES)),
                created_at=now,
                claimed_until=now + CLAIMED_FOR,
            )
            await work.kept_requests.add(request)
        return request

    async def _joined(self, request: KeptRequest, perform: Perform) -> Answered:
        for attempt in range(ATTEMPTS):
            unit = OneUnit(self._store)
            try:
                answered = await perform(unit)
                if not answered.took_effect:
                    await unit.roll_back(_NothingIsKept())
                if answered.is_final:
                    async with unit.begin() as work:
                        await work.kept_requests.answer(attrs.evolve(request, answer=answered.answer))
                await unit.commit()
            except Conflict as conflict:
                await unit.roll_back(conflict)
                if attempt == ATTEMPTS - 1:
                    raise
            except BaseException as error:
                await unit.roll_back(error)
                raise
            else:
                return answered
        raise AssertionError

    async def _apart(self, request: KeptRequest, perform: Perform) -> Answered:
        answered = await perform(self._store)
        if answered.is_final:

            async def keep() -> None:
                async with self._store.begin() as work:
                    await work.kept_requests.answer(attrs.evolve(request, answer=answered.answer))

            await settle(self._store, keep)
        return answered

    async def _let_go(self, request: KeptRequest) -> None:
        """Give up the claim. The answer is there all the same when only word of its commit was lost: then it stays."""

        async def let_go() -> None:
            async with self._store.begin() as work:
                await work.kept_requests.let_go(request)

        await settle(self._store, let_go)
