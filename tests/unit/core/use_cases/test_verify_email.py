"""F2, A6 and F11: somebody signs up with an address that is not theirs, before or after its owner does.

Each test runs with open and with private registration: the rule is one.
"""

from datetime import timedelta

import pytest
from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD, Core, Environment

from accounts_core import Policy, run_sync
from accounts_core.errors import (
    AccountDeactivated,
    DeletionBlocked,
    EmailTaken,
    InvalidCredentials,
    InvalidMailToken,
    InvalidToken,
    NotFound,
    RateLimitExceeded,
    WrongPassword,
)
from accounts_core.model import EmailAddress, EmailChange, User
from accounts_core.model.deletion import DeletionPreview
from accounts_core.model.events import EmailVerified, SessionsEnded, UserDeleted, UserRegistered
from accounts_core.model.ids import UserId
from accounts_core.model.jobs import SignUpJob
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.rate_limits import MOST_FAILURES
from accounts_core.testing.builders import NOON
from accounts_memory import MemoryRateLimiter, MemoryUnitOfWork

ADDRESS = "jane@example.org"
HERS, HIS = "the password of the owner", "the password of an attacker"


@pytest.fixture(params=["open", "private"])
def accounts(env: Environment, request: pytest.FixtureRequest) -> Core:
    return env.accounts(Policy(private_registration=request.param == "private"), MemoryRateLimiter())


def sign_up(accounts: Core, password: str, *, name: str = "Jane", email: str = ADDRESS) -> bool:
    """Sign up as the mode of registration has it, have the worker do its part; return whether it was answered 409."""
    try:
        if accounts.policy.private_registration:
            accounts.request_account(email=email, password=password, name=name)
        else:
            accounts.register(email=email, password=password, name=name)
    except EmailTaken:
        return True
    finally:
        accounts.run_due()
    return False


def links(env: Environment, email: str = ADDRESS) -> list[str]:
    """The tokens that were mailed to an address, the oldest first."""
    mails = [notice for notice in env.mailer.delivered if notice.to.address == email]
    return [notice.values["token"] for notice in mails if "token" in notice.values]


def signs_in(accounts: Core, password: str) -> bool:
    try:
        accounts.sign_in(email=ADDRESS, password=password)
    except InvalidCredentials:
        return False
    return True


def test_f2_whoever_signed_up_first_does_not_share_the_account_once_the_owner_confirms(
    accounts: Core, env: Environment
) -> None:
    """The attacker signs up, and in where that is possible; the owner clicks the mail and has no password for it."""
    sign_up(accounts, HIS)
    is_private = accounts.policy.private_registration
    session = None if is_private else accounts.sign_in(email=ADDRESS, password=HIS)
    (link,) = links(env)

    for password in (None, HERS):
        with pytest.raises(WrongPassword) as refusal:
            accounts.verify_email(token=link, password=password)
        assert refusal.value.field == "password"
    assert accounts.find_user(ADDRESS).email_verified_at is None

    sign_up(accounts, HERS)
    owner = accounts.verify_email(token=links(env)[-1], password=HERS)

    assert (owner.email.address, owner.email_verified_at) == (ADDRESS, NOON)
    assert (signs_in(accounts, HERS), signs_in(accounts, HIS)) == (True, False)
    if session is not None:
        with pytest.raises(InvalidToken):
            accounts.authenticate(session.token)


def test_a6_whoever_signs_up_last_does_not_get_the_account_that_the_owner_confirms(
    accounts: Core, env: Environment
) -> None:
    """The owner clicks the attacker's newer mail, and types the password that they chose themself."""
    sign_up(accounts, HERS)
    sign_up(accounts, HIS, name="Attacker")
    newest = links(env)[-1]

    owner = accounts.verify_email(token=newest, password=HERS)

    assert owner.name == "Jane"
    assert (signs_in(accounts, HERS), signs_in(accounts, HIS)) == (True, False)


def test_a6_repeated_sign_ups_keep_nobody_from_finishing(accounts: Core, env: Environment) -> None:
    sign_up(accounts, HERS)
    first = links(env)[0]
    for _ in range(3):
        sign_up(accounts, HIS)

    accounts.verify_email(token=first, password=HERS)

    assert signs_in(accounts, HERS)


def test_a_links_own_password_opens_its_account_even_where_the_first_account_is_gone(
    accounts: Core, env: Environment
) -> None:
    """The attacker deletes the account while the owner's link is on its way."""
    sign_up(accounts, HIS)
    sign_up(accounts, HERS)
    attacker = accounts.find_user(ADDRESS)
    accounts.delete_user(attacker.id, password=HIS)

    owner = accounts.verify_email(token=links(env)[-1], password=HERS)

    assert owner.id != attacker.id
    assert signs_in(accounts, HERS)


def test_the_account_in_the_way_is_deleted_as_its_user_would(accounts: Core, env: Environment) -> None:
    sign_up(accounts, HIS)
    attacker = accounts.find_user(ADDRESS)
    accounts.create_team(attacker.id, name="Trap")
    accounts.verify_card(attacker.id, payment_method="pm_card_visa")
    sign_up(accounts, HERS)
    env.events.heard.clear()

    owner = accounts.verify_email(token=links(env)[-1], password=HERS)
    accounts.run_due()

    (deleted,) = env.events.of(UserDeleted)
    assert (deleted.user_id, deleted.by) == (attacker.id, "user")
    assert [event.user_id for event in env.events.of(UserRegistered)] == [owner.id]
    assert [event.user_id for event in env.events.of(EmailVerified)] == [owner.id]
    assert (list(accounts.list_teams(owner.id)), len(accounts.list_payment_methods(owner.id))) == ([], 0)
    assert run_sync(env.gateway.find_customer(attacker.hex_id)) is None


def test_the_accounts_own_token_confirms_without_a_password_and_ends_no_session(env: Environment) -> None:
    accounts = env.accounts()
    sign_up(accounts, HERS)
    session = accounts.sign_in(email=ADDRESS, password=HERS)
    other = accounts.sign_in(email=ADDRESS, password=HERS)

    user = accounts.verify_email(token=links(env)[0], user_id=session.user.id)

    assert user.email_verified_at == NOON
    assert accounts.authenticate(session.token).user == accounts.authenticate(other.token).user == user


def test_the_accounts_own_token_confirms_with_a_link_that_somebody_elses_sign_up_caused(env: Environment) -> None:
    accounts = env.accounts()
    sign_up(accounts, HERS)
    session = accounts.sign_in(email=ADDRESS, password=HERS)
    sign_up(accounts, HIS)

    user = accounts.verify_email(token=links(env)[-1], user_id=session.user.id)

    assert (user.id, user.email_verified_at) == (session.user.id, NOON)
    assert not signs_in(accounts, HIS)


def test_another_users_token_proves_nothing(env: Environment) -> None:
    accounts = env.accounts()
    sign_up(accounts, HERS)
    sign_up(accounts, HIS, email="attacker@example.org")
    attacker = accounts.find_user("attacker@example.org")

    with pytest.raises(WrongPassword):
        accounts.verify_email(token=links(env)[0], user_id=attacker.id)
    with pytest.raises(WrongPassword):
        accounts.verify_email(token=links(env)[0], user_id=attacker.id, password=HIS)


def test_the_accounts_own_password_ends_the_accounts_sessions(env: Environment) -> None:
    accounts = env.accounts()
    sign_up(accounts, HERS)
    session = accounts.sign_in(email=ADDRESS, password=HERS)

    user = accounts.verify_email(token=links(env)[0], password=HERS)

    assert user.email_verified_at == NOON
    with pytest.raises(InvalidToken):
        accounts.authenticate(session.token)
    assert len(env.events.of(SessionsEnded)) == 1


def test_a_wrong_password_is_counted_and_leaves_the_link_good(accounts: Core, env: Environment) -> None:
    sign_up(accounts, HERS)
    (link,) = links(env)

    for _ in range(30):
        with pytest.raises(WrongPassword):
            accounts.verify_email(token=link, password="no such password here")
    with pytest.raises(RateLimitExceeded):
        accounts.verify_email(token=link, password=HERS)

    env.wait(hours=1)
    assert accounts.verify_email(token=link, password=HERS).email_verified_at is not None


def test_a_link_works_once_and_every_other_of_the_address_dies_with_it(accounts: Core, env: Environment) -> None:
    sign_up(accounts, HERS)
    sign_up(accounts, HIS)
    first, second = links(env)

    accounts.verify_email(token=first, password=HERS)

    for token, password in ((first, HERS), (second, HIS), (second, HERS)):
        with pytest.raises(InvalidMailToken):
            accounts.verify_email(token=token, password=password)
    assert env.store._state.sign_ups.rows == {}


def test_a_reset_by_mail_verifies_and_makes_every_sign_up_void(accounts: Core, env: Environment) -> None:
    sign_up(accounts, HIS)
    sign_up(accounts, "a third password of somebody")
    accounts.forgot_password(email=ADDRESS)
    accounts.run_due()
    first, second, reset = links(env)

    user = accounts.reset_password(token=reset, password=HERS)

    assert user.email_verified_at == NOON
    assert len(env.events.of(EmailVerified)) == 1
    for token in (first, second):
        with pytest.raises(InvalidMailToken):
            accounts.verify_email(token=token, password="a third password of somebody")


def test_f11_a_sign_up_that_is_repeated_is_answered_the_same_and_mailed_again(accounts: Core, env: Environment) -> None:
    is_open = not accounts.policy.private_registration

    assert [sign_up(accounts, HERS) for _ in range(2)] == [False, is_open]

    assert len(links(env)) == 2
    accounts.verify_email(token=links(env)[1], password=HERS)
    assert sign_up(accounts, HERS) is is_open
    assert len(links(env)) == 2
    told = [notice.kind for notice in env.mailer.delivered if notice.kind == "already_registered"]
    assert len(told) == (0 if is_open else 1)  # with open registration the answer has said it


@pytest.mark.parametrize("which", [0, 1])
def test_f11_both_links_of_a_person_who_signed_up_twice_are_good(accounts: Core, env: Environment, which: int) -> None:
    sign_up(accounts, HERS)
    sign_up(accounts, HERS)

    accounts.verify_email(token=links(env)[which], password=HERS)

    assert signs_in(accounts, HERS)


def test_sign_ups_are_mailed_under_the_recipients_limit_with_their_answers_unchanged(
    accounts: Core, env: Environment
) -> None:
    is_open = not accounts.policy.private_registration
    answers = [sign_up(accounts, HIS) for _ in range(14)]

    assert answers == [False] + [is_open] * 13
    assert len(links(env)) == 10
    env.wait(hours=1)
    sign_up(accounts, HERS)
    assert len(links(env)) == 11


def test_no_sign_up_clears_the_failures_of_an_address_that_has_an_account(env: Environment) -> None:
    limits = MemoryRateLimiter()
    accounts = env.accounts(limits=limits)
    sign_up(accounts, HERS)
    for _ in range(MOST_FAILURES.count - 1):
        env.wait(hours=1)
        assert not signs_in(accounts, "a wrong password for it")

    sign_up(accounts, HIS)

    assert not signs_in(accounts, "a wrong password for it")
    with pytest.raises(RateLimitExceeded):
        signs_in(accounts, HERS)


def test_the_link_of_a_sign_up_lives_as_long_as_any_other(accounts: Core, env: Environment) -> None:
    sign_up(accounts, HIS)
    sign_up(accounts, HERS)
    env.wait(hours=24)

    for token in links(env):
        with pytest.raises(InvalidMailToken):
            accounts.verify_email(token=token, password=HERS)


def test_a_deactivated_account_is_not_confirmed_but_can_be_replaced(accounts: Core, env: Environment) -> None:
    sign_up(accounts, HIS)
    sign_up(accounts, HERS)
    accounts.deactivate(accounts.find_user(ADDRESS).id)
    link = links(env)[1]

    with pytest.raises(AccountDeactivated):
        accounts.verify_email(token=link, password=HIS)
    accounts.verify_email(token=link, password=HERS)

    assert signs_in(accounts, HERS)


class _Subscription:
    """A host's data that stands against deleting a user."""

    async def preview(self, work: MemoryUnitOfWork, user_id: UserId) -> DeletionPreview:
        return DeletionPreview(blocked_by=("subscription",))

    async def export(self, work: MemoryUnitOfWork, user_id: UserId) -> dict[str, object]:
        return {}

    async def erase(self, work: MemoryUnitOfWork, user_id: UserId) -> None:
        raise AssertionError

    async def disassociate(self, work: MemoryUnitOfWork, user_id: UserId) -> None:
        raise AssertionError


def test_an_account_that_a_hosts_data_keeps_stays_and_so_does_the_link(env: Environment) -> None:
    accounts = env.accounts(owned_data=[_Subscription()])
    sign_up(accounts, HIS)
    sign_up(accounts, HERS)

    for _ in range(2):
        with pytest.raises(DeletionBlocked):
            accounts.verify_email(token=links(env)[1], password=HERS)
    assert signs_in(accounts, HIS)


def test_a_spelling_of_the_address_that_may_be_another_mailbox_gets_no_link(accounts: Core, env: Environment) -> None:
    """One key, perhaps two mailboxes: the full-width one must not delete the account of the other."""
    sign_up(accounts, HERS)

    assert sign_up(accounts, HIS, email="\uff4aane@example.org") is not accounts.policy.private_registration

    assert links(env, "\uff4aane@example.org") == []
    told = [notice.to.address for notice in env.mailer.delivered if notice.kind == "already_registered"]
    assert told == ([ADDRESS] if accounts.policy.private_registration else [])


def test_a_change_of_address_is_confirmed_by_the_account_and_never_by_the_mailbox_alone(env: Environment) -> None:
    """F2, the same for a change: the attacker's account goes to the victim's address, and the victim clicks."""
    accounts = env.accounts()
    sign_up(accounts, HIS, email="attacker@example.org")
    attacker = accounts.find_user("attacker@example.org")
    accounts.update_profile(attacker.id, email=ADDRESS, current_password=HIS)
    accounts.run_due()
    (link,) = links(env)

    with pytest.raises(WrongPassword):
        accounts.verify_email(token=link, password=HERS)

    assert accounts.profile(attacker.id).email_verified_at is None


def test_a_job_of_the_release_before_is_a_sign_up_as_well(env: Environment) -> None:
    accounts = env.accounts(Policy(private_registration=True))
    sign_up(accounts, HIS)
    job = OutboxJob(
        id="job_old",
        topic=SignUpJob.topic,
        payload={"email": ADDRESS, "name": "Jane", "password_hash": accounts.find_user(ADDRESS).password_hash.reveal()},
        created_at=NOON,
        due=NOON,
    )
    _put(env, job)
    assert [each.payload["password_hash"] for each in accounts.list_outbox() if each.id == "job_old"] == ["..."]

    assert accounts.run_due().done == 1
    assert len(links(env)) == 2
    accounts.verify_email(token=links(env)[1], password=HIS)


def _put(env: Environment, job: OutboxJob) -> None:
    async def put() -> None:
        async with env.store.begin() as work:
            await work.outbox.add(job)

    run_sync(put())


def test_the_hash_of_a_password_is_in_no_job(env: Environment) -> None:
    """C06 of another review: operators list jobs."""
    accounts = env.accounts(Policy(private_registration=True))
    accounts.request_account(email=ADDRESS, password=HERS, name="Jane")

    (job,) = accounts.list_outbox()

    assert set(job.payload) == {"sign_up", "opens"}


def test_a_sign_up_that_was_told_that_the_address_is_taken_opens_no_account_without_its_link(env: Environment) -> None:
    """Not even where the address is free by the time that the worker sends the mail."""
    accounts = env.accounts()
    accounts.register(email=ADDRESS, password=HIS, name="Jane")
    with pytest.raises(EmailTaken):
        accounts.register(email=ADDRESS, password=HERS, name="Jane")
    user = accounts.find_user(ADDRESS)
    accounts.update_profile(user.id, email="moved@example.org", current_password=HIS)
    accounts.run_due()

    with pytest.raises(NotFound):
        accounts.find_user(ADDRESS)
    assert accounts.verify_email(token=links(env)[-1], password=HERS).id != user.id


# ---- unverified accounts end


def test_f11_an_unverified_account_ends_after_a_while(env: Environment) -> None:
    accounts = env.accounts(Policy(unverified_accounts=timedelta(days=7)))
    sign_up(accounts, HIS)
    env.wait(days=7)
    assert accounts.run_cleanup().unverified_accounts == 0

    env.wait(seconds=1)

    assert accounts.run_cleanup().unverified_accounts == 1
    assert sign_up(accounts, HERS) is False


@pytest.mark.parametrize("why", ["verified", "was verified", "signed in", "billed", "kept by policy"])
def test_an_account_that_somebody_relies_on_does_not_end(env: Environment, why: str) -> None:
    accounts = env.accounts(Policy(unverified_accounts=None if why == "kept by policy" else timedelta(days=7)))
    sign_up(accounts, HERS)
    user = accounts.find_user(ADDRESS)
    match why:
        case "verified":
            accounts.mark_email_verified(user.id)
        case "was verified":
            _replaced_at_once(env, user)
        case "billed":
            accounts.verify_card(user.id, payment_method="pm_card_visa")
    env.wait(days=8)
    if why == "signed in":
        accounts.sign_in(email=ADDRESS, password=HERS)

    assert accounts.run_cleanup().unverified_accounts == 0
    assert accounts.profile(user.id).id == user.id


def _replaced_at_once(env: Environment, user: User) -> None:
    accounts = env.accounts(Policy(email_change=EmailChange.IMMEDIATE))
    accounts.mark_email_verified(user.id)
    moved = accounts.update_profile(user.id, email="moved@example.org", current_password=HERS)
    assert moved.email == EmailAddress("moved@example.org")
    assert moved.email_verified_at is None


def test_an_account_that_a_hosts_data_keeps_does_not_end(env: Environment) -> None:
    accounts = env.accounts(owned_data=[_Subscription()])
    sign_up(accounts, PASSWORD)
    env.wait(days=31)

    assert accounts.run_cleanup().unverified_accounts == 0


def test_expired_sign_ups_are_deleted(accounts: Core, env: Environment) -> None:
    sign_up(accounts, HIS)
    sign_up(accounts, OTHER_PASSWORD)
    env.wait(days=1)

    assert accounts.run_cleanup().sign_ups == 1
