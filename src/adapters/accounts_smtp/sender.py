from email.utils import getaddresses
from typing import Self

import attrs

from accounts_core.errors import Invalid
from accounts_core.model.email_address import EmailAddress
from accounts_smtp.text import for_header


@attrs.frozen
class Sender:
    """Sender of mails: address and display name."""

    email: EmailAddress
    name: str = attrs.field(default="", converter=for_header)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `jane@example.org` or `Jane Doe <jane@example.org>`. Raises `ValueError` for anything else."""
        parsed = getaddresses([text])
        if len(parsed) != 1:
            raise ValueError("This is not one email address.")
        ((name, address),) = parsed
        try:
            return cls(EmailAddress(address), name)
        except Invalid as error:
            raise ValueError(error.reason) from error

    @property
    def domain(self) -> str:
        return self.email.address.rpartition("@")[2]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else str(self.email)
