"""The access log: one line for each request, written when it is over.

A line holds only values that the service itself made: never an email address as it was typed, a query, a header or a
body. So nothing in it can be forged, and nothing is secret. Other log lines of the same request share its id.
"""

import logging
from contextvars import ContextVar
from hashlib import sha256
from typing import Final

import attrs

ACCESS_LOGGER: Final = "accounts_http.access_log"

logger: Final = logging.getLogger(ACCESS_LOGGER)


@attrs.define(kw_only=True, eq=False)
class RequestEntry:
    """The entry of one request. `facts` are further fields by name, with values of the service's own."""

    id: str
    method: str
    client: str | None
    """The address that it came from; behind trusted proxies, the one that they forward."""
    route: str | None = None
    """The path as in the documentation, such as `/api/v1/accounts/{id}`; None for an unknown path."""
    status: int | None = None
    """The status of the answer; None if there was none."""
    seconds: float = 0.0
    user_id: int | None = None
    """The signed-in user."""
    facts: dict[str, str] = attrs.field(factory=dict)
    secrets: list[str] = attrs.field(factory=list, repr=False)
    """Secrets of the request, which are masked in every line that is logged while it is answered."""

    @property
    def log_fields(self) -> dict[str, str | int | float | None]:
        """The fields of its line, by name."""
        return {
            "method": self.method,
            "route": self.route,
            "status": self.status,
            "duration_ms": round(self.seconds * 1000, 3),
            "client": self.client,
            **self.facts,
        }

    @property
    def is_sign_in(self) -> bool:
        """Whether the request was an attempt to sign in."""
        return "way_in" in self.facts


current_request: ContextVar[RequestEntry | None] = ContextVar("current_request", default=None)


def log_entry(entry: RequestEntry) -> None:
    """Write the line of a request to the logger `accounts_http.access_log`."""
    level = logging.WARNING if entry.status is None or entry.status >= 500 else logging.INFO
    if logger.isEnabledFor(level):
        logger.log(level, "Request", extra=entry.log_fields)


def note_user(user_id: int) -> None:
    """Record the signed-in user in the entry of the current request."""
    entry = current_request.get()
    if entry is not None:
        entry.user_id = user_id


def note(**facts: str) -> None:
    """Add fields to the entry of the current request. Never pass text that a client sent."""
    entry = current_request.get()
    if entry is not None:
        entry.facts.update(facts)


def conceal(secret: str) -> None:
    """Mask this secret in every log line of the current request."""
    entry = current_request.get()
    if entry is not None:
        entry.secrets.append(secret)


def account_name(address: str) -> str:
    """Return the pseudonym of an email address in the log: attempts at the same account share it.

    With an address one can find its lines; from the lines alone, addresses can only be guessed.
    """
    return sha256(address.encode()).hexdigest()[:12]
