"""A19 and U18: mail goes to the address that an account has, never to another spelling of it that somebody typed.

A spelling with the same key can be another mailbox, such as one in full-width letters (kin of CVE-2019-19844).
"""

from contextlib import suppress

import pytest
from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD, Core, Environment, signed_up

from accounts_core import Policy, run_sync
from accounts_core.errors import EmailTaken
from accounts_core.model import User
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.mail_token import MailToken, MailTokenPurpose
from accounts_core.model.tokens import MAILED, TOKEN_BYTES, digest_of, new_token
from accounts_core.ports.mailer import MailKind
from accounts_core.testing.builders import at

STORED, JOHN = "jane@example.org", "john@example.org"
LOOKALIKES = ["\uff4aane@example.org", "JA\uff2eE@example.org", "\uff4a\uff41\uff4e\uff45@example.org"]
"""Spellings with the key of the stored one that are another mailbox."""

pytestmark = pytest.mark.parametrize("typed", LOOKALIKES)


@pytest.fixture(params=["open", "private"])
def accounts(env: Environment, request: pytest.FixtureRequest) -> Core:
    return env.accounts(Policy(private_registration=request.param == "private"))


@pytest.fixture(params=["verified", "not verified"])
def is_verified(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "verified")


@pytest.fixture
def jane(env: Environment, is_verified: bool) -> User:
    plain = env.accounts()
    user = signed_up(plain, env, STORED, "Jane Doe")
    return plain.mark_email_verified(user.id) if is_verified else user


def mailed(accounts: Core, env: Environment) -> list[tuple[str, MailKind]]:
    while accounts.run_due().done:
        pass
    return [(notice.to.address, notice.kind) for notice in env.mailer.delivered]


def test_the_spellings_of_these_tests_are_one_account_and_two_mailboxes(typed: str) -> None:
    assert EmailAddress(typed) == EmailAddress(STORED)
    assert not EmailAddress(typed).is_same_mailbox(EmailAddress(STORED))


def test_u18_whoever_signs_up_with_it_has_the_stored_address_told(
    accounts: Core, env: Environment, jane: User, typed: str
) -> None:
    is_private = accounts.policy.private_registration
    if is_private:
        accounts.request_account(email=typed, password=OTHER_PASSWORD, name="John")
    else:
        with suppress(EmailTaken):
            accounts.register(email=typed, password=OTHER_PASSWORD, name="John")

    assert mailed(accounts, env) == ([(STORED, MailKind.ALREADY_REGISTERED)] if is_private else [])


def test_u18_so_has_whoever_signed_up_with_it_before_the_account_was_there(
    env: Environment, is_verified: bool, typed: str
) -> None:
    accounts = env.accounts(Policy(private_registration=True))
    accounts.request_account(email=typed, password=OTHER_PASSWORD, name="John")
    jane = accounts.register(email=STORED, password=PASSWORD, name="Jane Doe")
    if is_verified:
        accounts.mark_email_verified(jane.id)

    both = [(STORED, MailKind.ALREADY_REGISTERED), (STORED, MailKind.VERIFY_EMAIL)]
    assert sorted(mailed(accounts, env)) == ([] if is_verified else both)  # verified, the sign-up is void


def test_a19_whoever_asks_for_a_new_password_with_it_has_the_stored_address_mailed(
    accounts: Core, env: Environment, jane: User, typed: str
) -> None:
    accounts.forgot_password(email=typed)

    assert mailed(accounts, env) == [(STORED, MailKind.RESET_PASSWORD)]


def test_a19_whoever_goes_to_it_has_the_stored_address_told_or_is_refused(
    accounts: Core, env: Environment, jane: User, typed: str
) -> None:
    john = signed_up(env.accounts(), env, JOHN, "John Roe")
    is_private = accounts.policy.private_registration

    with suppress(EmailTaken):
        accounts.update_profile(john.id, email=typed, current_password=PASSWORD)
    if is_private:
        accounts.resend_verification(john.id)

    told = [(STORED, MailKind.ALREADY_REGISTERED)] * 2 if is_private else []
    assert mailed(accounts, env) == told


def test_a19_their_own_spelling_is_no_other_address(accounts: Core, env: Environment, jane: User, typed: str) -> None:
    changed = accounts.update_profile(jane.id, email=typed, current_password=PASSWORD)

    assert (changed.email.address, changed.pending_email) == (STORED, None)
    assert mailed(accounts, env) == []


def test_a19_an_invitation_to_it_goes_to_the_stored_address_once_that_is_verified_and_nowhere_before(
    accounts: Core, env: Environment, jane: User, is_verified: bool, typed: str
) -> None:
    john = signed_up(env.accounts(), env, JOHN, "John Roe")
    env.accounts().mark_email_verified(john.id)
    team = accounts.create_team(john.id, name="Bookshop").team
    env.mailer.delivered.clear()

    accounts.invite_to_team(john.id, team.id, email=typed)

    assert mailed(accounts, env) == ([(STORED, MailKind.INVITATION)] if is_verified else [])
    (entry, *_) = accounts.list_activity(john.id)
    assert entry.details["email"] == EmailAddress(typed).address  # the inviter learns nothing of how it is stored


def test_a19_a_link_for_a_new_password_proves_no_other_spelling(
    accounts: Core, env: Environment, jane: User, is_verified: bool, typed: str
) -> None:
    token = new_token(b"t" * TOKEN_BYTES, prefix=MAILED)
    mail_token = MailToken(
        digest=digest_of(token, prefix=MAILED),
        user_id=jane.id,
        purpose=MailTokenPurpose.RESET_PASSWORD,
        email=EmailAddress(typed),
        created_at=at(0),
        expires_at=at(10),
    )

    async def keep() -> None:
        async with env.store.begin() as work:
            await work.mail_tokens.add(mail_token)

    run_sync(keep())

    changed = accounts.reset_password(token=str(token), password=OTHER_PASSWORD)

    assert (changed.email_verified_at is not None) is is_verified
