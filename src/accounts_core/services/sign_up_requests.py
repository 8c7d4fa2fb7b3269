"""Shared by all ways to sign up: validate the input, and store a sign-up until its mail is sent."""

from collections.abc import Mapping
from typing import Any, Generic

import attrs

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.jobs import SignUpJob
from accounts_core.model.passwords import Password
from accounts_core.model.policy import Policy
from accounts_core.model.profile import NewProfile, ProfileFields
from accounts_core.model.profile_data import D, ProfileData
from accounts_core.model.requester import Requester
from accounts_core.model.secret_values import PasswordHash
from accounts_core.model.sign_up import SignUp
from accounts_core.ports.clock import Clock
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.store import UnitOfWork
from accounts_core.services.credentials import new_email_of
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.profiles import Profiles
from accounts_core.services.rate_limit_policy import RateLimitPolicy


@attrs.frozen(kw_only=True)
class SignUpRequest(Generic[D]):
    """A validated sign-up, with the password hashed."""

    email: EmailAddress
    fields: ProfileFields
    profile: D | None
    """The profile data in the host application's type; None without a type."""
    profile_data: ProfileData | None
    password_hash: PasswordHash
    may_mail: bool
    """Whether the address gets a mail now, or had too many."""


@attrs.frozen
class SignUpRequests(Generic[D]):
    """Validates sign-ups and enqueues them for the worker."""

    _passwords: PasswordHasher
    _rate_limits: RateLimitPolicy
    _policy: Policy
    _outbox: OutboxWriter
    _clock: Clock
    _profiles: Profiles[D]

    async def check(
        self,
        *,
        email: EmailAddress | str,
        password: str,
        fields: NewProfile,
        profile: D | Mapping[str, Any] | None,
        client: str | None,
    ) -> SignUpRequest[D]:
        """Validate a sign-up, count it, and hash its password.

        Args:
            email: The address.
            password: The password as typed.
            fields: The profile fields as typed.
            profile: The profile data as typed.
            client: IP address of the caller, None if unknown.

        Returns:
            The validated sign-up.

        Raises:
            Invalid: On `email`, `password` or a field of the profile, or `profile`.
            RateLimitExceeded: Too many sign-ups from this address, or by everybody together.
            Unavailable: Too many passwords are being hashed.

        """
        address = new_email_of(email)
        chosen = Password(password)
        checked, new = ProfileFields.check(fields), self._profiles.check_new(profile)
        self._policy.passwords.check(chosen, *checked.profile_texts, address.address)
        await self._rate_limits.consume_sign_up(client)
        password_hash = await self._passwords.hash(chosen, requester=Requester.of(address, client))
        may_mail = await self._rate_limits.try_consume_mail(address)
        return SignUpRequest(
            email=address,
            fields=checked,
            profile=None if new is None else new.value,
            profile_data=None if new is None else new.data,
            password_hash=password_hash,
            may_mail=may_mail,
        )

    async def enqueue(self, work: UnitOfWork, request: SignUpRequest[D], *, opens: bool) -> None:
        """Store a sign-up for the worker, unless the address had too many mails.

        `opens` says whether the worker opens the account at once if no account has the address by then.
        """
        if not request.may_mail:
            return
        sign_up = SignUp.request(
            id=self._outbox.new_id("sgn"),
            email=request.email,
            profile=request.fields,
            password_hash=request.password_hash,
            at=self._clock.now(),
            profile_data=request.profile_data,
        )
        await work.sign_ups.add(sign_up)
        await self._outbox.enqueue_for_worker(work, SignUpJob(sign_up=sign_up.id, opens=opens))
