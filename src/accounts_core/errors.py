"""The errors that the core and its adapters raise, grouped by cause.

- `ClientError`: the input or the state of the caller. A retry does not help; the text may be shown to people.
- `InfrastructureError`: a database, a provider or a conflict. The same call may succeed later.
- `ConfigurationError`: the host application uses or configures the core wrongly. A bug, to be fixed in code.

Adapters translate every foreign error into one of these, with `raise ... from`.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

MAX_RETRY_AFTER: Final = timedelta(days=1)
"""Upper bound of `RateLimitExceeded.retry_after`; if more time is left, the next attempt is refused again."""


class AccountsError(Exception):
    """Base class of all errors that the core and its adapters raise on purpose."""


class ClientError(AccountsError):
    """The request cannot be carried out as it is."""


class InfrastructureError(AccountsError):
    """Something outside the core failed; the same request may succeed later."""


class ConfigurationError(AccountsError):
    """The host application uses or configures the core wrongly."""


# ---- client errors


class Invalid(ClientError):
    """A value is not valid.

    `field` is the argument of the use case, or `value` for a text that cannot be stored. `reason` is a sentence for
    people.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class WrongPassword(Invalid):
    """The current password, sent by a signed-in user for reauthentication, is wrong."""

    def __init__(self, field: str = "password", reason: str = "This is not the current password.") -> None:
        super().__init__(field, reason)


class EmailTaken(ClientError):
    """Another user has this address."""

    def __init__(self, email: str) -> None:
        super().__init__("This email address already has an account.")
        self.email = email


class InvalidCredentials(ClientError):
    """Email address and password do not match. The error does not say which of them is wrong."""

    def __init__(self) -> None:
        super().__init__("The email address or the password is wrong.")


class InvalidToken(ClientError):
    """The access token is malformed, unknown or expired, or its user is deleted or deactivated."""

    def __init__(self) -> None:
        super().__init__("The access token is invalid or has expired.")


class AccountDeactivated(ClientError):
    """The password is right, but the account is deactivated; it has to be restored first."""

    def __init__(self) -> None:
        super().__init__("This account is deactivated. It can be restored with its email address and password.")


class ReauthenticationRequired(ClientError):
    """A sensitive change requires the current password, or a session with a recent sign-in."""

    def __init__(self) -> None:
        super().__init__("Send the current password, or sign in again: this change needs a recent sign-in.")


class InvalidMailToken(Invalid):
    """The token of a mail is malformed, unknown, used, expired or revoked."""

    def __init__(self) -> None:
        super().__init__("token", "This link is invalid or has expired. Request a new mail.")


class KeyReused(ClientError):
    """The idempotency key was used before with another request."""

    def __init__(self) -> None:
        super().__init__("This idempotency key was used for another request. Use a new key for each request.")


class NotFound(ClientError):
    """The object does not exist, or the caller may not see it."""

    def __init__(self, what: str, id: object = None) -> None:
        super().__init__(f"No such {what}.")
        self.what = what
        self.id = id


class NotAllowed(ClientError):
    """The caller may see the object, but may not do this with it."""


class DeletionBlocked(ClientError):
    """Data of the host application, or a subscription at the provider, prevents the deletion; `by` names it."""

    def __init__(self, by: tuple[str, ...]) -> None:
        super().__init__(f"The account cannot be deleted while it has: {', '.join(by)}.")
        self.by = by


class QuotaExceeded(ClientError):
    """A quota is used up. `name` is the kind of object, `most` the quota."""

    def __init__(self, name: str, most: int) -> None:
        super().__init__(f"The limit of {most} {name} is reached.")
        self.name = name
        self.most = most


class CardDeclined(ClientError):
    """The card's bank, or the provider, declined the card.

    `code` is the provider's reason, `decline_code` the bank's, if it gave one.
    """

    def __init__(self, code: str, decline_code: str | None) -> None:
        super().__init__("The card was declined.")
        self.code = code
        self.decline_code = decline_code


# ---- infrastructure errors


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


# ---- configuration errors


class NeedsCommit(ConfigurationError):
    """The use case commits between provider calls, but the store takes part in the application's transaction."""

    def __init__(self) -> None:
        super().__init__(
            "This use case commits between calls to the payment provider or the mail server, so it cannot run inside"
            " the application's transaction: use a store on an engine."
        )


class AnswerTooLarge(ConfigurationError):
    """The answer to a request with an idempotency key is too large to be stored, so it could not be replayed."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"An answer to a request with an idempotency key has at most {limit} bytes.")
        self.limit = limit


class Suspended(ConfigurationError):
    """A coroutine that runs without an event loop awaited something that needs one."""


class IllegalTransition(ConfigurationError):
    """A state machine has no transition for an event in its state."""

    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"The state {state!r} has no transition for the event {event!r}.")
        self.state = state
        self.event = event
