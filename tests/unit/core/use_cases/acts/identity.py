"""Signing up and in, passwords, sessions, and closing an account."""

from collections.abc import Mapping

from tests.customers import CUSTOMER, Customer
from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD
from tests.unit.core.use_cases.acts.stage import (
    JOHN,
    LATER,
    LINK,
    NEW,
    OLD,
    OPERATOR,
    PRIVATE,
    USER,
    Act,
    Stage,
    change_email,
    in_turn,
    sign_up_taken,
)

from accounts_core.ports.mailer import MailKind


def reset(stage: Stage) -> None:
    stage.accounts.reset_password(token=stage.last_token(), password=OTHER_PASSWORD)


def ask_for_reset(stage: Stage) -> None:
    stage.accounts.forgot_password(email=OLD)
    stage.accounts.run_due()


CHANGED = (USER, "password_changed", {"is_reset": False})
TOLD_OF_PASSWORD: tuple[MailKind, str, Mapping[str, str]] = (MailKind.PASSWORD_CHANGED, OLD, {"happened_at": LATER})


def signed_in(stage: Stage, **device: str) -> object:
    return stage.accounts.sign_in(email=OLD, password=PASSWORD, client="192.0.2.7", **device)


def session(agent: str | None, *, new_device: bool) -> Mapping[str, object]:
    return {"session_id": "<ses>", "user_agent": agent, "client": "192.0.2.7", "new_device": new_device}


IDENTITY: Mapping[str, Act] = {
    "sign up": Act(
        do=lambda s: s.accounts.register(email=NEW, password=PASSWORD, name="Jane Doe"),
        trail=[(USER, "user_registered", {"email": NEW})],
        mails=[(MailKind.VERIFY_EMAIL, NEW, LINK)],
    ),
    "sign up, by an operator": Act(
        do=lambda s: s.accounts.register(email=NEW, password=PASSWORD, name="Jane Doe", by=OPERATOR),
        trail=[(OPERATOR, "user_registered", {"email": NEW})],
        mails=[(MailKind.VERIFY_EMAIL, NEW, LINK)],
    ),
    "sign up where registration is private": Act(
        policy=PRIVATE,
        do=lambda s: s.accounts.request_account(email=NEW, password=PASSWORD, name="Jane Doe"),
        trail=[(USER, "user_registered", {"email": NEW})],
        mails=[(MailKind.VERIFY_EMAIL, NEW, LINK)],
    ),
    "sign up with an address that is verified": Act(do=sign_up_taken),
    "sign up with an address that is not verified": Act(
        is_verified=False, do=sign_up_taken, mails=[(MailKind.VERIFY_EMAIL, OLD, LINK)]
    ),
    "sign up with an address that is verified, where registration is private": Act(
        policy=PRIVATE,
        do=lambda s: s.accounts.request_account(email="JANE@example.org", password=PASSWORD, name="Jim"),
        mails=[(MailKind.ALREADY_REGISTERED, OLD, {})],
    ),
    "sign in from the known device": Act(
        sessions=3,
        prepare=signed_in,
        do=signed_in,
        trail=[(USER, "signed_in", session(None, new_device=False))],
    ),
    "sign in for the first time": Act(
        do=lambda s: s.accounts.sign_in(email=JOHN, password=PASSWORD, client="192.0.2.7", user_agent="curl/8"),
        trail=[(USER, "signed_in", session("curl/8", new_device=False))],
    ),
    "sign in from another device": Act(
        sessions=3,
        prepare=signed_in,
        do=lambda s: signed_in(s, user_agent=f"curl/8 {'x' * 200}"),
        trail=[(USER, "signed_in", session(f"curl/8 {'x' * 200}", new_device=True))],
        mails=[(MailKind.NEW_SIGN_IN, OLD, {"happened_at": LATER, "device": f"curl/8 {'x' * 113}"})],
    ),
    "sign in again from another device": Act(
        sessions=4,
        prepare=in_turn(signed_in, lambda s: signed_in(s, user_agent="curl/8")),
        do=lambda s: signed_in(s, user_agent="curl/9"),
        trail=[(USER, "signed_in", session("curl/9", new_device=False))],
    ),
    "sign in from another device, not verified": Act(
        sessions=3,
        is_verified=False,
        prepare=signed_in,
        do=lambda s: signed_in(s, user_agent="curl/8"),
        trail=[(USER, "signed_in", session("curl/8", new_device=True))],
    ),
    "sign out": Act(
        sessions=0,
        do=lambda s: s.accounts.sign_out(s.accounts.authenticate(s.token).session),
        trail=[(USER, "signed_out", {"session_id": "<ses>"})],
    ),
    "end all other sessions": Act(
        prepare=signed_in,
        do=lambda s: s.accounts.end_sessions(s.accounts.authenticate(s.token).session, current_password=PASSWORD),
        trail=[(USER, "sessions_ended", {"count": 1})],
    ),
    "end one session": Act(
        prepare=signed_in,
        do=lambda s: s.accounts.end_sessions(
            s.accounts.authenticate(s.token).session,
            s.accounts.list_sessions(s.jane.id)[0].id,
            current_password=PASSWORD,
        ),
        trail=[(USER, "sessions_ended", {"count": 1})],
    ),
    "end all sessions, by an operator": Act(
        sessions=0,
        prepare=signed_in,
        do=lambda s: s.accounts.end_all_sessions(s.jane.id),
        trail=[(OPERATOR, "sessions_ended", {"count": 2})],
    ),
    "rename": Act(
        do=lambda s: s.accounts.update_profile(s.jane.id, name="Jane Roe"),
        trail=[(USER, "user_renamed", {"name": "Jane Roe"})],
    ),
    "rename to the same": Act(do=lambda s: s.accounts.update_profile(s.jane.id, name="Jane Doe")),
    "sign up with profile data": Act(
        profile_type=CUSTOMER,
        do=lambda s: s.accounts.register(
            email=NEW, password=PASSWORD, name="Jane Doe", profile=Customer(company="Bookshop")
        ),
        trail=[(USER, "user_registered", {"email": NEW})],
        mails=[(MailKind.VERIFY_EMAIL, NEW, LINK)],
    ),
    "change the profile data": Act(
        profile_type=CUSTOMER,
        prepare=lambda s: s.accounts.update_profile(s.jane.id, profile={"company": "Bookshop"}),
        do=lambda s: s.accounts.update_profile(s.jane.id, profile={"seats": 2, "vat_id": "FR1"}),
        trail=[(USER, "profile_changed", {"members": "vat_id, seats"})],
    ),
    "change the profile data to the same": Act(
        profile_type=CUSTOMER,
        prepare=lambda s: s.accounts.update_profile(s.jane.id, profile={"company": "Bookshop"}),
        do=lambda s: s.accounts.update_profile(s.jane.id, profile={"seats": 1}),
    ),
    "change the password": Act(
        sessions=0,
        links=0,
        do=lambda s: s.accounts.update_profile(s.jane.id, new_password=OTHER_PASSWORD, current_password=PASSWORD),
        trail=[CHANGED],
        mails=[TOLD_OF_PASSWORD],
    ),
    "change the password, not verified": Act(
        sessions=0,
        links=0,
        is_verified=False,
        do=lambda s: s.accounts.update_profile(s.jane.id, new_password=OTHER_PASSWORD, current_password=PASSWORD),
        trail=[CHANGED],
    ),
    "reset the password": Act(
        sessions=0,
        links=0,
        prepare=ask_for_reset,
        do=reset,
        trail=[(USER, "password_changed", {"is_reset": True})],
        mails=[TOLD_OF_PASSWORD],
    ),
    "reset the password, not verified": Act(
        sessions=0,
        links=0,
        is_verified=False,
        prepare=ask_for_reset,
        do=reset,
        trail=[(USER, "password_changed", {"is_reset": True}), (USER, "email_verified", {"email": OLD})],
        mails=[TOLD_OF_PASSWORD],
    ),
    "reset the password while another address waits": Act(  # U05: the mail went to the present one
        sessions=0,
        links=0,
        is_verified=False,
        policy=PRIVATE,
        prepare=in_turn(change_email, ask_for_reset),
        do=reset,
        trail=[(USER, "password_changed", {"is_reset": True})],
    ),
    "ask for a reset": Act(
        links=2,
        do=lambda s: s.accounts.forgot_password(email="JANE@example.org"),
        mails=[(MailKind.RESET_PASSWORD, OLD, {**LINK, "minutes": "10"})],
    ),
    "deactivate": Act(
        sessions=0,
        links=0,
        do=lambda s: s.accounts.deactivate(s.jane.id),
        trail=[(USER, "user_deactivated", {})],
        mails=[(MailKind.ACCOUNT_DEACTIVATED, OLD, {"happened_at": LATER})],
    ),
    "deactivate, by an operator": Act(
        sessions=0,
        links=0,
        do=lambda s: s.accounts.deactivate(s.jane.id, by=OPERATOR),
        trail=[(OPERATOR, "user_deactivated", {})],
        mails=[(MailKind.ACCOUNT_DEACTIVATED, OLD, {"happened_at": LATER})],
    ),
    "deactivate, not verified": Act(
        sessions=0,
        links=0,
        is_verified=False,
        do=lambda s: s.accounts.deactivate(s.jane.id),
        trail=[(USER, "user_deactivated", {})],
    ),
    "restore": Act(
        links=0,
        prepare=lambda s: s.accounts.deactivate(s.jane.id),
        do=lambda s: s.accounts.restore(email=OLD, password=PASSWORD, client="192.0.2.7"),
        trail=[(USER, "user_restored", {}), (USER, "signed_in", session(None, new_device=False))],
        mails=[(MailKind.ACCOUNT_RESTORED, OLD, {"happened_at": LATER})],
    ),
    "restore an active account": Act(
        sessions=2,
        do=lambda s: s.accounts.restore(email=OLD, password=PASSWORD, client="192.0.2.7"),
        trail=[(USER, "signed_in", session(None, new_device=False))],
    ),
    "restore, by an operator": Act(
        sessions=0,
        links=0,
        prepare=lambda s: s.accounts.deactivate(s.jane.id),
        do=lambda s: s.accounts.reinstate(s.jane.id),
        trail=[(OPERATOR, "user_restored", {})],
        mails=[(MailKind.ACCOUNT_RESTORED, OLD, {"happened_at": LATER})],
    ),
    "unlock, by an operator": Act(
        do=lambda s: s.accounts.unlock_user(s.jane.id),
        trail=[(OPERATOR, "user_unlocked", {})],
    ),
    "restore an active account, by an operator": Act(do=lambda s: s.accounts.reinstate(s.jane.id)),
    "delete the account": Act(
        sessions=0,
        links=0,
        do=lambda s: s.accounts.delete_user(s.jane.id, password=PASSWORD),
        trail=[(USER, "user_deleted", {})],
    ),
    "delete the account, by an operator": Act(
        sessions=0, links=0, do=lambda s: s.accounts.erase_user(s.jane.id), trail=[(OPERATOR, "user_deleted", {})]
    ),
}
