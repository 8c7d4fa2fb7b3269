from enum import StrEnum


class MailKind(StrEnum):
    """What a notice is about, and the values that go with it.

    A name that a mail program may turn into a link (`model.links`) is not among the values for an address that was not
    proven to be the person's, and belongs into no subject. Say it in neutral words then.
    """

    INVITATION = "invitation"
    """Somebody is invited to a team: `team` and `invited_by`; each may be missing."""
    ALREADY_REGISTERED = "already_registered"
    """Somebody signed up with this address, which has an account: nothing came of it."""
    VERIFY_EMAIL = "verify_email"
    """The address has to be proven: `name`, which may be missing, `token`, and `minutes` that it lives."""
    RESET_PASSWORD = "reset_password"  # noqa: S105  the name of a purpose, no secret
    """A new password can be chosen: `name`, which may be missing, `token`, and `minutes` that it lives."""
    NEW_SIGN_IN = "new_sign_in"
    """A sign-in from a device that was not seen before: `happened_at`, and `device`, which may be empty."""
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  the name of a purpose, no secret
    """`happened_at`"""
    EMAIL_CHANGE_REQUESTED = "email_change_requested"
    """To the present address: `email` will take its place once it is verified; `happened_at`."""
    EMAIL_CHANGED = "email_changed"
    """To the address before: `happened_at` and, where it was verified, `email`, which is the account's now."""
    CARD_ADDED = "card_added"
    """`brand`, `last4`, `happened_at`"""
    CARD_REMOVED = "card_removed"
    """`brand`, `last4`, `happened_at`"""
    ACCOUNT_DEACTIVATED = "account_deactivated"
    """`happened_at`"""
    ACCOUNT_RESTORED = "account_restored"
    """`happened_at`"""
