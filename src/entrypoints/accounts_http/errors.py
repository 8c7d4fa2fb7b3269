"""Errors of a request that no use case sees: what was sent cannot be read, or not in time.

They are mapped to statuses and problem documents in `accounts_http.problems`, like the core's errors.
"""

from collections.abc import Mapping, Sequence


class HttpError(Exception):
    """Base of the errors of HTTP itself. The text is shown to the client."""


class Malformed(HttpError):
    """The request breaks the rules of its own format."""


class NoSuchPath(HttpError):
    """There is no call at this path."""

    def __init__(self) -> None:
        super().__init__("There is nothing at this path.")


class TooLarge(HttpError):
    """The body is larger than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"A request body has at most {limit} bytes.")
        self.limit = limit


class TooSlow(HttpError):
    """The request did not arrive completely within the time limit."""

    def __init__(self) -> None:
        super().__init__("The request took too long to arrive.")


class WrongMediaType(HttpError):
    """The body is neither JSON nor a form."""

    def __init__(self) -> None:
        super().__init__("Send application/json or application/x-www-form-urlencoded, in UTF-8 and uncompressed.")


class MissingToken(HttpError):
    """The call needs an access token, and none was sent."""

    def __init__(self) -> None:
        super().__init__("Send an access token: Authorization: Bearer <token>.")


class WebhookRefused(HttpError):
    """The payment provider did not sign this event."""

    def __init__(self) -> None:
        super().__init__("The body is not an event of the payment provider, or its signature is not valid.")


class WrongFields(HttpError):
    """Fields are missing, unknown, or of the wrong type: `errors` has the reasons by field."""

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__("Some fields are missing or wrong.")
        self.errors = {field: list(reasons) for field, reasons in errors.items()}


class StillVerifying(HttpError):
    """The payment provider took longer than a client waits; the verification continues."""

    def __init__(self) -> None:
        super().__init__(
            "The payment provider is slow and the verification is still running. Repeat the request for its outcome."
        )


class NotRunning(HttpError):
    """The application that serves the accounts was not started: nobody runs its lifespan."""

    def __init__(self) -> None:
        super().__init__("The service was not started. Its log says why.")
