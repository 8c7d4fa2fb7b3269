"""Errors of the caller: the input, or the state of what the caller asks for."""

from collections.abc import Iterable, Mapping

from .base import ClientError


class Invalid(ClientError):
    """A value is not valid. `field` is the argument, or `value` if a text cannot be stored; `reason` is for people.

    Several values may be invalid at once, such as members of profile data: then `others` has an error for each but the
    first, and `errors` the reasons of all by field.
    """

    def __init__(self, field: str, reason: str, others: "Iterable[Invalid]" = ()) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
        self.others = tuple(others)

    @property
    def errors(self) -> Mapping[str, list[str]]:
        """The reasons by field."""
        reasons: dict[str, list[str]] = {}
        for each in (self, *self.others):
            reasons.setdefault(each.field, []).append(each.reason)
        return reasons


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

    def __init__(
        self, text: str = "Send the current password, or sign in again: this change needs a recent sign-in."
    ) -> None:
        super().__init__(text)


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
