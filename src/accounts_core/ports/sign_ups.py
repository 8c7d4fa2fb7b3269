"""Port: sign-ups that wait for the worker, or for their address to be confirmed.

Called by registration, confirmation, the mailer and cleanup. Sign-ups of one address are independent of each other, and
of the account that has the address.
"""

from typing import Protocol

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.secret_values import TokenDigest
from accounts_core.model.sign_up import SignUp


class SignUps(Protocol):
    """The sign-ups in one transaction."""

    async def add(self, sign_up: SignUp) -> None:
        """Add a sign-up.

        Raises:
            Conflict: Here or at commit: the id or the digest is taken.

        """
        ...

    async def find(self, id: str) -> SignUp | None:
        """Return the sign-up with this id, expired or not, or None."""
        ...

    async def find_by_digest(self, digest: TokenDigest) -> SignUp | None:
        """Return the sign-up whose link has the token with this SHA-256 digest, expired or not, or None."""
        ...

    async def save(self, sign_up: SignUp) -> None:
        """Store a sign-up's digest and expiry.

        Raises:
            Conflict: Here or at commit: the sign-up is gone, or the digest is taken.

        """
        ...

    async def delete(self, id: str) -> None:
        """Delete a sign-up; one that is gone is skipped."""
        ...

    async def delete_for_email(self, email: EmailAddress) -> None:
        """Delete every sign-up with this address, compared by `EmailAddress.key`."""
        ...
