"""Shared by all ways to sign up: validate the input, and store a sign-up until its mail is sent."""

import attrs

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.jobs import SignUpJob
from accounts_core.model.passwords import Password
from accounts_core.model.policy import Policy
from accounts_core.model.profile import NewProfile, ProfileFields
from accounts_core.model.requester import Requester
from accounts_core.model.secret_values import PasswordHash
from accounts_core.model.sign_up import SignUp
from accounts_core.ports.clock import Clock
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.store import UnitOfWork
from accounts_core.services.credentials import new_email_of
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.rate_limit_policy import RateLimitPolicy


@attrs.frozen(kw_only=True)
class SignUpRequest:
    """A validated sign-up, with the password hashed."""

    email: EmailAddress
    profile: ProfileFields
    password_hash: PasswordHash
    may_mail: bool
    """Whether the address gets a mail now, or had too many."""


@attrs.frozen
class SignUpRequests:
    """Validates sign-ups and enqueues them for the worker."""

    _passwords: PasswordHasher
    _rate_limits: RateLimitPolicy
    _policy: Policy
    _outbox: OutboxWriter
    _clock: Clock

    async def check(
        self, *, email: EmailAddress | str, password: str, profile: NewProfile, client: str | None
    ) -> SignUpRequest:
        """Validate a sign-up, count it, and hash its password.

        Args:
            email: The address.
            password: The password as typed.
            profile: The profile as typed.
            client: IP address of the caller, None if unknown.

        Returns:
            The validated sign-up.

        Raises:
            Invalid: On `email`, `password` or a field of the profile.
            RateLimitExceeded: Too many sign-ups from this address, or by everybody together.
            Unavailable: Too many passwords are being hashed.

        """
        address = new_email_of(email)
        chosen = Password(password)
        checked = ProfileFields.check(profile)
        self._policy.passwords.check(chosen, *checked.profile_texts, address.address)
        await self._rate_limits.consume_sign_up(client)
        password_hash = await self._passwords.hash(chosen, requester=Requester.of(address, client))
        may_mail = await self._rate_limits.try_consume_mail(address)
        return SignUpRequest(email=address, profile=checked, password_hash=password_hash, may_mail=may_mail)

    async def enqueue(self, work: UnitOfWork, request: SignUpRequest, *, opens: bool) -> None:
        """Store a sign-up for the worker, unless the address had too many mails.

        `opens` says whether the worker opens the account at once if no account has the address by then.
        """
        if not request.may_mail:
            return
        sign_up = SignUp.request(
            id=self._outbox.new_id("sgn"),
            email=request.email,
            profile=request.profile,
            password_hash=request.password_hash,
            at=self._clock.now(),
        )
        await work.sign_ups.add(sign_up)
        await self._outbox.enqueue_for_worker(work, SignUpJob(sign_up=sign_up.id, opens=opens))
