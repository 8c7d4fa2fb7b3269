import pytest

from accounts_core.errors import AccountDeactivated, InvalidCredentials, InvalidMailToken

PASSWORD = "correct horse battery staple"


def test_sign_up_sends_a_mail_whose_link_verifies(accounts, mailbox):
    accounts.register(email="jane@example.org", password=PASSWORD, name="Jane")

    assert mailbox.read("jane@example.org").click(PASSWORD).is_email_verified


def test_sign_in(accounts, make_user):
    jane = make_user()

    token = accounts.sign_in(email=jane.email, password=jane.password).token

    assert accounts.authenticate(token).user == jane.user


def test_a_wrong_password(accounts, make_user):
    with pytest.raises(InvalidCredentials):
        accounts.sign_in(email=make_user().email, password="an entirely different one")


def test_a_new_password_by_mail(accounts, make_user, mailbox):
    jane = make_user()
    accounts.forgot_password(email=jane.email)

    mailbox.read(jane.email).click("an entirely different one")

    accounts.sign_in(email=jane.email, password="an entirely different one")
    with pytest.raises(InvalidCredentials):
        accounts.sign_in(email=jane.email, password=jane.password)


def test_an_expired_link(accounts, make_user, mailbox, clock):
    jane = make_user()
    accounts.forgot_password(email=jane.email)

    clock.advance(minutes=10)

    with pytest.raises(InvalidMailToken):
        mailbox.read(jane.email).click("an entirely different one")
    accounts.sign_in(email=jane.email, password=jane.password)


def test_a_deactivated_user(accounts, make_user):
    jane = make_user(deactivated=True)

    with pytest.raises(AccountDeactivated):
        accounts.sign_in(email=jane.email, password=jane.password)


def test_a_profile_field(accounts, make_user):
    jane = make_user(profile={"company": "Acme"})
    assert jane.user.profile.company == "Acme"

    accounts.update_profile(jane.id, profile={"company": "Initech"})

    assert accounts.profile(jane.id).profile.company == "Initech"
