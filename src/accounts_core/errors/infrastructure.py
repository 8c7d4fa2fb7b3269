"""Errors of a database, a provider or a mail server, and conflicts with other requests."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from .base import InfrastructureError

MAX_RETRY_AFTER: Final = timedelta(days=1)
"""Upper bound of `RateLimitExceeded.retry_after`; if more time is left, the next attempt is refused again."""


class Conflict(InfrastructureError):
    """A concurrent transaction changed the same data first. Retry from the first read."""


class StillReferenced(Conflict):
    """A row of the application refers to what was to be deleted. If a retry fails too, `OwnedData` is missing."""


class VerificationInProgress(InfrastructureError):
    """Another call is verifying this card at the moment."""

    def __init__(self) -> None:
        super().__init__("This card is being verified by another request. Try again later.")


class RequestInProgress(InfrastructureError):
    """A request with the same idempotency key is in progress."""

    def __init__(self) -> None:
        super().__init__("A request with this idempotency key is in progress. Try again later.")


class LeaseLost(InfrastructureError):
    """The lease of the job has ended or is held by another worker; the result of the job must not be stored."""


class RateLimitExceeded(InfrastructureError):
    """A rate limit is used up. `retry_after` is the time until the next attempt is allowed, at most `MAX_RETRY_AFTER`.

    `full` has the scopes whose limit is used up, if the adapter reports them.
    """

    text = "Too many attempts."

    def __init__(self, name: str, retry_after: timedelta, full: Iterable[str] = ()) -> None:
        super().__init__(self.text)
        self.name = name
        self.retry_after = min(retry_after, MAX_RETRY_AFTER)
        self.full = frozenset(full)


class TooManyFailures(RateLimitExceeded):
    """Too many wrong passwords in a row for one account. Waiting does not help; a password reset by mail does."""

    text = "Too many wrong passwords in a row. Reset the password by email to sign in again."


class Unavailable(InfrastructureError):
    """A database or a provider cannot be reached. Nothing was done, unless a subclass says otherwise."""


class Undeliverable(InfrastructureError):
    """The recipient of a mail cannot be reached, such as a mailbox that does not exist. A retry does not help.

    `status` is the reply code of the mail server and its enhanced status code (RFC 3463), if any, such as `550 5.1.1`.
    It never has the server's text, which may quote the address.
    """

    def __init__(self, status: str) -> None:
        super().__init__(f"The recipient of a mail cannot be reached ({status}).")
        self.status = status


class AnswerMismatch(Unavailable):
    """The store returned other rows than the requested ones, such as another user's.

    The cause may be a driver, a pooler or a connection that two processes share. The answer must not be used, and
    neither must the connection.
    """

    def __init__(self) -> None:
        super().__init__("The database's answer belongs to another query and was discarded.")


class ProviderError(InfrastructureError):
    """A call to the payment provider failed. The subclasses say whether it was executed."""


class ProviderRefused(ProviderError):
    """The provider rejected the request for a reason that is not a decline. A retry does not help.

    `code` is the provider's code, such as `resource_missing`; `param` the parameter that it names.
    """

    def __init__(self, code: str, param: str | None = None, details: Mapping[str, str] | None = None) -> None:
        super().__init__(f"The payment provider refused: {code}.")
        self.code = code
        self.param = param
        self.details = dict(details or {})


class CustomerInUse(ProviderRefused):
    """The provider's customer is not deleted, because the objects in `by` would be deleted with it."""

    def __init__(self, by: tuple[str, ...]) -> None:
        super().__init__("customer_in_use")
        self.args = (f"The customer is not deleted while it has these at the payment provider: {', '.join(by)}.",)
        self.by = by


class ProviderBusy(ProviderError):
    """The request was not executed: too many requests, or the same request is in progress. Retry later."""


class ProviderAmbiguous(ProviderError):
    """The request may or may not have been executed: a lost connection, a 5xx, a cancelled task.

    Retry with the same key. Look the object up instead if the key is too old, or if `replays` says that the provider
    has stored this failure as the key's answer.
    """

    def __init__(self, message: str = "The payment provider's answer was lost.", *, replays: bool = False) -> None:
        super().__init__(message)
        self.replays = replays
