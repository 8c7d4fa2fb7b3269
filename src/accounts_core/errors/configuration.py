"""Errors of the host application that uses the core."""

from .base import ConfigurationError


class WrongIdType(ConfigurationError):
    """An argument that is an id or a token has another type, such as the text "1" where a user id belongs."""


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
