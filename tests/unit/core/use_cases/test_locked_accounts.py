"""A13: too many wrong passwords in a row: against whom they count, what is said, and what ends them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD, Core, Environment

from accounts_core import Policy
from accounts_core.errors import (
    EmailTaken,
    InvalidCredentials,
    RateLimitExceeded,
    TooManyFailures,
    WrongPassword,
)
from accounts_core.model import User
from accounts_core.model.events import Actor, UserUnlocked
from accounts_core.model.policy import EmailChange
from accounts_core.model.rate_limits import (
    ACCOUNT,
    DEFAULT_RATE_LIMITS,
    MOST_FAILURES,
    SIGN_IN,
    RateLimit,
    in_every_scope,
)
from accounts_core.ports.mailer import MailKind
from accounts_memory import MemoryRateLimiter

JANE, ELSEWHERE = "jane@example.org", "elsewhere@example.org"
LAX = in_every_scope({SIGN_IN: RateLimit(100_000, timedelta(hours=1))})


@pytest.fixture
def limits() -> MemoryRateLimiter:
    return MemoryRateLimiter()


def on(
    env: Environment, limits: MemoryRateLimiter, *, private: bool = False, change: EmailChange = EmailChange.CONFIRM
) -> Core:
    return env.accounts(Policy(limits=LAX, private_registration=private, email_change=change), limits)


def guess(accounts: Core, email: str = JANE, times: int = MOST_FAILURES.count) -> None:
    for _ in range(times):
        with pytest.raises(InvalidCredentials):
            accounts.sign_in(email=email, password=OTHER_PASSWORD)


def token_in_mail(env: Environment, accounts: Core, purpose: MailKind = MailKind.VERIFY_EMAIL) -> str:
    accounts.run_due()
    return [mail.values["token"] for mail in env.mailer.delivered if mail.kind is purpose][-1]


@pytest.mark.parametrize("private", [False, True], ids=["open", "private"])
def test_failures_from_before_the_account_do_not_count_against_it(
    env: Environment, limits: MemoryRateLimiter, private: bool
) -> None:
    accounts = on(env, limits, private=private)
    guess(accounts)
    with pytest.raises(TooManyFailures):
        accounts.sign_in(email=JANE, password=PASSWORD)

    if private:
        accounts.request_account(email=JANE, password=PASSWORD, name="Jane")
        accounts.verify_email(token=token_in_mail(env, accounts), password=PASSWORD)
    else:
        accounts.register(email=JANE, password=PASSWORD, name="Jane")

    guess(accounts, times=MOST_FAILURES.count - 1)
    assert accounts.sign_in(email=JANE, password=PASSWORD).user.email.address == JANE


@pytest.mark.parametrize("private", [False, True], ids=["open", "private"])
def test_attempts_of_the_hour_before_the_account_do_not_count_against_it(
    env: Environment, limits: MemoryRateLimiter, private: bool
) -> None:
    """With the limits as they come: 30 an hour for an address."""
    accounts = env.accounts(Policy(private_registration=private), limits)
    guess(accounts, times=DEFAULT_RATE_LIMITS[SIGN_IN][ACCOUNT].count)

    if private:
        accounts.request_account(email=JANE, password=PASSWORD, name="Jane")
        accounts.verify_email(token=token_in_mail(env, accounts), password=PASSWORD)
    else:
        accounts.register(email=JANE, password=PASSWORD, name="Jane")

    accounts.sign_in(email=JANE, password=PASSWORD)


@pytest.mark.parametrize("private", [False, True], ids=["open", "private"])
@pytest.mark.parametrize("spelling", [JANE, "JANE@example.org", "\uff4aane@example.org"])
def test_a_sign_up_forgives_nothing_where_there_is_an_account(
    env: Environment, limits: MemoryRateLimiter, jane: User, private: bool, spelling: str
) -> None:
    """Whoever guesses must not have their failures forgotten by signing up the address."""
    accounts = on(env, limits, private=private)
    guess(accounts, times=MOST_FAILURES.count - 1)

    for _ in range(3):
        if private:
            accounts.request_account(email=spelling, password=OTHER_PASSWORD, name="Mallory")
        else:
            with pytest.raises(EmailTaken):
                accounts.register(email=spelling, password=OTHER_PASSWORD, name="Mallory")
        accounts.run_due()

    guess(accounts, times=1)
    with pytest.raises(TooManyFailures):
        accounts.sign_in(email=JANE, password=PASSWORD)


def test_a_link_that_opens_another_account_forgives_only_with_its_password(
    env: Environment, limits: MemoryRateLimiter, jane: User
) -> None:
    """The address has an unverified account; a later sign-up's link is tried with wrong passwords."""
    accounts = on(env, limits)
    guess(accounts, times=MOST_FAILURES.count - 2)
    with pytest.raises(EmailTaken):
        accounts.register(email=JANE, password="the later sign-up's own one", name="Jane")
    token = token_in_mail(env, accounts)

    with pytest.raises(WrongPassword):
        accounts.verify_email(token=token, password=OTHER_PASSWORD)
    confirmed = accounts.verify_email(token=token, password="the later sign-up's own one")

    assert confirmed.id != jane.id
    guess(accounts, times=MOST_FAILURES.count - 1)
    accounts.sign_in(email=JANE, password="the later sign-up's own one")


def test_a_full_row_of_a_deleted_account_does_not_keep_a_link_from_opening_another(
    env: Environment, limits: MemoryRateLimiter, jane: User
) -> None:
    """No account has the address, so a reset by mail could not help."""
    accounts = on(env, limits)
    with pytest.raises(EmailTaken):
        accounts.register(email=JANE, password="the later sign-up's own one", name="Jane")
    token = token_in_mail(env, accounts)
    guess(accounts)
    accounts.erase_user(jane.id)

    accounts.verify_email(token=token, password="the later sign-up's own one")

    accounts.sign_in(email=JANE, password="the later sign-up's own one")


def test_a_link_whose_address_no_account_has_is_no_place_to_guess_at_its_password(
    env: Environment, limits: MemoryRateLimiter, jane: User
) -> None:
    accounts = on(env, limits)
    with pytest.raises(EmailTaken):
        accounts.register(email=JANE, password="the later sign-up's own one", name="Jane")
    token = token_in_mail(env, accounts)
    accounts.erase_user(jane.id)
    for number in range(MOST_FAILURES.count):
        if number % 29 == 0:
            env.wait(hours=1)  # so that the limits on links are no part of it
        with pytest.raises(WrongPassword):
            accounts.verify_email(token=token, password=OTHER_PASSWORD)

    with pytest.raises(RateLimitExceeded) as refused:
        accounts.verify_email(token=token, password="the later sign-up's own one")
    assert not isinstance(refused.value, TooManyFailures)  # a reset by mail would not help


MOVES: dict[str, Callable[[Environment, Core, User], object]] = {
    "at once, unverified": lambda env, accounts, jane: accounts.update_profile(
        jane.id, email=ELSEWHERE, current_password=PASSWORD
    ),
    "with the link": lambda env, accounts, jane: (
        accounts.mark_email_verified(jane.id),
        accounts.update_profile(jane.id, email=ELSEWHERE, current_password=PASSWORD),
        accounts.verify_email(token=token_in_mail(env, accounts), user_id=jane.id),
    ),
    "by an operator": lambda env, accounts, jane: (
        accounts.mark_email_verified(jane.id),
        accounts.update_profile(jane.id, email=ELSEWHERE, current_password=PASSWORD),
        accounts.mark_email_verified(jane.id),
    ),
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_failures_from_before_an_account_moved_to_the_address_do_not_count_against_it(
    env: Environment, limits: MemoryRateLimiter, jane: User, move: Callable[[Environment, Core, User], object]
) -> None:
    accounts = on(env, limits)
    guess(accounts, ELSEWHERE)

    move(env, accounts, jane)

    accounts.sign_in(email=ELSEWHERE, password=PASSWORD)


def test_failures_of_an_account_that_moves_at_once_are_forgotten_for_the_free_address_alone(
    env: Environment, limits: MemoryRateLimiter, jane: User, john: User
) -> None:
    accounts = on(env, limits, change=EmailChange.IMMEDIATE)
    guess(accounts, "john@example.org", times=MOST_FAILURES.count)

    with pytest.raises(EmailTaken):
        accounts.update_profile(jane.id, email="john@example.org", current_password=PASSWORD)

    with pytest.raises(TooManyFailures):
        accounts.sign_in(email="john@example.org", password=PASSWORD)


@pytest.mark.parametrize("email", [JANE, "nobody@example.org"])
def test_nobody_is_told_to_wait_for_longer_than_a_day_and_what_helps_is_said_whoever_has_the_address(
    env: Environment, limits: MemoryRateLimiter, jane: User, email: str
) -> None:
    accounts = on(env, limits)
    guess(accounts, email)

    with pytest.raises(TooManyFailures) as refused:
        accounts.sign_in(email=email, password=PASSWORD)

    assert refused.value.retry_after == timedelta(days=1)
    assert str(refused.value) == "Too many wrong passwords in a row. Reset the password by email to sign in again."


def test_where_waiting_helps_no_reset_is_named(env: Environment, limits: MemoryRateLimiter, jane: User) -> None:
    accounts = env.accounts(limits=limits)
    guess(accounts, times=DEFAULT_RATE_LIMITS[SIGN_IN][ACCOUNT].count)

    with pytest.raises(RateLimitExceeded) as refused:
        accounts.sign_in(email=JANE, password=PASSWORD)

    assert (type(refused.value), str(refused.value)) == (RateLimitExceeded, "Too many attempts.")
    assert refused.value.retry_after == timedelta(hours=1)


def test_an_operator_ends_the_failures_of_an_account_and_it_is_written_down(
    env: Environment, limits: MemoryRateLimiter, jane: User, john: User
) -> None:
    accounts = on(env, limits)
    for email in (JANE, "john@example.org"):
        guess(accounts, email)

    assert accounts.unlock_user(jane.id) == jane

    accounts.sign_in(email=JANE, password=PASSWORD)
    with pytest.raises(TooManyFailures):
        accounts.sign_in(email="john@example.org", password=PASSWORD)
    assert env.events.of(UserUnlocked) == [UserUnlocked(user_id=jane.id, at=env.clock.now(), by=Actor.OPERATOR)]
    entry = accounts.list_activity(jane.id)[1]
    assert (entry.action, entry.by, entry.details) == ("user_unlocked", Actor.OPERATOR, {})


@pytest.mark.parametrize("proof", ["restore", "update"])
def test_u01_a_right_password_ends_the_row_wherever_it_is_given(
    env: Environment, limits: MemoryRateLimiter, jane: User, proof: str
) -> None:
    accounts = on(env, limits)
    guess(accounts, times=MOST_FAILURES.count - 2)

    match proof:
        case "restore":
            accounts.deactivate(jane.id)
            accounts.restore(email=JANE, password=PASSWORD)
        case "update":
            accounts.update_profile(jane.id, name="Janet", current_password=PASSWORD)

    guess(accounts, times=MOST_FAILURES.count - 1)
    accounts.sign_in(email=JANE, password=PASSWORD)
