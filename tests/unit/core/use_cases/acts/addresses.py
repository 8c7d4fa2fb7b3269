"""Changing and proving an address."""

from collections.abc import Mapping

from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD
from tests.unit.core.use_cases.acts.stage import (
    IMMEDIATE,
    JOHN,
    LATER,
    LINK,
    NEW,
    OLD,
    OPERATOR,
    PRIVATE,
    USER,
    Act,
    change_email,
    in_turn,
    sign_up_taken,
)

from accounts_core.errors import Undeliverable
from accounts_core.ports.mailer import MailKind


def moved(before: str = OLD, after: str = NEW) -> Mapping[str, object]:
    return {"before": before, "after": after}


ADDRESSES: Mapping[str, Act] = {
    "change a verified address": Act(
        do=change_email,
        trail=[(USER, "email_change_requested", {"pending": NEW})],
        mails=[
            (MailKind.EMAIL_CHANGE_REQUESTED, OLD, {"happened_at": LATER, "email": NEW}),
            (MailKind.VERIFY_EMAIL, NEW, LINK),
        ],
    ),
    "change a verified address at once": Act(
        policy=IMMEDIATE,
        do=change_email,
        trail=[(USER, "email_changed", moved())],
        mails=[
            (MailKind.EMAIL_CHANGED, OLD, {"happened_at": LATER, "email": NEW}),
            (MailKind.VERIFY_EMAIL, NEW, LINK),
        ],
    ),
    "change an address that is not verified": Act(
        is_verified=False,
        do=change_email,
        trail=[(USER, "email_changed", moved())],
        mails=[(MailKind.EMAIL_CHANGED, OLD, {"happened_at": LATER}), (MailKind.VERIFY_EMAIL, NEW, LINK)],
    ),
    "change an address that is not verified, where registration is private": Act(
        is_verified=False,
        policy=PRIVATE,
        do=change_email,
        trail=[(USER, "email_change_requested", {"pending": NEW})],
        mails=[(MailKind.VERIFY_EMAIL, NEW, LINK)],
    ),
    "change the address to one that is taken, where registration is private": Act(
        links=0,
        policy=PRIVATE,
        do=lambda s: s.accounts.update_profile(s.jane.id, email="JOHN@example.org", current_password=PASSWORD),
        trail=[(USER, "email_change_requested", {"pending": "JOHN@example.org"})],
        mails=[
            (MailKind.EMAIL_CHANGE_REQUESTED, OLD, {"happened_at": LATER, "email": "JOHN@example.org"}),
            (MailKind.ALREADY_REGISTERED, JOHN, {}),
        ],
    ),
    "change only the case of the address": Act(
        do=lambda s: s.accounts.update_profile(s.jane.id, email="Jane@example.org", current_password=PASSWORD),
    ),
    "confirm another address": Act(
        links=0,
        prepare=in_turn(change_email, lambda s: s.accounts.run_due()),
        do=lambda s: s.accounts.verify_email(token=s.last_token(), user_id=s.jane.id),
        trail=[(USER, "email_changed", moved()), (USER, "email_verified", {"email": NEW})],
        mails=[(MailKind.EMAIL_CHANGED, OLD, {"happened_at": LATER, "email": NEW})],
    ),
    "confirm another address than one that is not verified": Act(
        links=0,
        is_verified=False,
        policy=PRIVATE,
        prepare=in_turn(change_email, lambda s: s.accounts.run_due()),
        do=lambda s: s.accounts.verify_email(token=s.last_token(), user_id=s.jane.id),
        trail=[(USER, "email_changed", moved()), (USER, "email_verified", {"email": NEW})],
        mails=[(MailKind.EMAIL_CHANGED, OLD, {"happened_at": LATER})],
    ),
    "confirm the address with the password": Act(
        sessions=0,
        links=0,
        is_verified=False,
        prepare=lambda s: (s.accounts.resend_verification(s.jane.id), s.accounts.run_due()),
        do=lambda s: s.accounts.verify_email(token=s.last_token(), password=PASSWORD),
        trail=[(USER, "sessions_ended", {"count": 1}), (USER, "email_verified", {"email": OLD})],
    ),
    "confirm the address with the sign-up's password": Act(
        sessions=0,
        links=0,
        is_verified=False,
        prepare=in_turn(sign_up_taken, lambda s: s.accounts.run_due()),
        do=lambda s: s.accounts.verify_email(token=s.last_token(), password=OTHER_PASSWORD),
        trail=[
            (USER, "user_deleted", {}),
            (USER, "user_registered", {"email": OLD}),
            (USER, "email_verified", {"email": OLD}),
        ],
    ),
    "verify the address, by an operator": Act(
        links=0,
        is_verified=False,
        do=lambda s: s.accounts.mark_email_verified(s.jane.id),
        trail=[(OPERATOR, "email_verified", {"email": OLD})],
    ),
    "verify another address, by an operator": Act(
        links=0,
        prepare=change_email,
        do=lambda s: s.accounts.mark_email_verified(s.jane.id),
        trail=[(OPERATOR, "email_changed", moved()), (OPERATOR, "email_verified", {"email": NEW})],
        mails=[(MailKind.EMAIL_CHANGED, OLD, {"happened_at": LATER, "email": NEW})],
    ),
    "ask for the verification again": Act(
        links=2,
        is_verified=False,
        do=lambda s: s.accounts.resend_verification(s.jane.id),
        mails=[(MailKind.VERIFY_EMAIL, OLD, LINK)],
    ),
    "ask for the verification again, verified": Act(do=lambda s: s.accounts.resend_verification(s.jane.id)),
    "a mail that cannot be delivered": Act(
        links=2,
        is_verified=False,
        prepare=lambda s: s.env.mailer.fail_next(Undeliverable("550 5.1.1")),
        do=lambda s: s.accounts.resend_verification(s.jane.id),
        trail=[(OPERATOR, "mail_undeliverable", {"purpose": "verify_email", "status": "550 5.1.1"})],
    ),
}
