"""Texts of the mails, for each kind. Values are user input, cleaned and escaped on insertion."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import quote

import attrs

from accounts_core.model.links import reads_as_link
from accounts_core.ports.mailer import MailKind

VERIFY_PAGE: Final = "/verify-email"
RESET_PAGE: Final = "/reset-password"

Values = Mapping[str, str]


@attrs.frozen(kw_only=True)
class MailTemplate:
    """Text of a mail: subject, paragraphs, path of the linked page below `public_url`, and closing."""

    subject: str
    paragraphs: tuple[str, ...]
    closing: str
    page: str = attrs.field(default="", repr=False)


_NOT_YOU: Final = "If this was not you, reset your password with this link right away. That signs out every device."


def _invitation(values: Values) -> MailTemplate:
    team = values.get("team")
    inviter = values.get("invited_by")
    invites = f"{inviter} invites you" if inviter else "You are invited"
    return MailTemplate(
        subject=f"Invitation to join {team}" if team and not reads_as_link(team) else "Invitation to join a team",
        paragraphs=(
            f"{invites} to join the team {team}." if team else f"{invites} to join a team.",
            "To accept or decline, sign in with this email address, or sign up with it first:",
        ),
        closing="If you did not expect this invitation, you can ignore it.",
    )


def _already_registered(_: Values) -> MailTemplate:
    return MailTemplate(
        subject="You already have an account",
        paragraphs=(
            "Someone, perhaps you, tried to create an account with this email address.",
            "An account with this address already exists, and nothing was changed.",
            "You can sign in with it. If you have forgotten your password, reset it here:",
        ),
        closing="If this was not you, you can ignore this email.",
        page=RESET_PAGE,
    )


def _verify_email(values: Values) -> MailTemplate:
    return MailTemplate(
        subject="Confirm your email address",
        paragraphs=(
            _greeting(values),
            f"Please confirm your email address. The link works once and expires in {_span(values['minutes'])}:",
        ),
        closing="If you did not request this, you can ignore this email. Nothing changes unless the link is used.",
        page=_with_token(VERIFY_PAGE, values),
    )


def _reset_password(values: Values) -> MailTemplate:
    return MailTemplate(
        subject="Reset your password",
        paragraphs=(
            _greeting(values),
            "We received a request to reset the password of your account.",
            f"The link works once and expires in {_span(values['minutes'])}:",
        ),
        closing="If you did not request this, you can ignore this email. Your password stays the same.",
        page=_with_token(RESET_PAGE, values),
    )


def _new_sign_in(values: Values) -> MailTemplate:
    device = values.get("device")
    return _security(
        "New sign-in to your account",
        f"There was a sign-in to your account from a new device at {_moment(values)}"
        + (f": {device}" if device else "."),
    )


def _password_changed(values: Values) -> MailTemplate:
    return _security("Your password was changed", f"The password of your account was changed at {_moment(values)}.")


def _email_change_requested(values: Values) -> MailTemplate:
    return _security(
        "Request to change your email address",
        f"At {_moment(values)} a change of your account's email address to {values['email']} was requested. It takes"
        " effect when the new address is confirmed.",
    )


def _email_changed(values: Values) -> MailTemplate:
    to = f" to {values['email']}" if "email" in values else ""
    return _security(
        "Your email address was changed",
        f"The email address of your account was changed{to} at {_moment(values)}. Emails about your account no longer"
        " go to this address.",
    )


def _card_added(values: Values) -> MailTemplate:
    return _security("A card was added", f"The card {_card(values)} was added to your account at {_moment(values)}.")


def _card_removed(values: Values) -> MailTemplate:
    return _security(
        "A card was removed", f"The card {_card(values)} was removed from your account at {_moment(values)}."
    )


def _deactivated(values: Values) -> MailTemplate:
    return _security(
        "Your account was deactivated",
        f"Your account was deactivated at {_moment(values)}. No data was deleted: you can restore the account with your"
        " email address and password.",
    )


def _restored(values: Values) -> MailTemplate:
    return _security(
        "Your account was restored", f"Your account was restored at {_moment(values)}. You can use it again."
    )


def _security(subject: str, sentence: str) -> MailTemplate:
    return MailTemplate(subject=subject, paragraphs=(sentence,), closing=_NOT_YOU, page=RESET_PAGE)


TEMPLATES: Final[Mapping[MailKind, Callable[[Values], MailTemplate]]] = {
    MailKind.INVITATION: _invitation,
    MailKind.ALREADY_REGISTERED: _already_registered,
    MailKind.VERIFY_EMAIL: _verify_email,
    MailKind.RESET_PASSWORD: _reset_password,
    MailKind.NEW_SIGN_IN: _new_sign_in,
    MailKind.PASSWORD_CHANGED: _password_changed,
    MailKind.EMAIL_CHANGE_REQUESTED: _email_change_requested,
    MailKind.EMAIL_CHANGED: _email_changed,
    MailKind.CARD_ADDED: _card_added,
    MailKind.CARD_REMOVED: _card_removed,
    MailKind.ACCOUNT_DEACTIVATED: _deactivated,
    MailKind.ACCOUNT_RESTORED: _restored,
}


def _greeting(values: Values) -> str:
    return f"Hello {values['name']}," if "name" in values else "Hello,"


def _with_token(page: str, values: Values) -> str:
    # in the fragment, which browsers do not send, so that the token is in no log and no Referer
    return f"{page}#token={quote(values['token'], safe='')}"


def _span(minutes: str) -> str:
    count = int(minutes)
    return f"{count // 60} hours" if count % 60 == 0 and count > 60 else f"{count} minutes"


def _moment(values: Values) -> str:
    return f"{datetime.fromisoformat(values['happened_at']):%Y-%m-%d %H:%M} UTC"


def _card(values: Values) -> str:
    return f"{values['brand']} ending in {values['last4']}"
