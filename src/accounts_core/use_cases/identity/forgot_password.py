"""Ask for a link to reset a forgotten password.

The answer is the same for every address: a worker finds out whether it has an account, so that nobody else learns it
(ASVS 5.0, 6.3.8).
"""

import attrs

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.jobs import RecoveryMailJob
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.credentials import email_of
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.rate_limit_policy import RateLimitPolicy


@attrs.frozen
class ForgotPassword:
    """Request a mail with a link to reset the password."""

    _store: Store[UnitOfWork]
    _outbox: OutboxWriter
    _rate_limits: RateLimitPolicy

    async def __call__(self, *, email: EmailAddress | str, client: str | None = None) -> None:
        """Enqueue a mail with a link to reset the password, if the address has an account.

        The mail goes to the address that is stored, not to the one that was typed. The token in its link is for
        `reset_password` and expires after `MailPolicy.reset`, 10 minutes by default.

        Args:
            email: The address of the account, at most 254 characters.
            client: The IP address of the client, for rate limits; None if it is not known.

        Raises:
            Invalid: On `email`, which is no address.
            RateLimitExceeded: Too many requests from this client, for this address or in total (`recovery`).

        """
        address = email_of(email)
        await self._rate_limits.consume_recovery(address, client)
        async with self._store.begin() as work:
            await self._outbox.enqueue_for_worker(work, RecoveryMailJob(email=address))
