"""However many guess at once, no more guesses are weighed than the limit says (CVE-2024-1722's kind).

An attempt is counted before it is looked at, in one step that every process shares. What is counted afterwards, or read
first and written later, lets through whoever comes meanwhile.
"""

from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Final

from tests.security.races.actions import change_password, delete, restore, sign_in
from tests.security.races.arena import OTHER_PASSWORD, PASSWORD, Arena
from tests.security.races.pool import Action, Told

from accounts_core.model.policy import Policy
from accounts_core.model.rate_limits import MOST_FAILURES, SIGN_IN, RateLimit, in_every_scope
from accounts_core.model.user import User

HOUR: Final = timedelta(hours=1)
GUESSES: Final = 120
LIMIT: Final = 10
STRICT: Final = Policy(limits=in_every_scope({SIGN_IN: RateLimit(LIMIT, HOUR)}))
LAX: Final = Policy(limits=in_every_scope({SIGN_IN: RateLimit(1_000_000, HOUR)}))
WRONG: Final = "not the right one, as such"


def guess(user: User, password: str = WRONG, client: str | None = None) -> Action:
    return partial(sign_in, email=user.email.address, password=password, client=client)


def outcomes(told: list[Told]) -> Counter[str]:
    return Counter(each.outcome for each in told)


def test_parallel_guesses_at_an_account_are_weighed_no_oftener_than_the_limit(arena: Arena) -> None:
    """Each comes from another address, as from a botnet (CVE-2024-1722)."""
    jane = arena.sign_up("jane")
    guesses = [guess(jane, client=f"192.0.2.{number}") for number in range(GUESSES)]

    told = arena.race(*guesses, policy=STRICT, is_limited=True)

    assert outcomes(told) == {"InvalidCredentials": LIMIT, "RateLimitExceeded": GUESSES - LIMIT}


def test_parallel_guesses_from_one_address_are_weighed_no_oftener_than_the_limit(arena: Arena) -> None:
    people = [arena.sign_up(f"jane{number}") for number in range(8)]

    told = arena.race(
        *[guess(user, client="192.0.2.1") for user in people] * (GUESSES // 8), policy=STRICT, is_limited=True
    )

    assert outcomes(told) == {"InvalidCredentials": LIMIT, "RateLimitExceeded": GUESSES - LIMIT}


def test_the_right_password_among_too_many_guesses_is_told_no_more_than_a_wrong_one(arena: Arena) -> None:
    jane = arena.sign_up("jane")
    guesses = [guess(jane) for _ in range(GUESSES - 20)] + [guess(jane, PASSWORD) for _ in range(20)]

    told = arena.race(*guesses, policy=STRICT, is_limited=True)

    weighed = outcomes(told)["InvalidCredentials"] + outcomes(told)["done"]
    assert weighed == LIMIT
    assert outcomes(told)["RateLimitExceeded"] == GUESSES - LIMIT
    assert len(arena.rows("sessions")) == outcomes(told)["done"]


def test_wrong_passwords_in_a_row_are_a_hundred_at_most_however_high_the_limit_is_set(arena: Arena) -> None:
    """SP 800-63B-4, 3.2.2."""
    jane = arena.sign_up("jane")
    guesses = [guess(jane) for _ in range(MOST_FAILURES.count + 40)]

    told = arena.race(*guesses, policy=LAX, is_limited=True)

    assert outcomes(told) == {"InvalidCredentials": MOST_FAILURES.count, "TooManyFailures": 40}


def test_every_door_that_takes_a_password_counts_with_the_others(arena: Arena) -> None:
    """Signing in, restoring, changing the password and deleting: one limit for the account, in whatever mixture."""
    jane = arena.sign_up("jane")
    doors: list[Action] = [
        guess(jane),
        partial(restore, email=jane.email.address, password=WRONG),
        partial(change_password, user_id=jane.id, old=WRONG, new=OTHER_PASSWORD),
        partial(delete, user_id=jane.id, password=WRONG),
    ]

    told = arena.race(*doors * (GUESSES // 4), policy=STRICT, is_limited=True)

    weighed = outcomes(told)["InvalidCredentials"] + outcomes(told)["WrongPassword"]
    assert weighed == LIMIT
    assert outcomes(told)["RateLimitExceeded"] == GUESSES - LIMIT
    assert len(arena.rows("users")) == 1


def test_a_success_in_one_account_clears_nothing_of_another_or_of_the_address(arena: Arena) -> None:
    """Whoever guesses at one account is not forgiven for knowing another."""
    jane, eve = arena.sign_up("jane"), arena.sign_up("eve")
    mixed = [guess(jane, client="192.0.2.1"), guess(eve, PASSWORD, client="192.0.2.1")] * (GUESSES // 2)

    told = arena.race(*mixed, policy=STRICT, is_limited=True)

    assert sum(each.error != "RateLimitExceeded" for each in told) == LIMIT
