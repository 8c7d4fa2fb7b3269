"""Whose user id, language and time zone a mail has."""

import pytest
from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD, Core, Environment

from accounts_core import Policy
from accounts_core.model import User, UserId
from accounts_core.ports.mailer import MailKind

GERMAN, FRENCH, NONE = ("de-AT", "Europe/Vienna"), ("fr", "Europe/Paris"), (None, None)
STRANGER = "stranger@example.org"

Told = tuple[MailKind, UserId | None, tuple[str | None, str | None]]


def mails(accounts: Core, env: Environment) -> list[Told]:
    """Return what was mailed since this was asked last: the kind, the user, the locale and the time zone."""
    while accounts.run_due().done:
        pass
    told = [(each.kind, each.user, (each.locale, each.time_zone)) for each in env.mailer.delivered]
    env.mailer.delivered.clear()
    return told


@pytest.fixture
def jane(accounts: Core, jane: User) -> User:
    return speaks(accounts, accounts.mark_email_verified(jane.id), GERMAN)


@pytest.fixture
def john(accounts: Core, john: User) -> User:
    return speaks(accounts, john, FRENCH)


def speaks(accounts: Core, user: User, language: tuple[str, str]) -> User:
    return accounts.update_profile(user.id, locale=language[0], time_zone=language[1])


def test_a_security_mail_is_in_the_language_that_the_user_has_when_it_is_sent(
    accounts: Core, env: Environment, jane: User
) -> None:
    accounts.update_profile(jane.id, new_password=OTHER_PASSWORD, current_password=PASSWORD)
    speaks(accounts, jane, FRENCH)

    assert mails(accounts, env) == [(MailKind.PASSWORD_CHANGED, jane.id, FRENCH)]


def test_a_security_mail_about_a_deleted_user_has_none(accounts: Core, env: Environment, jane: User) -> None:
    accounts.deactivate(jane.id)
    accounts.erase_user(jane.id)

    assert mails(accounts, env) == [(MailKind.ACCOUNT_DEACTIVATED, None, NONE)]


def test_a_link_to_verify_and_a_new_password_are_in_the_users_language(
    accounts: Core, env: Environment, john: User
) -> None:
    accounts.resend_verification(john.id)
    accounts.forgot_password(email=john.email)

    assert mails(accounts, env) == [
        (MailKind.VERIFY_EMAIL, john.id, FRENCH),
        (MailKind.RESET_PASSWORD, john.id, FRENCH),
    ]


def test_the_first_mail_is_in_the_language_of_the_registration(accounts: Core, env: Environment) -> None:
    user = accounts.register(email=STRANGER, password=PASSWORD, name="Eve", locale=GERMAN[0], time_zone=GERMAN[1])

    assert mails(accounts, env) == [(MailKind.VERIFY_EMAIL, user.id, GERMAN)]


def test_the_link_of_a_sign_up_is_in_the_sign_ups_language(accounts: Core, env: Environment, john: User) -> None:
    """An unverified account has the address, and another language."""
    env.accounts(Policy(private_registration=True)).request_account(
        email=john.email, password=OTHER_PASSWORD, name="Eve", locale=GERMAN[0], time_zone=GERMAN[1]
    )

    assert mails(accounts, env) == [(MailKind.VERIFY_EMAIL, None, GERMAN)]


def test_whoever_has_the_address_is_told_in_their_own_language(
    accounts: Core, env: Environment, jane: User, john: User
) -> None:
    private = env.accounts(Policy(private_registration=True))
    private.request_account(email=jane.email, password=OTHER_PASSWORD, name="Eve", locale="it")
    assert mails(private, env) == [(MailKind.ALREADY_REGISTERED, jane.id, GERMAN)]

    private.update_profile(john.id, email=jane.email, current_password=PASSWORD)
    assert mails(private, env) == [(MailKind.ALREADY_REGISTERED, jane.id, GERMAN)]


def test_an_invitation_to_a_verified_address_is_in_its_holders_language(
    accounts: Core, env: Environment, jane: User, john: User
) -> None:
    accounts.mark_email_verified(john.id)

    accounts.invite_to_team(jane.id, accounts.create_team(jane.id, name="Bookshop").team.id, email=john.email)

    assert mails(accounts, env) == [(MailKind.INVITATION, john.id, FRENCH)]


@pytest.mark.parametrize("has_account", [False, True])
def test_an_invitation_to_an_unproven_address_is_in_the_inviters_language(
    accounts: Core, env: Environment, jane: User, has_account: bool
) -> None:
    if has_account:
        accounts.register(email=STRANGER, password=PASSWORD, name="Eve", locale=FRENCH[0], time_zone=FRENCH[1])
        mails(accounts, env)

    accounts.invite_to_team(jane.id, accounts.create_team(jane.id, name="Bookshop").team.id, email=STRANGER)

    assert mails(accounts, env) == [(MailKind.INVITATION, None, GERMAN)]
