from enum import StrEnum


class MailKind(StrEnum):
    """The kind of a mail. The docstring of each member lists its values.

    A name that a mail program may turn into a link (`model.links`) is not among the values for an unverified address,
    and must not be in a subject. Use neutral words in its place.
    """

    INVITATION = "invitation"
    """An invitation into a team: `team` and `invited_by`; each may be missing."""
    ALREADY_REGISTERED = "already_registered"
    """A sign-up with this address was ignored, because it has an account: no values."""
    VERIFY_EMAIL = "verify_email"
    """A link that verifies the address: `name`, which may be missing, `token`, and its lifetime in `minutes`."""
    RESET_PASSWORD = "reset_password"  # noqa: S105  the name of a purpose, no secret
    """A link to choose a new password: `name`, which may be missing, `token`, and its lifetime in `minutes`."""
    NEW_SIGN_IN = "new_sign_in"
    """A sign-in from a new device: `happened_at`, and `device`, which may be empty."""
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  the name of a purpose, no secret
    """`happened_at`"""
    EMAIL_CHANGE_REQUESTED = "email_change_requested"
    """To the current address: `email`, the new address, which waits to be verified, and `happened_at`."""
    EMAIL_CHANGED = "email_changed"
    """To the previous address: `happened_at` and, if that was verified, `email`, the new address."""
    CARD_ADDED = "card_added"
    """`brand`, `last4`, `happened_at`"""
    CARD_REMOVED = "card_removed"
    """`brand`, `last4`, `happened_at`"""
    ACCOUNT_DEACTIVATED = "account_deactivated"
    """`happened_at`"""
    ACCOUNT_RESTORED = "account_restored"
    """`happened_at`"""
