"""Every error a caller of the core can meet, grouped by whose fault it is.

- `ClientError`: the caller's input or state. Saying it again changes nothing; the text may be shown.
- `InfrastructureError`: a database, a provider or a race. The same call may work later.
- `ConfigurationError`: the program that embeds the core is put together wrongly. A bug, to be fixed in code.

Adapters translate every foreign error into one of these, with `raise ... from`.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

MAX_RETRY_AFTER: Final = timedelta(days=1)
"""The longest time that anybody is told to wait; when more is left, the next attempt says so again."""


class AccountsError(Exception):
    """The base of everything that the core and its adapters raise on purpose."""


class ClientError(AccountsError):
    """What was asked cannot be done as asked."""


class InfrastructureError(AccountsError):
    """Something outside the core failed; what was asked may work later."""


class ConfigurationError(AccountsError):
    """The embedding program put the core together wrongly."""


# ---- the caller's fault


class Invalid(ClientError):
    """A value breaks a rule. `field` is the use case's argument, `reason` a sentence for a person."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class WrongPassword(Invalid):
    """The password given as proof by somebody who is signed in is not theirs."""

    def __init__(self, field: str = "password", reason: str = "This is not the current password.") -> None:
        super().__init__(field, reason)


class EmailTaken(ClientError):
    """Another user has this address."""

    def __init__(self, email: str) -> None:
        super().__init__("This email address already has an account.")
        self.email = email


class InvalidCredentials(ClientError):
    """Email and password do not belong together. Never says which of them was wrong."""

    def __init__(self) -> None:
        super().__init__("The email address or the password is wrong.")


class InvalidToken(ClientError):
    """The access token is malformed, unknown, expired, or its user is gone or deactivated."""

    def __init__(self) -> None:
        super().__init__("The access token is not valid, or no longer valid.")


class AccountDeactivated(ClientError):
    """The password is right, but the account is deactivated: restore it first."""

    def __init__(self) -> None:
        super().__init__("This account is deactivated. It can be restored with its email address and password.")


class ReauthenticationRequired(ClientError):
    """A sensitive change wants the current password, or a session signed in a moment ago."""

    def __init__(self) -> None:
        super().__init__("Send the current password, or sign in again: this change needs a recent sign-in.")


class InvalidMailToken(Invalid):
    """The token from a mail is malformed, unknown, used, expired, or was made void by what happened since."""

    def __init__(self) -> None:
        super().__init__("token", "This link is not valid, or no longer valid. Ask for another mail.")


class KeyReused(ClientError):
    """The idempotency key came before, with another request."""

    def __init__(self) -> None:
        super().__init__("This key was used for another request. A key belongs to one request and its repeats.")


class NotFound(ClientError):
    """No such thing, or none that this caller may see."""

    def __init__(self, what: str, id: object = None) -> None:
        super().__init__(f"There is no such {what}.")
        self.what = what
        self.id = id


class NotAllowed(ClientError):
    """The caller sees the thing, but may not do this to it."""


class DeletionBlocked(ClientError):
    """A host's own data, or a subscription at the payment provider, prevents the deletion; `by` names it."""

    def __init__(self, by: tuple[str, ...]) -> None:
        super().__init__(f"The account cannot be deleted while this stands: {', '.join(by)}.")
        self.by = by


class QuotaExceeded(ClientError):
    """There is as much of something as there may be: `name` says of what, `most` how much."""

    def __init__(self, name: str, most: int) -> None:
        super().__init__(f"The limit of {most} {name} is reached.")
        self.name = name
        self.most = most


class CardDeclined(ClientError):
    """The card's bank, or the provider, said no.

    `code` is the provider's reason for the failure, `decline_code` the bank's where there is one.
    """

    def __init__(self, code: str, decline_code: str | None) -> None:
        super().__init__("The card was declined.")
        self.code = code
        self.decline_code = decline_code


# ---- the world's fault


class Conflict(InfrastructureError):
    """Somebody else was first: read again, and decide again."""


class VerificationInProgress(InfrastructureError):
    """This card is being verified by another call right now."""

    def __init__(self) -> None:
        super().__init__("This card is being verified right now.")


class RequestInProgress(InfrastructureError):
    """A request with the same idempotency key is being performed right now."""

    def __init__(self) -> None:
        super().__init__("This request is being performed right now.")


class LeaseLost(InfrastructureError):
    """The claim on this job has passed to somebody else; what was done under it must not be recorded."""


class RateLimitExceeded(InfrastructureError):
    """Too many attempts; `retry_after` says how long until the next one is counted, `MAX_RETRY_AFTER` at most.

    `full` has the scopes in which no more are let through, where the adapter tells.
    """

    text = "Too many attempts."

    def __init__(self, name: str, retry_after: timedelta, full: Iterable[str] = ()) -> None:
        super().__init__(self.text)
        self.name = name
        self.retry_after = min(retry_after, MAX_RETRY_AFTER)
        self.full = frozenset(full)


class TooManyFailures(RateLimitExceeded):
    """Too many wrong passwords in a row for one account. A reset of the password by mail helps; waiting does not."""

    text = "Too many wrong passwords in a row. Reset the password by email to sign in again."


class Unavailable(InfrastructureError):
    """A database or a provider is away. Nothing was done, unless a subclass says otherwise."""


class Undeliverable(InfrastructureError):
    """The recipient of a mail cannot be reached, such as a mailbox that does not exist. Another try does not help.

    `status` is what the mail server said: a reply code and, where it gave one, an enhanced status code (RFC 3463), such
    as `550 5.1.1`. Never its text, which may quote the address.
    """

    def __init__(self, status: str) -> None:
        super().__init__(f"The recipient of a mail cannot be reached ({status}).")
        self.status = status


class AnswerMismatch(Unavailable):
    """The store answered with something else than what was asked for, such as another user.

    Whatever the two were mixed up by, a driver, a pooler or a connection that two processes share: nothing of the
    answer may be used, and the connection it came by must not be used again.
    """

    def __init__(self) -> None:
        super().__init__("The database's answer belongs to another question, so it was thrown away.")


class ProviderError(InfrastructureError):
    """The payment provider did not do what it was asked. Each subclass says what is known."""


class ProviderRefused(ProviderError):
    """Final: the provider understood and said no, for a reason that is not a decline.

    `code` is the provider's own, such as `resource_missing`; `param` the parameter that it names.
    """

    def __init__(self, code: str, param: str | None = None, details: Mapping[str, str] | None = None) -> None:
        super().__init__(f"The payment provider refused: {code}.")
        self.code = code
        self.param = param
        self.details = dict(details or {})


class CustomerInUse(ProviderRefused):
    """The provider's customer is not deleted, because `by` would be lost with it."""

    def __init__(self, by: tuple[str, ...]) -> None:
        super().__init__("customer_in_use")
        self.args = (f"The customer is not deleted while it has this at the payment provider: {', '.join(by)}.",)
        self.by = by


class ProviderBusy(ProviderError):
    """Not executed: too many requests, or the same request is still running. Ask again later."""


class ProviderAmbiguous(ProviderError):
    """The provider may or may not have done it: a lost connection, a 5xx, a cancelled task.

    Ask again with the same key, and look the thing up when the key no longer helps: when it is too old, or when
    `replays` says that the provider has kept this very failure as the key's answer.
    """

    def __init__(self, message: str = "The payment provider's answer was lost.", *, replays: bool = False) -> None:
        super().__init__(message)
        self.replays = replays


# ---- the embedding program's fault


class NeedsCommit(ConfigurationError):
    """This use case commits between provider calls, and the store rides in the host's transaction."""

    def __init__(self) -> None:
        super().__init__(
            "This use case commits between calls to the payment provider, so it cannot run inside the host's"
            " transaction: give it a store on an engine."
        )


class AnswerTooLarge(ConfigurationError):
    """The answer to a request with an idempotency key is larger than what is kept, so it could not be replayed."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"An answer to a request with an idempotency key has at most {limit} bytes.")
        self.limit = limit


class Suspended(ConfigurationError):
    """A coroutine awaited something real while it was driven without an event loop."""


class IllegalTransition(ConfigurationError):
    """A state machine was given an event that its state does not know."""

    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"{state!r} has no event {event!r}.")
        self.state = state
        self.event = event
