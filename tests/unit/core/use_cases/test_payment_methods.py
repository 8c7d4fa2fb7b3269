import pytest
from tests.unit.core.conftest import Core, Environment

from accounts_core import run_sync
from accounts_core.errors import NotFound, ProviderAmbiguous
from accounts_core.model import User
from accounts_core.model.events import CardRemoved
from accounts_core.services.outbox_writer import LEASE
from accounts_core.use_cases.cards.verify_card import VerificationResult


def verify(accounts: Core, user: User, token: str) -> str:
    verified = accounts.verify_card(user.id, payment_method=token)
    assert isinstance(verified, VerificationResult)
    return verified.payment_method


def default(accounts: Core, user: User) -> tuple[str | None, str | None]:
    """Return the default card here and at the provider."""
    cards = accounts.list_payment_methods(user.id)
    here = None if cards.default is None else cards.default.id
    return here, accounts.retrieve_customer(user.id).default_payment_method


def test_a_chosen_default_is_the_default_at_the_provider_too(accounts: Core, jane: User) -> None:
    verify(accounts, jane, "pm_card_visa")
    chosen = verify(accounts, jane, "pm_card_mastercard")

    accounts.set_default_payment_method(jane.id, chosen)

    assert default(accounts, jane) == (chosen, chosen)


def test_choosing_the_default_again_tells_the_provider_and_nobody_else(
    accounts: Core, jane: User, env: Environment
) -> None:
    """F7: at the provider it may be another one by now."""
    card = verify(accounts, jane, "pm_card_visa")
    env.gateway.calls.clear()
    env.events.heard.clear()

    accounts.set_default_payment_method(jane.id, card)

    assert [method for method, _ in env.gateway.calls] == ["set_default"]
    assert env.events.heard == []


def test_a_removed_card_is_detached_at_the_provider(accounts: Core, jane: User, env: Environment) -> None:
    card = verify(accounts, jane, "pm_card_visa")

    accounts.remove_payment_method(jane.id, card)

    assert len(accounts.list_payment_methods(jane.id)) == 0
    assert default(accounts, jane) == (None, None)
    assert "detach" in [method for method, _ in env.gateway.calls]
    assert len(env.events.of(CardRemoved)) == 1


def test_removing_the_default_promotes_the_newest_here_and_at_the_provider(
    accounts: Core, jane: User, env: Environment
) -> None:
    first = verify(accounts, jane, "pm_card_visa")
    env.wait(seconds=1)
    verify(accounts, jane, "pm_card_mastercard")
    env.wait(seconds=1)
    newest = verify(accounts, jane, "pm_card_amex")

    accounts.remove_payment_method(jane.id, first)

    assert default(accounts, jane) == (newest, newest)


def test_a_card_is_gone_here_when_the_provider_is_away_and_the_outbox_remembers(
    accounts: Core, jane: User, env: Environment
) -> None:
    card = verify(accounts, jane, "pm_card_visa")
    env.gateway.fail_next("detach", ProviderAmbiguous("away"))

    accounts.remove_payment_method(jane.id, card)

    assert len(accounts.list_payment_methods(jane.id)) == 0
    env.clock.advance(LEASE)
    assert anything_due(env)


def test_somebody_elses_card_is_not_found_and_the_provider_is_not_asked(
    accounts: Core, jane: User, john: User, env: Environment
) -> None:
    card = verify(accounts, jane, "pm_card_visa")
    asked = len(env.gateway.calls)

    for act in (accounts.remove_payment_method, accounts.set_default_payment_method):
        with pytest.raises(NotFound):
            act(john.id, card)

    assert len(env.gateway.calls) == asked
    assert [held.id for held in accounts.list_payment_methods(jane.id)] == [card]


def test_a_user_without_a_card_has_no_billing_customer(accounts: Core, jane: User) -> None:
    with pytest.raises(NotFound):
        accounts.retrieve_customer(jane.id)


def test_the_customers_balance_is_mirrored(accounts: Core, jane: User, env: Environment) -> None:
    verify(accounts, jane, "pm_card_visa")
    env.gateway.set_balance(accounts.retrieve_customer(jane.id).id, -250)

    assert accounts.retrieve_customer(jane.id).balance == -250
    assert accounts.profile(jane.id).balance == -250


def test_the_cards_come_with_the_caller_in_one_read(accounts: Core, jane: User) -> None:
    card = verify(accounts, jane, "pm_card_visa")
    token = accounts.sign_in(email="jane@example.org", password="correct horse battery staple").token

    caller, cards = accounts.authenticate_with_payment_methods(token)

    assert caller.user.id == jane.id
    assert [held.id for held in cards] == [card]


def anything_due(env: Environment) -> bool:
    async def look() -> bool:
        async with env.store.reader() as reader:
            return await reader.outbox.any_due(now=env.clock.now())

    return run_sync(look())
