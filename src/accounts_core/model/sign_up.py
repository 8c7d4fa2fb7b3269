"""Sign-ups: requests for an account that wait for the worker, or for their address to be verified.

A sign-up has an address, a profile and a password hash. It is stored if an unverified account has the address already,
and always if registration is private. The mailed link belongs to one sign-up, so it opens an account with that
sign-up's password, and never verifies the address for an account that another person opened (account pre-hijacking:
Sudhodanan and Paverd, USENIX Security 2022).
"""

from datetime import datetime, timedelta
from typing import Final, Self

import attrs

from .email_address import EmailAddress
from .ids import UserId
from .profile import ProfileFields
from .profile_data import ProfileData
from .secret_values import PasswordHash, TokenDigest
from .times import is_ahead
from .user import User

UNMAILED_FOR: Final = timedelta(days=7)
"""The time after which a sign-up whose mail was not sent expires, such as while no worker runs."""


@attrs.frozen(kw_only=True)
class SignUp(ProfileFields):
    """A request for an account. `digest` is the SHA-256 of its link's token, None until the mail is sent."""

    id: str
    email: EmailAddress
    password_hash: PasswordHash = attrs.field(repr=False)
    created_at: datetime
    expires_at: datetime
    digest: TokenDigest | None = attrs.field(default=None, repr=False)
    profile_data: ProfileData | None = None
    """The profile data, until the account is opened; None if there is none."""

    @classmethod
    def request(
        cls,
        *,
        id: str,
        email: EmailAddress,
        profile: ProfileFields,
        password_hash: PasswordHash,
        at: datetime,
        profile_data: ProfileData | None = None,
    ) -> Self:
        """Return a new sign-up whose mail is not sent yet."""
        return cls(
            id=id,
            email=email,
            **profile.profile_fields(),
            password_hash=password_hash,
            created_at=at,
            expires_at=at + UNMAILED_FOR,
            profile_data=profile_data,
        )

    def mail_link(self, digest: TokenDigest, *, expires_at: datetime) -> Self:
        """Return the sign-up with a new link, which replaces the previous one, if any."""
        return attrs.evolve(self, digest=digest, expires_at=expires_at)

    def to_user(self, *, id: UserId, at: datetime, profile_data: ProfileData | None = None) -> User:
        """Return the user of this sign-up, with an unverified address and this profile data."""
        return User.register(
            id=id,
            email=self.email,
            profile=self,
            password_hash=self.password_hash,
            at=at,
            profile_data=profile_data,
        )

    def is_live(self, *, now: datetime) -> bool:
        """Return whether the sign-up is not expired and was not created in the future."""
        return not is_ahead(self.created_at, now=now) and now < self.expires_at
