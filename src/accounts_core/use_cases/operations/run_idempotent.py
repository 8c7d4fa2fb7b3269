"""Idempotent requests (`Idempotency-Key`): perform what a client asks for once, however often it is sent.

The request is claimed, then performed in one unit of work that also stores its answer. So the effect and the answer are
committed together: after a crash there is either both or neither, and a repeat gets the answer or performs the request.
"""

import attrs

from accounts_core.errors import KeyReused, NeedsCommit, RequestInProgress
from accounts_core.model.idempotency import (
    CLAIMED_FOR,
    IdempotencyRecord,
    Repeat,
    compare_fingerprints,
)
from accounts_core.model.ids import ID_BYTES, UserId, prefixed_id
from accounts_core.ports.clock import Clock
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.idempotency import IdempotentAnswer, IdempotentOperation, IdempotentResult, in_single_unit
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class RunIdempotent:
    """Perform a request that came with an idempotency key."""

    _store: Store[UnitOfWork]
    _rate_limits: RateLimitPolicy
    _clock: Clock
    _secrets: Secrets

    async def __call__(
        self,
        user_id: UserId,
        *,
        scope: bytes,
        fingerprint: bytes,
        perform: IdempotentOperation,
        in_single_unit: bool = True,
    ) -> IdempotentResult:
        """Perform a request unless it was performed before, and return its answer.

        Whatever `perform` raises is raised to the caller; the claim is released, and no answer is stored. With
        `in_single_unit` its changes are rolled back as well.

        Args:
            user_id: The user who made the request. The claim is a row, so it counts as a change.
            scope: Identifies the user, the call and the idempotency key, 32 bytes.
            fingerprint: Made by `model.idempotency.fingerprint_of` from the request, to detect another request with the
                same key.
            perform: Performs the request on the store that it is given. May be called again after a conflict.
            in_single_unit: If true, every unit of work of the store that `perform` gets is one transaction with the
                answer. If false, for requests that commit on the way, `perform` gets the store itself and must be safe
                to repeat.

        Returns:
            The answer, and whether it was stored by an earlier call.

        Raises:
            NeedsCommit: The store takes part in the application's transaction, and the claim must be committed first.
            RateLimitExceeded: Too many changes by this user (`write`).
            NotFound: No such user.
            KeyReused: The key was used for another request in the last 24 hours.
            RequestInProgress: Another call is performing this request.
            AnswerTooLarge: `perform` made a final answer of more than 64 KiB.

        """
        if not self._store.commits:
            raise NeedsCommit
        await self._rate_limits.consume_write(user_id)
        request = await retry_on_conflict(self._store, lambda: self._claim(user_id, scope, fingerprint))
        if request.answer is not None:
            return IdempotentResult(answer=request.answer, is_replayed=True)
        try:
            answered = await (self._joined(request, perform) if in_single_unit else self._apart(request, perform))
        except Exception:
            await self._release(request)
            raise
        if not answered.is_final:
            await self._release(request)
        return IdempotentResult(answer=answered.answer, is_replayed=False)

    async def _claim(self, user_id: UserId, scope: bytes, fingerprint: bytes) -> IdempotencyRecord:
        """Claim the request, and return it under the new claim or as it was answered before."""
        now = self._clock.now()
        async with self._store.begin() as work:
            await work.users.get(user_id, lock=True)
            record = await work.idempotency.find(scope)
            if record is not None and record.is_kept(now=now):
                repeat = compare_fingerprints(record.fingerprint, fingerprint)
                if repeat is Repeat.ANOTHER:
                    raise KeyReused
                if repeat is Repeat.SAME and record.answer is not None:
                    return record
                if record.is_running(now=now):
                    raise RequestInProgress
            if record is not None:
                # an expired claim may be answered at this moment: then the answer stays, and `add` conflicts
                await (work.idempotency.release(record) if record.answer is None else work.idempotency.delete(record))
            request = IdempotencyRecord(
                scope=scope,
                user_id=user_id,
                fingerprint=fingerprint,
                claim=prefixed_id("clm", self._secrets.random_bytes(ID_BYTES)),
                created_at=now,
                claimed_until=now + CLAIMED_FOR,
            )
            await work.idempotency.add(request)
        return request

    async def _joined(self, request: IdempotencyRecord, perform: IdempotentOperation) -> IdempotentAnswer:
        async def keep(work: UnitOfWork, answered: IdempotentAnswer) -> None:
            await work.idempotency.answer(attrs.evolve(request, answer=answered.answer))

        return await in_single_unit(self._store, perform, keep)

    async def _apart(self, request: IdempotencyRecord, perform: IdempotentOperation) -> IdempotentAnswer:
        answered = await perform(self._store)
        if answered.is_final:

            async def keep() -> None:
                async with self._store.begin() as work:
                    await work.idempotency.answer(attrs.evolve(request, answer=answered.answer))

            await retry_on_conflict(self._store, keep)
        return answered

    async def _release(self, request: IdempotencyRecord) -> None:
        """Release the claim.

        An answer stays: it is there if the commit succeeded and only its confirmation was lost.
        """

        async def release() -> None:
            async with self._store.begin() as work:
                await work.idempotency.release(request)

        await retry_on_conflict(self._store, release)
