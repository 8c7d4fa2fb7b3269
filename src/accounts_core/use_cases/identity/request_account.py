"""Sign up with `Policy.private_registration`.

Nobody finds out by it whether an address has an account: the call does the same for every address, and a worker mails
the rest to the address itself (ASVS 5.0, 6.3.8).
"""

from collections.abc import Mapping
from typing import Any, Generic, Unpack

import attrs

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.profile import NewProfile
from accounts_core.model.profile_data import D
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.profile_signature import shows_profile_fields
from accounts_core.services.retry import retry_on_conflict
from accounts_core.services.sign_up_requests import SignUpRequests


@attrs.frozen
class RequestAccount(Generic[D]):
    """Request an account without learning whether the address has one."""

    _store: Store[UnitOfWork]
    _sign_up_requests: SignUpRequests[D]

    @shows_profile_fields
    async def __call__(
        self,
        *,
        email: EmailAddress | str,
        password: str,
        client: str | None = None,
        profile: D | Mapping[str, Any] | None = None,
        **fields: Unpack[NewProfile],
    ) -> None:
        """Enqueue a sign-up for a worker, which opens the account, or mails the address if it has one.

        Once an address has had too many mails (`mail`), nothing is enqueued, and the call returns all the same.

        Args:
            email: The address, at most 254 characters, without a card number; its spelling is kept.
            password: The password to sign in with: at most 1,024 bytes of UTF-8, by default at least 15 characters
                (`Policy.passwords`), not a common one, and not the name, the address or a word of the product.
            client: The IP address of the client, for rate limits; None if it is not known.
            profile: The host application's profile data: a value of its type, or a mapping with its members (a JSON
                object). None is the same as an empty mapping. At most `ProfileType.max_bytes` as JSON, without control
                characters but line breaks and tabs, and without card numbers.
            **fields: The profile fields.

        Raises:
            Invalid: On `email`, `password` or a field of the profile; on `profile` or its members, such as
                `profile.company`.
            RateLimitExceeded: Too many sign-ups from this client or in total (`sign-up`).

        """
        request = await self._sign_up_requests.check(
            email=email, password=password, fields=fields, profile=profile, client=client
        )

        async def attempt() -> None:
            async with self._store.begin() as work:
                await self._sign_up_requests.enqueue(work, request, opens=True)

        await retry_on_conflict(self._store, attempt)
