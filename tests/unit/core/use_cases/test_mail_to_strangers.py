"""A5 and A11: mails to an address that somebody typed, and changes of the address."""

from contextlib import suppress

import pytest
from tests.unit.core.conftest import PASSWORD, Core, Environment

from accounts_core import Policy
from accounts_core.errors import RateLimitExceeded, ReauthenticationRequired, WrongPassword
from accounts_core.model import EmailChange, TeamId, User
from accounts_core.ports.mailer import MailKind
from accounts_core.testing.builders import NOON
from accounts_memory import MemoryRateLimiter

STRANGER = "stranger@example.org"


@pytest.fixture
def accounts(env: Environment) -> Core:
    return env.accounts(limits=MemoryRateLimiter())


def mails(accounts: Core, env: Environment, email: str = STRANGER) -> list[str]:
    """What was mailed to an address so far, once the worker has done its part."""
    while accounts.run_due().done:
        pass
    return [notice.kind for notice in env.mailer.delivered if notice.to.address == email]


def a_team(accounts: Core, user: User) -> TeamId:
    return accounts.create_team(user.id, name=f"Team {len(accounts.list_teams(user.id))}").team.id


# ---- A5: one recipient, all causes


def test_a5_three_unverified_accounts_send_a_stranger_nothing_until_they_are_verified(
    accounts: Core, env: Environment
) -> None:
    senders = [accounts.register(email=f"sender{n}@example.org", password=PASSWORD, name="S") for n in range(3)]
    for sender in senders:
        for _ in range(5):
            accounts.invite_to_team(sender.id, a_team(accounts, sender), email=STRANGER)
    assert mails(accounts, env) == []

    accounts.mark_email_verified(senders[0].id)

    assert mails(accounts, env) == [MailKind.INVITATION] * 5
    accounts.mark_email_verified(senders[1].id)
    accounts.mark_email_verified(senders[2].id)
    assert mails(accounts, env) == [MailKind.INVITATION] * 10  # the recipient's limit over all senders


def test_a5_the_invitation_of_an_unverified_sender_is_shown_in_the_product_at_once(
    accounts: Core, env: Environment, jane: User, john: User
) -> None:
    accounts.mark_email_verified(john.id)

    accounts.invite_to_team(jane.id, a_team(accounts, jane), email=john.email)

    assert [each.type for each in accounts.list_notifications(john.id)] == ["invite"]
    assert len(accounts.list_invitations(john.id)) == 1
    assert mails(accounts, env, "john@example.org") == []


def test_a5_an_invitation_that_was_answered_meanwhile_is_not_mailed(
    accounts: Core, env: Environment, jane: User, john: User
) -> None:
    accounts.mark_email_verified(john.id)
    accounts.invite_to_team(jane.id, a_team(accounts, jane), email=john.email)
    accounts.decline_invitation(john.id, accounts.list_invitations(john.id)[0].invitation.id)

    accounts.mark_email_verified(jane.id)

    assert mails(accounts, env, "john@example.org") == []


def test_a5_more_waiting_invitations_than_one_page_are_mailed(accounts: Core, env: Environment, jane: User) -> None:
    unlimited = env.accounts()
    team = a_team(unlimited, jane)
    for n in range(130):
        unlimited.invite_to_team(jane.id, team, email=f"guest{n}@example.org")

    unlimited.mark_email_verified(jane.id)
    mails(unlimited, env)

    invited = [each.to.address for each in env.mailer.delivered if each.kind is MailKind.INVITATION]
    assert len(set(invited)) == len(invited) == 130


@pytest.mark.parametrize("is_private", [False, True])
def test_a5_whatever_causes_a_mail_counts_for_its_recipient(env: Environment, jane: User, is_private: bool) -> None:
    accounts = env.accounts(Policy(private_registration=is_private), MemoryRateLimiter())
    accounts.mark_email_verified(jane.id)
    for _ in range(4):
        accounts.invite_to_team(jane.id, a_team(accounts, jane), email=STRANGER)
    assert len(mails(accounts, env)) == 4
    for _ in range(4):
        accounts.request_account(email=STRANGER, password=PASSWORD, name="S")
    for address in (STRANGER, "elsewhere@example.org", STRANGER, "elsewhere@example.org"):
        accounts.update_profile(jane.id, email=address, current_password=PASSWORD)

    with pytest.raises(RateLimitExceeded):
        accounts.update_profile(jane.id, email=STRANGER, current_password=PASSWORD)
    accounts.invite_to_team(jane.id, a_team(accounts, jane), email=STRANGER)
    accounts.request_account(email=STRANGER, password=PASSWORD, name="S")

    assert len(mails(accounts, env)) <= 10


def test_a5_sign_up_delete_sign_up_is_counted_for_the_recipient(accounts: Core, env: Environment) -> None:
    for _ in range(14):
        user = accounts.register(email=STRANGER, password=PASSWORD, name="Jane")
        assert len(mails(accounts, env)) <= 10
        accounts.delete_user(user.id, password=PASSWORD)

    assert mails(accounts, env) == [MailKind.VERIFY_EMAIL] * 10


def test_a5_mails_that_strangers_cause_do_not_use_up_the_mails_that_recover_an_account(
    accounts: Core, env: Environment, jane: User
) -> None:
    accounts.mark_email_verified(jane.id)
    for _ in range(15):
        accounts.request_account(email="jane@example.org", password=PASSWORD, name="X")

    accounts.forgot_password(email="jane@example.org")

    assert MailKind.RESET_PASSWORD in mails(accounts, env, "jane@example.org")


# ---- A11: a change of the address


@pytest.mark.parametrize("is_verified", [False, True])
@pytest.mark.parametrize("policy", list(EmailChange))
def test_a11_any_change_of_the_address_needs_the_password_or_a_recent_sign_in(
    env: Environment, jane: User, is_verified: bool, policy: EmailChange
) -> None:
    accounts = env.accounts(Policy(email_change=policy))
    if is_verified:
        accounts.mark_email_verified(jane.id)
    env.wait(minutes=16)

    for signed_in_at in (None, NOON):
        with pytest.raises(ReauthenticationRequired):
            accounts.update_profile(jane.id, email=STRANGER, signed_in_at=signed_in_at)
    with pytest.raises(WrongPassword):
        accounts.update_profile(jane.id, email=STRANGER, current_password="not the password")
    assert accounts.profile(jane.id).email == jane.email

    accounts.update_profile(jane.id, email=STRANGER, current_password=PASSWORD)


def test_a11_another_spelling_is_a_change_and_the_same_address_is_none(
    accounts: Core, env: Environment, jane: User
) -> None:
    assert accounts.update_profile(jane.id, email="jane@example.org") == jane

    with pytest.raises(ReauthenticationRequired):
        accounts.update_profile(jane.id, email="Jane@example.org")


def test_a11_the_old_address_is_told_of_the_change_even_if_it_was_never_verified(
    accounts: Core, env: Environment, jane: User
) -> None:
    accounts.update_profile(jane.id, email=STRANGER, current_password=PASSWORD)
    mails(accounts, env)

    (notice,) = [each for each in env.mailer.delivered if each.kind is MailKind.EMAIL_CHANGED]
    assert notice.to.address == "jane@example.org"
    assert "email" not in notice.values  # the old address may be a stranger's: nothing that somebody typed goes there


def test_a11_an_account_that_goes_from_address_to_address_does_not_bombard_the_old_ones(
    accounts: Core, env: Environment, jane: User
) -> None:
    for n in range(30):
        email = STRANGER if n % 2 else f"other{n}@example.org"
        with suppress(RateLimitExceeded):
            accounts.update_profile(jane.id, email=email, signed_in_at=NOON)

    assert len(mails(accounts, env)) <= 10


def test_a11_spellings_of_a_waiting_address_are_mailed_under_the_limit(
    accounts: Core, env: Environment, jane: User
) -> None:
    accounts.mark_email_verified(jane.id)
    spellings = [("\uff53" if n % 2 else "s") + "tranger@example.org" for n in range(12)]

    for email in spellings:
        with suppress(RateLimitExceeded):
            accounts.update_profile(jane.id, email=email, signed_in_at=NOON)

    assert len(mails(accounts, env)) + len(mails(accounts, env, spellings[1])) == 5
