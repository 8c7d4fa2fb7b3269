"""A verification that is asked for again under the same request is the same one, whatever became of it."""

import pytest
from tests.unit.core.conftest import Core, Environment

from accounts_core.errors import CardDeclined
from accounts_core.model import User


def test_the_same_request_brings_the_same_card(accounts: Core, jane: User, env: Environment) -> None:
    first, again = (
        accounts.verify_card(jane.id, payment_method="pm_card_visa", idempotency_key="one request") for _ in range(2)
    )

    assert first == again
    assert len(env.gateway.holds) == 1


def test_the_same_request_brings_the_same_decline(accounts: Core, jane: User, env: Environment) -> None:
    for _ in range(2):
        with pytest.raises(CardDeclined):
            accounts.verify_card(jane.id, payment_method="pm_card_chargeDeclined", idempotency_key="one request")

    assert len(env.gateway.holds) == 1


def test_another_request_is_another_verification(accounts: Core, jane: User, env: Environment) -> None:
    for key in ("one request", "another"):
        accounts.verify_card(jane.id, payment_method="pm_card_visa", idempotency_key=key)

    assert len(env.gateway.holds) == 2
