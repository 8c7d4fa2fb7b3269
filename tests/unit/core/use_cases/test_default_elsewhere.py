"""F7: a default that is managed elsewhere, and what replaces it: the person alone."""

from datetime import timedelta

import attrs
import pytest
from tests.unit.core.conftest import Core, Environment

from accounts_core import run_sync
from accounts_core.errors import CardDeclined, ProviderAmbiguous
from accounts_core.model import User
from accounts_core.model.drift import Kind, Repair
from accounts_core.model.events import DefaultCardChanged
from accounts_core.services.outbox_writer import LEASE
from accounts_core.testing.builders import a_provided_card
from accounts_core.use_cases.cards.verify_card import ActionRequired, VerificationResult
from accounts_memory.stripe_cards import Behaviour, Decline


@attrs.frozen
class Jane:
    """Jane with two cards, the first of them the default."""

    user: User
    customer_id: str
    first: str
    second: str


@pytest.fixture
def billed(accounts: Core, jane: User, env: Environment) -> Jane:
    first = verify(accounts, jane, "pm_card_visa")
    env.wait(seconds=1)
    second = verify(accounts, jane, "pm_card_mastercard")
    customer_id = accounts.profile(jane.id).customer_id
    assert customer_id is not None
    return Jane(jane, customer_id, first, second)


def verify(accounts: Core, user: User, token: str) -> str:
    verified = accounts.verify_card(user.id, payment_method=token)
    assert isinstance(verified, VerificationResult)
    return verified.payment_method


@pytest.fixture(params=["bank account", "card of the host's own"])
def foreign(request: pytest.FixtureRequest, billed: Jane, env: Environment) -> str:
    """Make a payment method the default in the provider's dashboard that was never verified here."""
    if request.param == "bank account":
        method = env.gateway.add_other_payment_method("pm_bank", customer_id=billed.customer_id)
    else:
        method = env.gateway.add_payment_method(a_provided_card("pm_checkout", customer_id=billed.customer_id))
    run_sync(env.gateway.set_default(billed.customer_id, method))
    env.events.heard.clear()
    return method


def there(env: Environment, billed: Jane) -> str | None:
    return run_sync(env.gateway.retrieve_customer(billed.customer_id)).default_payment_method


def here(accounts: Core, billed: Jane) -> str | None:
    default = accounts.list_payment_methods(billed.user.id).default
    return None if default is None else default.id


def test_an_event_leaves_it_alone(accounts: Core, billed: Jane, foreign: str, env: Environment) -> None:
    for _ in range(3):
        accounts.sync_customer(billed.customer_id)
        accounts.run_due()

    assert (here(accounts, billed), there(env, billed)) == (billed.first, foreign)
    assert env.events.of(DefaultCardChanged) == []
    assert accounts.list_outbox() == []
    assert foreign not in accounts.list_payment_methods(billed.user.id)


def test_removing_the_default_here_leaves_it_alone(
    accounts: Core, billed: Jane, foreign: str, env: Environment
) -> None:
    accounts.remove_payment_method(billed.user.id, billed.first)

    assert (here(accounts, billed), there(env, billed)) == (billed.second, foreign)


def test_removing_every_card_leaves_it_alone(accounts: Core, billed: Jane, foreign: str, env: Environment) -> None:
    for card in (billed.first, billed.second):
        accounts.remove_payment_method(billed.user.id, card)
    accounts.sync_customer(billed.customer_id)

    assert (here(accounts, billed), there(env, billed)) == (None, foreign)


def test_a_new_first_card_leaves_it_alone(accounts: Core, billed: Jane, foreign: str, env: Environment) -> None:
    for card in (billed.first, billed.second):
        accounts.remove_payment_method(billed.user.id, card)

    third = verify(accounts, billed.user, "pm_card_amex")

    assert (here(accounts, billed), there(env, billed)) == (third, foreign)


def test_a_card_that_takes_the_defaults_place_leaves_it_alone(
    accounts: Core, billed: Jane, foreign: str, env: Environment
) -> None:
    again = verify(accounts, billed.user, "pm_card_visa")

    assert (here(accounts, billed), there(env, billed)) == (again, foreign)


def test_the_default_detached_there_leaves_it_alone(
    accounts: Core, billed: Jane, foreign: str, env: Environment
) -> None:
    run_sync(env.gateway.detach(billed.first))

    accounts.sync_customer(billed.customer_id)

    assert (here(accounts, billed), there(env, billed)) == (billed.second, foreign)


@pytest.mark.parametrize("chosen", ["first", "second"])
def test_a_person_replaces_it_with_the_card_that_they_choose(
    accounts: Core, billed: Jane, foreign: str, env: Environment, chosen: str
) -> None:
    card = getattr(billed, chosen)

    accounts.set_default_payment_method(billed.user.id, card)

    assert (here(accounts, billed), there(env, billed)) == (card, card)


def test_the_persons_choice_is_told_when_the_provider_is_back(
    accounts: Core, billed: Jane, foreign: str, env: Environment
) -> None:
    env.gateway.fail_next("set_default", ProviderAmbiguous())
    accounts.set_default_payment_method(billed.user.id, billed.second)
    accounts.sync_customer(billed.customer_id)
    assert there(env, billed) == foreign

    env.clock.advance(LEASE)
    accounts.run_due()

    assert (here(accounts, billed), there(env, billed)) == (billed.second, billed.second)


def test_the_persons_choice_is_still_one_when_the_same_card_is_verified_again(
    accounts: Core, billed: Jane, foreign: str, env: Environment
) -> None:
    """The provider is away when the person chooses, and another payment method takes the chosen one's place."""
    env.gateway.fail_next("set_default", ProviderAmbiguous())
    accounts.set_default_payment_method(billed.user.id, billed.second)
    assert there(env, billed) == foreign

    again = verify(accounts, billed.user, "pm_card_mastercard")

    assert (here(accounts, billed), there(env, billed)) == (again, again)


def test_the_choice_of_a_card_that_is_gone_replaces_nothing(
    accounts: Core, billed: Jane, foreign: str, env: Environment
) -> None:
    env.gateway.fail_next("set_default", ProviderAmbiguous())
    accounts.set_default_payment_method(billed.user.id, billed.second)
    accounts.remove_payment_method(billed.user.id, billed.second)

    env.clock.advance(LEASE)
    accounts.run_due()

    assert (here(accounts, billed), there(env, billed)) == (billed.first, foreign)
    assert accounts.list_outbox() == []


def test_reconciling_tells_it_and_leaves_it_alone(accounts: Core, billed: Jane, foreign: str, env: Environment) -> None:
    for dry_run in (True, False, True):
        found = accounts.reconcile_cards(dry_run=dry_run)

        told = [drift for drift in found.drifts if drift.kind is Kind.DEFAULT_ELSEWHERE]
        assert [(drift.subject, drift.user_id, drift.repair, drift.detail) for drift in told] == [
            (billed.customer_id, billed.user.id, Repair.LEFT, f"{foreign} there")
        ]
        assert {drift.kind for drift in found.drifts} <= {Kind.DEFAULT_ELSEWHERE, Kind.ORPHANED_CARD}
        assert {drift.repair for drift in found.drifts} == {Repair.LEFT}

    assert str(Kind.DEFAULT_ELSEWHERE) == "default is managed elsewhere"
    assert (here(accounts, billed), there(env, billed)) == (billed.first, foreign)


def test_a_default_that_is_being_verified_is_taken_over_once_it_is(
    accounts: Core, billed: Jane, env: Environment
) -> None:
    """Somebody in the dashboard chooses a card whose verification has not ended: it is not known yet whose it is."""
    env.gateway.fail_next("retrieve_payment_method", ProviderAmbiguous())
    with pytest.raises(ProviderAmbiguous):
        accounts.verify_card(billed.user.id, payment_method="pm_card_amex")
    (newest, *_) = run_sync(env.gateway.list_payment_methods(billed.customer_id))
    assert newest.id not in {billed.first, billed.second}
    run_sync(env.gateway.set_default(billed.customer_id, newest.id))

    accounts.sync_customer(billed.customer_id)
    assert (here(accounts, billed), there(env, billed)) == (billed.first, newest.id)

    env.wait(minutes=2)
    accounts.run_due()
    env.wait(minutes=2)
    accounts.run_due()

    assert (here(accounts, billed), there(env, billed)) == (newest.id, newest.id)
    assert accounts.list_outbox() == []


def test_while_it_is_being_verified_one_reading_waits_however_many_events_come(
    accounts: Core, billed: Jane, env: Environment
) -> None:
    env.gateway.add_payment_method(a_provided_card("pm_new"))
    challenge = accounts.verify_card(billed.user.id, payment_method="pm_card_threeDSecure2Required")
    assert isinstance(challenge, ActionRequired)
    (hold,) = env.gateway.open_holds()
    assert hold.payment_method is not None
    card = run_sync(env.gateway.retrieve_payment_method(hold.payment_method))
    env.gateway.add_payment_method(attrs.evolve(card, customer_id=billed.customer_id))
    run_sync(env.gateway.set_default(billed.customer_id, card.id))

    for _ in range(5):
        accounts.sync_customer(billed.customer_id)

    waiting = [job for job in accounts.list_outbox() if job.topic == "sync_customer"]
    assert [(job.due - env.clock.now(), dict(job.payload)) for job in waiting] == [
        (timedelta(minutes=1), {"customer": billed.customer_id})
    ]
    assert there(env, billed) == card.id


def test_a_card_that_was_declined_here_is_the_choice_of_somebody_else(
    accounts: Core, billed: Jane, env: Environment
) -> None:
    """The host's Checkout has a card on the customer that a verification here did not keep."""
    env.gateway.add_payment_method(
        a_provided_card("pm_checkout", customer_id=billed.customer_id),
        behaviour=Behaviour(decline=Decline(code="card_declined")),
    )
    run_sync(env.gateway.set_default(billed.customer_id, "pm_checkout"))
    with pytest.raises(CardDeclined):
        accounts.verify_card(billed.user.id, payment_method="pm_checkout")

    accounts.sync_customer(billed.customer_id)
    accounts.run_due()

    assert (here(accounts, billed), there(env, billed)) == (billed.first, "pm_checkout")
