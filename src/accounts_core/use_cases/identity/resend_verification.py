"""Send the verification email again, to a user who lost it or whose link expired."""

import attrs

from accounts_core.errors import NotFound
from accounts_core.model.ids import UserId
from accounts_core.model.jobs import VerificationMailJob
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.rate_limit_policy import RateLimitPolicy


@attrs.frozen
class ResendVerification:
    """Resend the verification email."""

    _store: Store[UnitOfWork]
    _outbox: OutboxWriter
    _rate_limits: RateLimitPolicy

    async def __call__(self, user_id: UserId, *, client: str | None = None) -> None:
        """Enqueue another verification email to the address of a user that is not verified yet.

        It goes to the pending address, or to the present one if none is pending. Nothing happens when there is no
        address to verify.

        Args:
            user_id: The user.
            client: The IP address of the client, for rate limits; None if it is not known.

        Raises:
            NotFound: No such user.
            RateLimitExceeded: Too many requests from this client, for this address or in total (`recovery`), or too
                many mails to this address (`mail`).

        """
        async with self._store.reader() as reader:
            user = await reader.users.find(user_id)
        if user is None:
            raise NotFound("user", user_id)
        if user.unverified_email is None:
            return
        await self._rate_limits.consume_recovery(user.unverified_email, client)
        await self._rate_limits.consume_mail(user.unverified_email)
        async with self._store.begin() as work:
            await self._outbox.enqueue_for_worker(work, VerificationMailJob(user=user_id))
