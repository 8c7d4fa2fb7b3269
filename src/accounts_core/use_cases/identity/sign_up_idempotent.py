"""Sign up under an idempotency key (`Idempotency-Key`), so that a client can repeat the request safely.

Before a sign-up there is no user whom an idempotency record could belong to, and a request that is refused must not
leave a row. So nothing is stored before the effect: the sign-up and its answer are written in one unit of work. Of two
requests at once, the second one's unit fails, and the answer of the first is found. Refusals are not kept: they follow
from the body alone, so a repeat gets the same one.

There is no access token to key an HMAC with, and keys may be guessable. So a repeated password is verified against the
slow hash that the sign-up stored; `once.HashOnce` makes that hash once for both. Because a repeat can be used to try
passwords, it counts as a sign-in.
"""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Final

import attrs

from accounts_core.errors import Conflict, EmailTaken, KeyReused, NeedsCommit
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.idempotency import IdempotencyRecord
from accounts_core.model.ids import ID_BYTES, prefixed_id
from accounts_core.model.passwords import Password
from accounts_core.model.requester import Requester
from accounts_core.model.secret_values import PasswordHash
from accounts_core.ports.clock import Clock
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.idempotency import IdempotentAnswer, IdempotentResult, in_single_unit
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict

SignUpOperation = Callable[[Store[UnitOfWork], PasswordHasher], Awaitable[IdempotentAnswer]]
"""Signs up on the store and with the hasher that it is given, and returns the answer to store."""

_DIGEST_BYTES: Final = 32


class _AnsweredMeanwhile(Exception):
    """Another call has answered the same request since the record was looked for."""


@attrs.frozen
class SignUpIdempotent:
    """Sign up under an idempotency key."""

    _store: Store[UnitOfWork]
    _passwords: PasswordHasher
    _rate_limits: RateLimitPolicy
    _clock: Clock
    _secrets: Secrets

    async def __call__(
        self,
        *,
        scope: bytes,
        email: EmailAddress,
        plain: bytes,
        password: str,
        perform: SignUpOperation,
        client: str | None = None,
    ) -> IdempotentResult:
        """Perform a sign-up under an idempotency key, or return the answer that it got before.

        What `perform` raises comes through and nothing is stored, unless the request was answered meanwhile. After a
        `Conflict` it is called again, up to ten times in all.

        Args:
            scope: 32 bytes that identify the call, the address and the key.
            email: The address to sign up.
            plain: The request without its password, in one canonical form; a repeat has the same.
            password: The password to sign up with, at most 1,024 bytes of UTF-8.
            perform: Signs up, on the store and with the hasher that it is given. Its answer is stored if `is_final`;
                `IdempotentAnswer.user_id` is the user whom it made, or None.
            client: The IP address of the client, for rate limits; None if it is not known.

        Returns:
            The answer, and whether it is a repeated one.

        Raises:
            Invalid: On `password`, which is too long or has characters that no password can have.
            KeyReused: The key was used for another request or with another password.
            RateLimitExceeded: Too many attempts from this client, for this account or in total (`sign-in`), on a
                repeat.
            NeedsCommit: The store writes in the host application's transaction.
            Conflict: The first request was answered while this one ran, and its user has been deleted since.

        """
        if not self._store.commits:
            raise NeedsCommit
        chosen, digest = Password(password), sha256(plain).digest()

        async def answer_of(kept: IdempotencyRecord) -> IdempotentResult:
            await self._rate_limits.consume_repeated_sign_up(email, client)
            is_same = kept.fingerprint[:_DIGEST_BYTES] == digest
            password_hash = PasswordHash(kept.fingerprint[_DIGEST_BYTES:].decode())
            requester = Requester.of(email, client)
            is_right = await self._passwords.verify(password_hash, chosen, requester=requester)
            if not is_right or not is_same or kept.answer is None:
                raise KeyReused
            return IdempotentResult(answer=kept.answer, is_replayed=True)

        if (kept := await self._find(scope)) is not None:
            return await answer_of(kept)

        async def keep(work: UnitOfWork, answered: IdempotentAnswer) -> None:
            now = self._clock.now()
            record = await work.idempotency.find(scope)
            if record is not None:
                if record.is_kept(now=now):
                    raise _AnsweredMeanwhile
                await work.idempotency.delete(record)
            hashed = await self._passwords.hash(chosen, requester=Requester.of(email, client))
            request = IdempotencyRecord(
                scope=scope,
                user_id=answered.user_id,
                email_key=email.key if answered.user_id is None else None,
                fingerprint=digest + hashed.reveal().encode(),
                claim=prefixed_id("clm", self._secrets.random_bytes(ID_BYTES)),
                created_at=now,
                claimed_until=now,
                answer=answered.answer,
            )
            await work.idempotency.add(request)

        async def sign_up(store: Store[UnitOfWork]) -> IdempotentAnswer:
            answered = await perform(store, self._passwords)
            if not answered.is_final:
                async with store.begin() as work:
                    if await work.idempotency.find(scope) is not None:
                        raise _AnsweredMeanwhile  # the address is taken by this very request, sent twice
            return answered

        try:
            answered = await in_single_unit(self._store, sign_up, keep)
        except (_AnsweredMeanwhile, EmailTaken, Conflict) as error:
            # the address may be taken by this very request, sent twice at once
            kept = await self._find(scope)
            if kept is None:
                if isinstance(error, _AnsweredMeanwhile):  # and its user was deleted since
                    raise Conflict("The same request was answered by another call.") from error
                raise
            return await answer_of(kept)
        return IdempotentResult(answer=answered.answer, is_replayed=False)

    async def _find(self, scope: bytes) -> IdempotencyRecord | None:
        async def find() -> IdempotencyRecord | None:
            async with self._store.begin() as work:
                kept = await work.idempotency.find(scope)
            return kept if kept is not None and kept.is_kept(now=self._clock.now()) else None

        return await retry_on_conflict(self._store, find)
