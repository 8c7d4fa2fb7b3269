"""The requester of expensive work, by which a queue for it is fair."""

from typing import Self

import attrs

from .email_address import EmailAddress
from .rate_limits import ACCOUNT, CLIENT, client_key


@attrs.frozen(kw_only=True)
class Requester:
    """The account and the client of a request for expensive work, such as a password hash.

    Attributes:
        account: The key of the email address in the request, whether or not it has an account.
        client: The client's `client_key`; None if its address is not known.

    """

    account: str
    client: str | None = None

    @classmethod
    def of(cls, email: EmailAddress, client: str | None) -> Self:
        """Return the requester of a call for the account with this address, from this client address."""
        return cls(account=email.key, client=None if client is None else client_key(client))

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys for a fair queue: the account, and the client if it is known."""
        account = f"{ACCOUNT}:{self.account}"
        return (account,) if self.client is None else (account, f"{CLIENT}:{self.client}")
