"""What can be wrong with a request before any use case is asked."""

from collections.abc import Mapping, Sequence


class EdgeError(Exception):
    """The request cannot be understood, or not as it was sent. The text may be shown."""


class Malformed(EdgeError):
    """The request breaks the rules of its own format."""


class TooLarge(EdgeError):
    """The body is larger than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"A request body has at most {limit} bytes.")
        self.limit = limit


class TooSlow(EdgeError):
    """The request did not arrive whole in the time that one may take."""

    def __init__(self) -> None:
        super().__init__("The request took too long to arrive.")


class WrongMediaType(EdgeError):
    """The body is neither JSON nor a form."""

    def __init__(self) -> None:
        super().__init__("Send application/json or application/x-www-form-urlencoded, in UTF-8, not compressed.")


class MissingToken(EdgeError):
    """The call needs an access token, and none was sent."""

    def __init__(self) -> None:
        super().__init__("Send an access token: Authorization: Bearer <token>.")


class WebhookRefused(EdgeError):
    """Nobody knows that this came from the payment provider, or what it says."""

    def __init__(self) -> None:
        super().__init__("This is no event of the payment provider's, or its signature does not fit.")


class WrongFields(EdgeError):
    """Fields are missing, unknown, or of the wrong type: `errors` has the reasons by field."""

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__("Some fields are missing or wrong.")
        self.errors = {field: list(reasons) for field, reasons in errors.items()}


class StillVerifying(EdgeError):
    """The payment provider took longer than a client is made to wait; the verification goes on."""

    def __init__(self) -> None:
        super().__init__("The payment provider is slow. The verification goes on: ask again for its outcome.")
