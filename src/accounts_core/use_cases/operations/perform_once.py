"""Doing what a client asks for once, however often it asks (`Idempotency-Key`).

The request is claimed; what it asks for is done in one unit of work, and its answer is kept in that very unit. So there
is no moment at which the effect is there and the answer is not: a crash leaves both or none, and a repeat performs the
request again or finds the answer.
"""

import attrs

from accounts_core.errors import KeyReused, NeedsCommit, RequestInProgress
from accounts_core.model.idempotency import (
    CLAIMED_FOR,
    KeptRequest,
    Repeat,
    compare_fingerprints,
)
from accounts_core.model.ids import ID_BYTES, UserId, prefixed_id
from accounts_core.ports.clock import Clock
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.idempotency import Answered, Perform, Performed, in_one_unit
from accounts_core.services.retry import settle


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

        `scope` (32 bytes) names the user's call and its key; `fingerprint`, as `model.idempotency` makes it, tells
        another request with the same key apart. With `in_one_unit`, `perform` gets a store whose units are all one with
        the answer's; without it, for what commits on its way, the store itself, and has to be able to do the same
        twice.

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
                repeat = compare_fingerprints(known.fingerprint, fingerprint)
                if repeat is Repeat.ANOTHER:
                    raise KeyReused
                if repeat is Repeat.SAME and known.answer is not None:
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
        async def keep(work: UnitOfWork, answered: Answered) -> None:
            await work.kept_requests.answer(attrs.evolve(request, answer=answered.answer))

        return await in_one_unit(self._store, perform, keep)

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
