"""Sign up. The answer may say that the address has an account already.

An account whose address is not verified belongs to the person who signed up first, and a later sign-up never changes
it. The later one is mailed a link of its own (`SignUp`). Together with the password of that sign-up, the link opens an
account in place of the unverified one (`verify_email`), so neither of two people gets into the other's account.
"""

from collections.abc import Mapping
from typing import Any, Generic, Unpack

import attrs

from accounts_core.errors import Conflict, EmailTaken
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.events import Actor, UserRegistered
from accounts_core.model.jobs import VerificationMailJob
from accounts_core.model.profile import NewProfile
from accounts_core.model.profile_data import D
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.profile_signature import shows_profile_fields
from accounts_core.services.profiles import Profiles
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict
from accounts_core.services.sign_up_requests import SignUpRequest, SignUpRequests


@attrs.frozen
class Register(Generic[D]):
    """Create an account."""

    _store: Store[UnitOfWork]
    _sign_up_requests: SignUpRequests[D]
    _rate_limits: RateLimitPolicy
    _outbox: OutboxWriter
    _clock: Clock
    _profiles: Profiles[D]

    @shows_profile_fields
    async def __call__(
        self,
        *,
        email: EmailAddress | str,
        password: str,
        client: str | None = None,
        by: Actor = Actor.USER,
        profile: D | Mapping[str, Any] | None = None,
        **fields: Unpack[NewProfile],
    ) -> User[D]:
        """Create an active account and enqueue the mail that verifies its address.

        If an unverified account has the address, its mailbox is mailed a link all the same: with the link and this
        password, `verify_email` opens an account in place of that one. Once an address has had too many mails
        (`mail`), no more are sent to it, and all else is the same.

        Args:
            email: The address, at most 254 characters, without a card number; its spelling is kept.
            password: The password to sign in with: at most 1,024 bytes of UTF-8, by default at least 15 characters
                (`Policy.passwords`), not a common one, and not the name, the address or a word of the product.
            client: The IP address of the client, for rate limits; None if it is not known.
            by: Who creates the account, for the audit trail.
            profile: The host application's profile data: a value of its type, or a mapping with its members (a JSON
                object). None is the same as an empty mapping. At most `ProfileType.max_bytes` as JSON, without control
                characters but line breaks and tabs, and without card numbers.
            **fields: The profile fields.

        Returns:
            The new user, whose address is not verified.

        Raises:
            Invalid: On `email`, `password` or a field of the profile; on `profile` or its members, such as
                `profile.company`.
            EmailTaken: An account has this address, verified or not.
            RateLimitExceeded: Too many sign-ups from this client or in total (`sign-up`).
            Conflict: The store writes in the host application's transaction, and another sign-up with this address was
                committed meanwhile; begin again with a new transaction.

        """
        request = await self._sign_up_requests.check(
            email=email, password=password, fields=fields, profile=profile, client=client
        )
        await self._rate_limits.reset_free_address(self._store, request.email)

        async def attempt() -> User | None:
            try:
                return await self._enter(request, by)
            except EmailTaken as error:
                raise Conflict("Another sign-up with this address was first.") from error

        try:
            user = await retry_on_conflict(self._store, attempt)
        except Conflict as conflict:
            # the failed constraint has aborted the host application's transaction, so the host has to begin again
            if self._store.commits and isinstance(conflict.__cause__, EmailTaken):
                raise conflict.__cause__ from None
            raise
        if user is None:
            raise EmailTaken(request.email.address)
        return self._profiles.bind(user)

    async def _enter(self, request: SignUpRequest[D], by: Actor) -> User | None:
        """Add the user; return None if an account has the address."""
        async with self._store.begin() as work:
            holder = await work.users.find_by_email(request.email)
            if holder is not None:
                if holder.email_verified_at is None and holder.email.is_same_mailbox(request.email):
                    # the caller is told that the address is taken, so only the link may open the account
                    await self._sign_up_requests.enqueue(work, request, opens=False)
                return None
            now = self._clock.now()
            user = User.register(
                id=await work.users.next_id(),
                email=request.email,
                profile=request.fields,
                password_hash=request.password_hash,
                at=now,
                profile_data=self._profiles.stored(request.profile_data),
            )
            await work.users.add(user)
            work.record(UserRegistered(user_id=user.id, at=now, by=by, email=user.email, profile=request.profile))
            if request.may_mail:
                await self._outbox.enqueue_for_worker(work, VerificationMailJob(user=user.id))
        return user
