"""Whoever tries many cards is stopped before the provider is asked for another hold."""

from datetime import timedelta

import pytest
from tests.unit.core.conftest import PASSWORD, Core, Environment

from accounts_core import Policy
from accounts_core.errors import CardDeclined, RateLimitExceeded
from accounts_core.model import User
from accounts_core.model.rate_limits import VERIFY_CARD, RateLimit, in_every_scope
from accounts_core.use_cases.cards.verify_card import ActionRequired, VerificationResult
from accounts_memory import MemoryRateLimiter

THREE = Policy(limits=in_every_scope({VERIFY_CARD: RateLimit(3, timedelta(hours=1))}))
DECLINED = "pm_card_chargeDeclined"


@pytest.fixture
def guarded(env: Environment) -> Core:
    return env.accounts(THREE, MemoryRateLimiter())


def holds_asked(env: Environment) -> int:
    return [method for method, _ in env.gateway.calls].count("hold")


def decline(accounts: Core, user: User, token: str = DECLINED, client: str | None = None) -> None:
    with pytest.raises(CardDeclined):
        accounts.verify_card(user.id, payment_method=token, client=client)


def register(accounts: Core, number: int) -> User:
    return accounts.register(email=f"user{number}@example.org", password=PASSWORD, name="Somebody")


def test_a_user_tries_so_many_cards_and_no_more(guarded: Core, jane: User, env: Environment) -> None:
    for token in ("pm_card_visa", "pm_card_mastercard", "pm_card_amex"):
        guarded.verify_card(jane.id, payment_method=token)

    with pytest.raises(RateLimitExceeded) as caught:
        guarded.verify_card(jane.id, payment_method="pm_card_visa")

    assert caught.value.retry_after == timedelta(hours=1)
    assert holds_asked(env) == 3
    env.wait(hours=1)
    assert isinstance(guarded.verify_card(jane.id, payment_method="pm_card_visa"), VerificationResult)


def test_one_client_address_tries_so_many_cards_whatever_the_users(guarded: Core, env: Environment) -> None:
    tokens = [DECLINED, "pm_card_chargeDeclinedExpiredCard", "pm_card_chargeDeclinedIncorrectCvc"]
    for number, token in enumerate(tokens):
        decline(guarded, register(guarded, number), token, client="192.0.2.1")

    with pytest.raises(RateLimitExceeded):
        guarded.verify_card(register(guarded, 9).id, payment_method="pm_card_visa", client="192.0.2.1")
    assert holds_asked(env) == 3
    elsewhere = guarded.verify_card(register(guarded, 10).id, payment_method="pm_card_visa", client="192.0.2.2")
    assert isinstance(elsewhere, VerificationResult)


def test_one_card_is_tried_so_often_whoever_tries_it(guarded: Core, env: Environment) -> None:
    for number in range(3):
        decline(guarded, register(guarded, number), client=f"192.0.2.{number}")

    with pytest.raises(RateLimitExceeded):
        guarded.verify_card(register(guarded, 9).id, payment_method=DECLINED, client="192.0.2.9")

    assert holds_asked(env) == 3
    assert env.gateway.open_holds() == []


def test_going_on_with_a_verification_is_no_new_attempt(guarded: Core, jane: User, env: Environment) -> None:
    token = "pm_card_threeDSecure2Required"
    for _ in range(5):
        assert isinstance(guarded.verify_card(jane.id, payment_method=token), ActionRequired)
    (hold,) = env.gateway.holds.values()
    assert hold.id is not None
    env.gateway.authenticate(hold.id)
    verified = guarded.verify_card(jane.id, payment_method=token)

    assert isinstance(verified, VerificationResult)
    for _ in range(5):
        assert guarded.verify_card(jane.id, payment_method=verified.payment_method) == verified


def test_without_limits_nothing_is_limited(accounts: Core, jane: User) -> None:
    for _ in range(30):
        decline(accounts, jane)
