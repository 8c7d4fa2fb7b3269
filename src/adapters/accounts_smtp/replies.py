"""Classification of SMTP replies: permanent failures of the recipient, and failures to retry.

| command | reply | outcome |
|---|---|---|
| connect, `EHLO`, `STARTTLS`, `AUTH`, `MAIL FROM` | any error | retry |
| `RCPT TO`, `DATA` | 4xx | retry |
| the same | 5xx with X.1.1 to X.1.4, X.1.6, X.1.10, X.2.0 to X.2.2, X.2.4, X.4.1, X.4.4 or X.6.7 | undeliverable |
| the same | 5xx with any other status, such as X.1.7 and X.1.8 (our sender), X.5 and X.7 (policy) | retry |
| `RCPT TO` | 550, 551, 553 or 556 without a status, or with X.0.0 or X.1.0 | undeliverable |
| `RCPT TO` | any other 5xx without a status, such as 552 (too many recipients) and 554 (policy) | retry |
| `DATA` | 5xx without a status, or with X.0.0 or X.1.0 | retry |
| none | the address is not ASCII, and the server has no `SMTPUTF8` | undeliverable |

An enhanced status code takes precedence, because it is more specific: a relay that rejects the client replies
`550 5.7.1`, and a mailbox that does not exist is `550 5.1.1`. Sources: RFC 5321, 4.2 and 4.3.2, RFC 3463, RFC 6531
(X.6.7), RFC 7504 (556) and RFC 7505 (X.1.10).

A server without `SMTPUTF8` never accepts such an address, so retries would dead-letter each sign-up with one.
"""

import re
from enum import Enum, auto
from typing import Final

import attrs

from accounts_core.errors import Unavailable, Undeliverable

NOT_SUPPORTED: Final = "5.6.7"
"""Non-ASCII addresses are not permitted there (RFC 6531)."""

_PERMANENT: Final = range(500, 600)
_STATUS: Final = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})(?!\S)", re.ASCII)
_RECIPIENTS: Final = frozenset(
    {"1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "2.0", "2.1", "2.2", "2.4", "4.1", "4.4", "6.7"}
)
_RECIPIENTS_CODES: Final = frozenset({550, 551, 553, 556})
_UNDEFINED: Final = frozenset({None, "0.0", "1.0"})
"""Enhanced statuses without information beyond the code."""


class Command(Enum):
    """Command that the server rejected, as far as the classification depends on it."""

    RCPT = auto()
    DATA = auto()
    OTHER = auto()


@attrs.frozen
class Reply:
    """Error reply: its code and its enhanced status code, if any, but not its text."""

    command: Command
    code: int
    status: str | None = None

    @classmethod
    def of(cls, command: Command, code: int, text: str) -> "Reply":
        """Parse the enhanced status code at the start of the text. A class that differs from the code is ignored."""
        found = _STATUS.match(text)
        if found is None or found[1] != str(code)[:1]:
            return cls(command, code)
        return cls(command, code, ".".join(str(int(part)) for part in found.groups()))

    @property
    def is_about_recipient(self) -> bool:
        """Whether the recipient is undeliverable, by the table of this module."""
        if self.command is Command.OTHER or self.code not in _PERMANENT:
            return False
        detail = None if self.status is None else self.status.partition(".")[2]
        if detail not in _UNDEFINED:
            return detail in _RECIPIENTS
        return self.command is Command.RCPT and self.code in _RECIPIENTS_CODES

    def to_error(self, what: str) -> Unavailable | Undeliverable:
        """Return the error for this refusal of a mail, or of what is done in place of one."""
        if self.is_about_recipient:
            return Undeliverable(str(self))
        return Unavailable(f"The mail server refused a mail ({what}) with {self}.")

    def __str__(self) -> str:
        return f"{self.code} {self.status}" if self.status else str(self.code)
