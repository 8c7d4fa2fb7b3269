"""How often somebody may try, and what a success forgives."""

from datetime import timedelta

import pytest
from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD, Core, Environment

from accounts_core import Policy
from accounts_core.errors import InvalidCredentials, RateLimitExceeded, Unavailable, WrongPassword
from accounts_core.model import User
from accounts_core.model.rate_limits import (
    ACCOUNT,
    CLIENT,
    DEFAULT_RATE_LIMITS,
    INVITE,
    MOST_FAILURES,
    RECOVERY,
    SIGN_IN,
    SIGN_UP,
    RateLimit,
    in_every_scope,
)
from accounts_memory import MemoryRateLimiter

HOUR = timedelta(hours=1)
EMAIL = "jane@example.org"


@pytest.fixture
def limits() -> MemoryRateLimiter:
    return MemoryRateLimiter()


def limited(env: Environment, limits: MemoryRateLimiter, **counts: int) -> Core:
    names = {"sign_in": SIGN_IN, "sign_up": SIGN_UP, "recovery": RECOVERY, "invite": INVITE}
    given = {names[name]: RateLimit(count, HOUR) for name, count in counts.items()}
    return env.accounts(Policy(limits=in_every_scope(given)), limits)


def guess(accounts: Core, email: str = EMAIL, client: str | None = None) -> None:
    with pytest.raises(InvalidCredentials):
        accounts.sign_in(email=email, password=OTHER_PASSWORD, client=client)


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org"])
def test_an_account_is_guessed_at_so_often_whether_or_not_it_is_there(
    env: Environment, limits: MemoryRateLimiter, jane: User, email: str
) -> None:
    accounts = limited(env, limits, sign_in=3)
    for number in range(3):
        guess(accounts, email, client=f"192.0.2.{number}")

    with pytest.raises(RateLimitExceeded):
        accounts.sign_in(email=email, password=PASSWORD, client="192.0.2.9")


def test_a_client_is_stopped_whatever_accounts_it_tries(
    env: Environment, limits: MemoryRateLimiter, jane: User
) -> None:
    accounts = limited(env, limits, sign_in=3)
    for number in range(3):
        guess(accounts, f"user{number}@example.org", client="192.0.2.1")

    with pytest.raises(RateLimitExceeded):
        accounts.sign_in(email=EMAIL, password=PASSWORD, client="192.0.2.1")


@pytest.mark.parametrize(
    ("clients", "other"),
    [
        (["2001:db8:0:1::7", "2001:db8:0:1:ffff::", "2001:DB8:0:1::7"], "2001:db8:0:2::7"),
        (["192.0.2.1", "::ffff:192.0.2.1"], "::ffff:192.0.2.2"),
    ],
)
def test_a_client_is_its_network_of_ipv6_and_an_address_of_ipv4_however_it_is_written(
    env: Environment, limits: MemoryRateLimiter, clients: list[str], other: str
) -> None:
    accounts = env.accounts(Policy(), limits)
    most = DEFAULT_RATE_LIMITS[RECOVERY][CLIENT].count
    for number in range(most):
        accounts.forgot_password(email=f"user{number}@example.org", client=clients[number % len(clients)])

    for client in clients:
        with pytest.raises(RateLimitExceeded):
            accounts.forgot_password(email="one-more@example.org", client=client)
    accounts.forgot_password(email="one-more@example.org", client=other)


def test_a_success_does_not_forgive_the_account_its_attempts(
    env: Environment, limits: MemoryRateLimiter, jane: User
) -> None:
    """With the limits as they come: a limit of the product's holds for every scope, and one would hide another."""
    accounts = env.accounts(limits=limits)
    for _ in range(DEFAULT_RATE_LIMITS[SIGN_IN][ACCOUNT].count):
        accounts.sign_in(email=EMAIL, password=PASSWORD)

    with pytest.raises(RateLimitExceeded):
        accounts.sign_in(email=EMAIL, password=PASSWORD)


def test_a_success_does_not_forgive_the_client_its_attempts(
    env: Environment, limits: MemoryRateLimiter, jane: User
) -> None:
    accounts = env.accounts(limits=limits)
    for number in range(1, DEFAULT_RATE_LIMITS[SIGN_IN][CLIENT].count):
        guess(accounts, f"nobody{number}@example.org", client="192.0.2.1")
    accounts.sign_in(email=EMAIL, password=PASSWORD, client="192.0.2.1")

    with pytest.raises(RateLimitExceeded):
        accounts.sign_in(email=EMAIL, password=PASSWORD, client="192.0.2.1")


def test_a_hundred_failures_in_a_row_close_an_account_until_its_password_is_reset_by_mail(
    env: Environment, limits: MemoryRateLimiter, jane: User
) -> None:
    accounts = limited(env, limits, sign_in=1000)
    for _ in range(MOST_FAILURES.count):
        guess(accounts)
        env.wait(days=1)

    with pytest.raises(RateLimitExceeded):
        accounts.sign_in(email=EMAIL, password=PASSWORD)
    accounts.forgot_password(email=EMAIL)
    accounts.run_due()
    token = env.mailer.delivered[-1].values["token"]
    accounts.reset_password(token=token, password=OTHER_PASSWORD)
    accounts.sign_in(email=EMAIL, password=OTHER_PASSWORD)


def test_a_right_password_ends_the_row_of_failures(env: Environment, limits: MemoryRateLimiter, jane: User) -> None:
    accounts = limited(env, limits, sign_in=1000)
    for _ in range(2):
        for _ in range(MOST_FAILURES.count - 1):
            guess(accounts)
        accounts.sign_in(email=EMAIL, password=PASSWORD)


def test_a_stolen_token_is_no_place_to_guess_the_password_from(
    env: Environment, limits: MemoryRateLimiter, jane: User
) -> None:
    accounts = limited(env, limits, sign_in=3)
    for _ in range(2):
        with pytest.raises(WrongPassword):
            accounts.delete_user(jane.id, password=OTHER_PASSWORD)
    with pytest.raises(WrongPassword):
        accounts.update_profile(jane.id, name="Jane", current_password=OTHER_PASSWORD)

    with pytest.raises(RateLimitExceeded):
        accounts.delete_user(jane.id, password=PASSWORD)


def test_one_client_signs_up_so_many(env: Environment, limits: MemoryRateLimiter) -> None:
    accounts = limited(env, limits, sign_up=2)
    for number in range(2):
        accounts.register(email=f"u{number}@example.org", password=PASSWORD, name="U", client="192.0.2.1")

    with pytest.raises(RateLimitExceeded):
        accounts.register(email="u9@example.org", password=PASSWORD, name="U", client="192.0.2.1")
    env.wait(hours=1)
    accounts.register(email="u9@example.org", password=PASSWORD, name="U", client="192.0.2.1")


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org"])
def test_one_address_is_mailed_so_often(env: Environment, limits: MemoryRateLimiter, jane: User, email: str) -> None:
    accounts = limited(env, limits, recovery=2)
    for _ in range(2):
        accounts.forgot_password(email=email)

    with pytest.raises(RateLimitExceeded):
        accounts.forgot_password(email=email)


def test_one_user_invites_so_many(env: Environment, limits: MemoryRateLimiter, jane: User) -> None:
    accounts = limited(env, limits, invite=2)
    team = accounts.create_team(jane.id, name="Dev team")
    for number in range(2):
        accounts.invite_to_team(jane.id, team.team.id, email=f"u{number}@example.org")

    with pytest.raises(RateLimitExceeded):
        accounts.invite_to_team(jane.id, team.team.id, email="u9@example.org")


class ForgetfulOfNothing(MemoryRateLimiter):
    """Counts, and is away when something is to be forgotten."""

    async def reset(self, name: str, scope: str) -> None:
        raise Unavailable(f"The limits are away, so {name} of {scope} stays.")


def test_whoever_is_signed_in_gets_the_token_though_limits_are_away(env: Environment, jane: User) -> None:
    """The session has committed by then: an error would lose the only copy of its token."""
    accounts = env.accounts(limits=ForgetfulOfNothing())

    signed_in = accounts.sign_in(email=EMAIL, password=PASSWORD)
    assert accounts.authenticate(signed_in.token).user.id == jane.id

    accounts.deactivate(jane.id)
    restored = accounts.restore(email=EMAIL, password=PASSWORD)
    assert accounts.authenticate(restored.token).user.id == jane.id
    assert len(accounts.list_sessions(jane.id)) == 1
