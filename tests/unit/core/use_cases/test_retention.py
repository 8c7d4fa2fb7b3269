"""F12, U20: what accumulates is deleted at the age that the policy says, in batches, and can be counted before."""

from datetime import timedelta
from typing import Any

import attrs
import pytest
from tests.unit.core.conftest import PASSWORD, Core, Environment

from accounts_core import run_sync
from accounts_core.model import User
from accounts_core.model.policy import Policy, RetentionPolicy
from accounts_core.ports.cleanup import Expired
from accounts_core.services.expiry import COUNTED_AS, CleanupResult
from accounts_core.testing.builders import a_job, a_notification
from accounts_core.testing.harness import keep
from accounts_core.use_cases.operations.run_cleanup import BATCH
from accounts_memory import MemoryRateLimiter

A_MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)


def put(env: Environment, *entities: Any) -> None:
    run_sync(keep(env.store, *entities))


def notify(accounts: Core, env: Environment, jane: User) -> None:
    put(env, a_notification(user_id=jane.id, created_at=env.clock.now()))


def sign_in(accounts: Core, env: Environment, jane: User) -> None:
    accounts.sign_in(email=jane.email, password=PASSWORD, user_agent="Browser")


def verify(accounts: Core, env: Environment, jane: User) -> None:
    accounts.verify_card(jane.id, payment_method="pm_card_visa")


def park(accounts: Core, env: Environment, jane: User) -> None:
    put(env, a_job(dead_lettered_at=env.clock.now()))


CASES = {
    "notifications": (notify, 400 * DAY),
    "devices": (sign_in, 400 * DAY),
    "verifications": (verify, 400 * DAY),
    "dead_jobs": (park, 90 * DAY),
    "audit": (sign_in, 400 * DAY),
}


@pytest.fixture
def proven(accounts: Core, jane: User) -> User:
    """Jane, whose account does not end for want of a verified address."""
    return accounts.mark_email_verified(jane.id)


@pytest.mark.parametrize("kind", CASES)
def test_f12_it_is_kept_to_the_microsecond_and_then_deleted(
    accounts: Core, env: Environment, proven: User, kind: str
) -> None:
    do, kept = CASES[kind]
    env.wait(days=500)
    accounts.run_cleanup()
    do(accounts, env, proven)
    env.clock.advance(kept - A_MICROSECOND)
    assert getattr(accounts.preview_cleanup(), kind) == getattr(accounts.run_cleanup(), kind) == 0

    env.clock.advance(A_MICROSECOND)

    there = getattr(accounts.preview_cleanup(), kind)
    assert there >= 1
    assert getattr(accounts.run_cleanup(), kind) == there
    assert getattr(accounts.preview_cleanup(), kind) == 0


@pytest.mark.parametrize("kind", CASES)
def test_f12_what_is_kept_for_ever_is_never_deleted(env: Environment, proven: User, kind: str) -> None:
    accounts = env.accounts(Policy(retention=RetentionPolicy(**{kind: None})))
    CASES[kind][0](accounts, env, proven)

    env.wait(days=36_500)

    assert getattr(accounts.preview_cleanup(), kind) == getattr(accounts.run_cleanup(), kind) == 0


@pytest.mark.parametrize("kind", CASES)
def test_f12_the_policy_says_how_long(env: Environment, proven: User, kind: str) -> None:
    accounts = env.accounts(Policy(retention=RetentionPolicy(**{kind: DAY})))
    CASES[kind][0](accounts, env, proven)
    env.clock.advance(DAY)

    assert getattr(accounts.run_cleanup(), kind) >= 1
    with pytest.raises(ValueError, match="a day at least"):
        RetentionPolicy(**{kind: DAY - A_MICROSECOND})


def test_f12_a_device_that_is_used_stays_known(accounts: Core, env: Environment, proven: User) -> None:
    """Its age counts from the last sign-in: else its owner would be warned of it once a year."""
    for _ in range(5):
        sign_in(accounts, env, proven)
        env.wait(days=300)

    assert accounts.run_cleanup().devices == 0
    env.wait(days=100)
    assert accounts.run_cleanup().devices == 1


def test_f12_attempts_go_when_they_count_no_more(env: Environment, proven: User) -> None:
    limits = MemoryRateLimiter()
    accounts = env.accounts(limits=limits)
    sign_in(accounts, env, proven)
    assert limits.scopes >= 1
    env.wait(days=2)

    previewed = accounts.preview_cleanup().attempts
    assert previewed >= 1
    assert accounts.run_cleanup().attempts == previewed
    assert limits.scopes == 0


def test_f12_batches_are_told_of_and_an_interruption_loses_nothing(
    accounts: Core, env: Environment, proven: User
) -> None:
    count = 2 * BATCH + 500
    put(env, *[a_notification(f"ntf_{n}", proven.id) for n in range(count)])
    env.wait(days=400)
    told: list[tuple[str, int]] = []

    def interrupt(name: str, number: int) -> None:
        told.append((name, number))
        if name == "notifications":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        accounts.run_cleanup(on_batch=interrupt)
    assert told[-1] == ("notifications", BATCH)
    assert accounts.preview_cleanup().notifications == count - BATCH

    told.clear()
    tidied = accounts.run_cleanup(on_batch=lambda name, number: told.append((name, number)))

    assert [each for each in told if each[0] == "notifications"] == [("notifications", BATCH), ("notifications", 500)]
    assert tidied.notifications == count - BATCH
    assert accounts.preview_cleanup() == CleanupResult()


def test_f12_every_kind_of_rows_is_told_of() -> None:
    assert set(COUNTED_AS) == set(Expired)
    assert set(COUNTED_AS.values()) | {"attempts", "unverified_accounts"} == set(attrs.fields_dict(CleanupResult))


def test_f12_the_preview_counts_unverified_accounts_too(accounts: Core, env: Environment, jane: User) -> None:
    env.wait(days=31)

    assert accounts.preview_cleanup().unverified_accounts == accounts.run_cleanup().unverified_accounts == 1
