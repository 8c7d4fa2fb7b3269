"""What the simulator answers: responses, and refusals in Stripe's words."""

import json
from collections.abc import Mapping
from typing import Any, Final

import attrs

from accounts_stripe_simulator.state import Json

PROTECTIVE_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""On every answer, as the service's own pages have them; a page says what else its policy allows."""


@attrs.frozen(kw_only=True)
class Response:
    """An answer to a request. `headers` have lower-case names."""

    status: int
    body: bytes
    headers: Mapping[str, str] = attrs.field(factory=dict)

    def json(self) -> Any:
        """Return the body, decoded."""
        return json.loads(self.body)


class ConnectionLost(Exception):
    """The client gets no answer. It cannot know whether the request was executed."""


class Refused(Exception):
    """Stripe's no, as the client sees it.

    `executed` says whether Stripe had begun: only then does the idempotency key keep the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        type: str = "invalid_request_error",
        executed: bool = False,
        **more: object,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.executed = executed
        given = {"code": code, "message": message, "param": param, "type": type, **more}
        self.error: Json = {name: value for name, value in given.items() if value is not None}
        if code is not None:
            self.error["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"


def missing(what: str, id: str, param: str, *, status: int) -> Refused:
    """Return the refusal for an id that nothing has: 404 where it is in the path, 400 where it is a parameter."""
    return Refused(status, f"No such {what}: '{id}'", code="resource_missing", param=param)


def invalid(message: str, param: str | None = None, code: str | None = None) -> Refused:
    """Return the refusal of a parameter, before anything was begun."""
    return Refused(400, message, code=code, param=param)


def unexpected_state(message: str, code: str, **more: object) -> Refused:
    """Return the refusal of something that the object's state does not allow."""
    return Refused(400, message, code=code, executed=True, **more)  # type: ignore[arg-type]  # named fields of the error
