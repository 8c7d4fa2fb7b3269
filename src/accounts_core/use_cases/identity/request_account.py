"""Sign up with `Policy.private_registration`.

Nobody finds out by it whether an address has an account: the call does the same for every address, and a worker mails
the rest to the address itself (ASVS 5.0, 6.3.8).
"""

import attrs

from accounts_core.model.email_address import EmailAddress
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.retry import retry_on_conflict
from accounts_core.services.sign_up_requests import SignUpRequests


@attrs.frozen
class RequestAccount:
    """Request an account without learning whether the address has one."""

    _store: Store[UnitOfWork]
    _sign_up_requests: SignUpRequests

    async def __call__(self, *, email: EmailAddress | str, password: str, name: str, client: str | None = None) -> None:
        """Enqueue a sign-up for a worker, which opens the account, or mails the address if it has one.

        Once an address has had too many mails (`mail`), nothing is enqueued, and the call returns all the same.

        Args:
            email: The address, at most 254 characters, without a card number; its spelling is kept.
            password: The password to sign in with: at most 1,024 bytes of UTF-8, by default at least 15 characters
                (`Policy.passwords`), not a common one, and not the name, the address or a word of the product.
            name: The person's name, 1 to 200 characters on one line, without a card number.
            client: The IP address of the client, for rate limits; None if it is not known.

        Raises:
            Invalid: On `email`, `password` or `name`.
            RateLimitExceeded: Too many sign-ups from this client or in total (`sign-up`).

        """
        request = await self._sign_up_requests.check(email=email, password=password, name=name, client=client)

        async def attempt() -> None:
            async with self._store.begin() as work:
                await self._sign_up_requests.enqueue(work, request, opens=True)

        await retry_on_conflict(self._store, attempt)
