"""F5: names that a mail program would turn into a link do not reach an address that was not verified."""

import pytest
from tests.unit.core.conftest import PASSWORD, Core, Environment

from accounts_core import Policy
from accounts_core.model import User
from accounts_core.ports.mailer import MailKind, MailMessage

LINK = "Win 1000 USD at https://x.example"
STRANGER = "stranger@example.org"


def mails(accounts: Core, env: Environment, email: str = STRANGER) -> list[MailMessage]:
    """Return what was mailed to an address since this was asked last."""
    while accounts.run_due().done:
        pass
    delivered = [notice for notice in env.mailer.delivered if notice.to.address == email]
    env.mailer.delivered.clear()
    return delivered


def names(notice: MailMessage) -> dict[str, str]:
    return {name: text for name, text in notice.values.items() if name in {"name", "team", "invited_by", "device"}}


@pytest.mark.parametrize("is_private", [False, True])
@pytest.mark.parametrize(("name", "told"), [(LINK, {}), ("Jane Roe", {"name": "Jane Roe"})])
def test_f5_the_name_of_a_sign_up_is_not_mailed_to_a_stranger_where_it_is_a_link(
    env: Environment, name: str, told: dict[str, str], is_private: bool
) -> None:
    accounts = env.accounts(Policy(private_registration=is_private))
    for _ in range(2):  # the second is a sign-up whose link is its own
        accounts.request_account(email=STRANGER, password=PASSWORD, name=name)

        assert [(each.kind, names(each)) for each in mails(accounts, env)] == [(MailKind.VERIFY_EMAIL, told)]


def test_f5_the_other_mails_to_an_unverified_address_have_no_such_name(env: Environment, accounts: Core) -> None:
    user = accounts.register(email=STRANGER, password=PASSWORD, name=LINK)
    mails(accounts, env)

    accounts.forgot_password(email=STRANGER)
    accounts.resend_verification(user.id)
    sent = mails(accounts, env)

    assert sorted((each.kind.value, str(names(each))) for each in sent) == [
        ("reset_password", "{}"),
        ("verify_email", "{}"),
    ]


def test_f5_the_name_of_somebody_whose_address_is_verified_is_their_own_to_be_called_by(
    env: Environment, accounts: Core, jane: User
) -> None:
    accounts.mark_email_verified(jane.id)
    accounts.update_profile(jane.id, name=LINK, email="next@example.org", current_password=PASSWORD)
    accounts.forgot_password(email="jane@example.org")
    while accounts.run_due().done:
        pass

    told = {(each.to.address, each.kind): names(each) for each in env.mailer.delivered}
    assert told["jane@example.org", MailKind.RESET_PASSWORD] == {"name": LINK}
    assert told["next@example.org", MailKind.VERIFY_EMAIL] == {}


@pytest.mark.parametrize("is_private", [False, True])
def test_f5_an_invitation_names_neither_team_nor_sender_to_a_stranger_where_they_are_links(
    env: Environment, jane: User, john: User, is_private: bool
) -> None:
    accounts = env.accounts(Policy(private_registration=is_private))
    for user in (jane, john):
        accounts.mark_email_verified(user.id)
    accounts.update_profile(jane.id, name="jane.example")
    team = accounts.create_team(jane.id, name=LINK).team.id
    for email in (STRANGER, "john@example.org"):
        accounts.invite_to_team(jane.id, team, email=email)
    while accounts.run_due().done:
        pass

    told = {each.to.address: names(each) for each in env.mailer.delivered if each.kind is MailKind.INVITATION}
    assert told == {STRANGER: {}, "john@example.org": {"team": LINK, "invited_by": "jane.example"}}


def test_f5_an_unverified_holder_is_mailed_no_link(env: Environment, accounts: Core, jane: User, john: User) -> None:
    accounts.mark_email_verified(jane.id)
    team = accounts.create_team(jane.id, name=LINK).team.id
    accounts.invite_to_team(jane.id, team, email="john@example.org")

    (notice,) = mails(accounts, env, "john@example.org")

    assert names(notice) == {"invited_by": "Jane Doe"}


@pytest.mark.parametrize(("agent", "device"), [(f"Safe {LINK}", ""), ("curl/8.5.0", "curl/8.5.0")])
def test_f5_what_a_device_calls_itself_is_not_mailed_where_it_is_a_link(
    env: Environment, accounts: Core, jane: User, agent: str, device: str
) -> None:
    """Whoever has the password types it, and it would stand in a mail of ours about their sign-in."""
    accounts.mark_email_verified(jane.id)
    accounts.sign_in(email="jane@example.org", password=PASSWORD, user_agent="first")
    mails(accounts, env, "jane@example.org")

    accounts.sign_in(email="jane@example.org", password=PASSWORD, user_agent=agent)

    (notice,) = mails(accounts, env, "jane@example.org")
    assert names(notice) == {"device": device}
