"""Sign-ups: requests for an account that wait, for the worker or for proof of the address.

Whoever signs up with an address that an unverified account has already, and everybody where registration is private,
leaves a sign-up: address, name and password hash. The link that is mailed for it belongs to this sign-up alone, so it
opens an account with the password that came with it, and never proves the address for somebody else's (account
pre-hijacking: Sudhodanan and Paverd, USENIX Security 2022).
"""

from datetime import datetime, timedelta
from typing import Final, Self

import attrs

from .email_address import EmailAddress
from .ids import UserId
from .times import is_ahead
from .user import User

UNMAILED_FOR: Final = timedelta(days=7)
"""How long a sign-up waits for its mail to be sent; a worker that was down for longer finds it gone."""


@attrs.frozen(kw_only=True)
class SignUp:
    """A request for an account. `digest` is the SHA-256 of its link's token, None until the mail is sent."""

    id: str
    email: EmailAddress
    name: str
    password_hash: str = attrs.field(repr=False)
    created_at: datetime
    expires_at: datetime
    digest: bytes | None = attrs.field(default=None, repr=False)

    @classmethod
    def request(cls, *, id: str, email: EmailAddress, name: str, password_hash: str, at: datetime) -> Self:
        """Return a new sign-up whose mail was not sent yet."""
        return cls(
            id=id, email=email, name=name, password_hash=password_hash, created_at=at, expires_at=at + UNMAILED_FOR
        )

    def mail_link(self, digest: bytes, *, expires_at: datetime) -> Self:
        """Return the sign-up with a new link, in place of the one before, if any."""
        return attrs.evolve(self, digest=digest, expires_at=expires_at)

    def to_user(self, *, id: UserId, at: datetime) -> User:
        """Return the user whom this sign-up asks for, with an address that is not verified."""
        return User.register(id=id, email=self.email, name=self.name, password_hash=self.password_hash, at=at)

    def is_live(self, *, now: datetime) -> bool:
        """Return whether the link, or the wait for it, is not over."""
        return not is_ahead(self.created_at, now=now) and now < self.expires_at
