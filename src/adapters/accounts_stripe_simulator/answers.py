"""Responses of the simulator, and errors with Stripe's messages and codes."""

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
"""Headers of every response, the same as on the service's pages. A page may replace the content security policy."""


@attrs.frozen(kw_only=True)
class Response:
    """A response to a request. The names in `headers` are lower-case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = attrs.field(factory=dict)

    def json(self) -> Any:
        """Return the decoded body."""
        return json.loads(self.body)


class ConnectionLost(Exception):
    """The client gets no response and cannot know whether the request was executed."""


class Refused(Exception):
    """An error response of Stripe's.

    `executed` tells whether Stripe had begun to execute the request. Only then is the response stored under the
    idempotency key.
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
        fields = {"code": code, "message": message, "param": param, "type": type, **more}
        self.error: Json = {name: value for name, value in fields.items() if value is not None}
        if code is not None:
            self.error["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"


def missing(label: str, id: str, param: str, *, status: int) -> Refused:
    """Return the error for an unknown id.

    Args:
        label: The kind of object, as Stripe's message names it.
        id: The unknown id.
        param: The parameter that had the id.
        status: 404 for an id in the path, 400 for an id in a parameter.

    """
    return Refused(status, f"No such {label}: '{id}'", code="resource_missing", param=param)


def invalid(message: str, param: str | None = None, code: str | None = None) -> Refused:
    """Return the error for an invalid parameter. The request was not executed."""
    return Refused(400, message, code=code, param=param)


def unexpected_state(message: str, code: str, **more: object) -> Refused:
    """Return the error for an operation that the object's state does not allow."""
    return Refused(400, message, code=code, executed=True, **more)  # type: ignore[arg-type]  # named fields of the error
