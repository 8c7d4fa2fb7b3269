"""The request that is being answered: who sent it, what came of it, and what every line of the log about it says.

One line is written for each request, when it is over. It is made of what this service itself knows: never of an address
as it was typed, a query, a header or a body, so there is nothing in it to be forged or to be kept secret. What else is
logged meanwhile names the same request by its id.
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
    """What the log says of one request. `facts` are words of ours, by name."""

    id: str
    method: str
    client: str | None
    """The address that it came from; behind trusted proxies, the one that they tell."""
    route: str | None = None
    """The path as it is in the API's documentation, such as `/api/v1/accounts/{id}`; None where there is no such."""
    status: int | None = None
    """What was answered; None where nothing was."""
    seconds: float = 0.0
    user_id: int | None = None
    """Who was found to ask."""
    facts: dict[str, str] = attrs.field(factory=dict)
    secrets: list[str] = attrs.field(factory=list, repr=False)
    """What came with it and is to be kept out of every line, while it is answered."""

    @property
    def told(self) -> dict[str, str | int | float | None]:
        """What a line says of it, by name."""
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
        """Whether somebody proved who they are, or tried to."""
        return "way_in" in self.facts


current_request: ContextVar[RequestEntry | None] = ContextVar("current_request", default=None)


def log_entry(entry: RequestEntry) -> None:
    """Write the line of a request to the logger `accounts_http.access_log`."""
    level = logging.WARNING if entry.status is None or entry.status >= 500 else logging.INFO
    if logger.isEnabledFor(level):
        logger.log(level, "Request", extra=entry.told)


def asked_by(user_id: int) -> None:
    """Note who sends the request."""
    entry = current_request.get()
    if entry is not None:
        entry.user_id = user_id


def note(**facts: str) -> None:
    """Add to the line of the request. Nothing that a client typed belongs here."""
    entry = current_request.get()
    if entry is not None:
        entry.facts.update(facts)


def conceal(secret: str) -> None:
    """Keep this out of the log, whoever logs what while the request is answered."""
    entry = current_request.get()
    if entry is not None:
        entry.secrets.append(secret)


def account_name(address: str) -> str:
    """Return what stands for an email address in the log: tries at the same account have the same.

    Whoever knows an address finds its lines. Whoever has the lines can only guess at addresses, and at what somebody
    typed in the place of one.
    """
    return sha256(address.encode()).hexdigest()[:12]
