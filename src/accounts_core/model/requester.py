"""On whose behalf costly work is done, so that a queue for it can be fair."""

from typing import Self

import attrs

from .email_address import EmailAddress
from .rate_limits import ACCOUNT, CLIENT, client_key


@attrs.frozen(kw_only=True)
class Requester:
    """Who asks for costly work, such as a password hash.

    Attributes:
        account: The key of the email address that is named, whether or not anybody has it.
        client: What the client is counted by (`client_key`), or None where its address is not known.

    """

    account: str
    client: str | None = None

    @classmethod
    def of(cls, email: EmailAddress, client: str | None) -> Self:
        """Return the requester for a call about the account with this address, from this client address."""
        return cls(account=email.key, client=None if client is None else client_key(client))

    @property
    def keys(self) -> tuple[str, ...]:
        """What a fair queue tells requesters apart by: the account, and the client where it is known."""
        account = f"{ACCOUNT}:{self.account}"
        return (account,) if self.client is None else (account, f"{CLIENT}:{self.client}")
