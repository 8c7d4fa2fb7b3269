"""A14: the provider's customer was deleted in its dashboard, and no event said so."""

import pytest
from tests.unit.core.conftest import PASSWORD, Core, Environment
from tests.unit.core.use_cases.reconciling import verify

from accounts_core import run_sync
from accounts_core.errors import Invalid, NotFound, ProviderAmbiguous, ProviderBusy, ProviderRefused
from accounts_core.model import Cards, User
from accounts_core.model.audit import AuditEntry
from accounts_core.model.events import Actor, CardRejected, CardRemoved, CustomerLost
from accounts_core.ports.payment_gateway import Hold, HoldRequest, HoldStatus
from accounts_core.use_cases.cards.verify_card import ActionRequired, VerificationResult

MISSING = ProviderRefused("resource_missing", "customer")


@pytest.fixture
def lost(accounts: Core, jane: User, env: Environment) -> str:
    """Give Jane a card, and have her customer deleted in the dashboard; return its id."""
    verify(accounts, jane, "pm_card_visa")
    customer_id = accounts.profile(jane.id).customer_id
    assert customer_id is not None
    run_sync(env.gateway.delete_customer(customer_id))
    env.events.heard.clear()
    return customer_id


def is_whole(accounts: Core, env: Environment, user: User, lost: str) -> None:
    """Check that the user has one card, on one new customer, and that nothing is held or left to be done."""
    (card,) = accounts.list_payment_methods(user.id)
    customer_id = accounts.profile(user.id).customer_id
    assert customer_id is not None
    assert customer_id != lost
    customer = run_sync(env.gateway.retrieve_customer(customer_id))
    assert (customer.email, customer.name, customer.user_ref) == ("jane@example.org", "Jane Doe", user.hex_id)
    assert customer.default_payment_method == card.id
    assert [each.id for each in run_sync(env.gateway.list_payment_methods(customer_id))] == [card.id]
    assert env.gateway.open_holds() == []
    assert accounts.list_outbox() == []
    held = [hold for hold in env.gateway.holds.values() if hold.payment_method == card.id]
    assert [hold.status for hold in held] == [HoldStatus.RELEASED]
    assert accounts.reconcile_cards().drifts == ()


def test_a_verification_makes_another_customer_in_the_same_call(
    accounts: Core, jane: User, env: Environment, lost: str
) -> None:
    assert isinstance(accounts.verify_card(jane.id, payment_method="pm_card_mastercard"), VerificationResult)

    is_whole(accounts, env, jane, lost)
    assert [(event.by, event.user_id) for event in env.events.of(CustomerLost)] == [(Actor.PROVIDER, jane.id)]
    assert len(env.events.of(CardRemoved)) == 1
    assert env.events.of(CardRejected) == []


def test_a_challenge_on_another_customer_goes_on_as_any(
    accounts: Core, jane: User, env: Environment, lost: str
) -> None:
    token = "pm_card_threeDSecure2Required"
    assert isinstance(accounts.verify_card(jane.id, payment_method=token), ActionRequired)
    (hold,) = env.gateway.open_holds()
    assert hold.id is not None
    env.gateway.authenticate(hold.id)

    assert isinstance(accounts.verify_card(jane.id, payment_method=token), VerificationResult)

    is_whole(accounts, env, jane, lost)


@pytest.mark.parametrize("error", [ProviderAmbiguous(), ProviderBusy("Away.")], ids=["ambiguous", "busy"])
@pytest.mark.parametrize("is_done", [True, False], ids=["answer lost", "request lost"])
@pytest.mark.parametrize("method", ["find_customer", "create_customer", "hold", "release", "retrieve_payment_method"])
def test_it_survives_a_provider_that_is_away_at_any_step(
    accounts: Core, jane: User, env: Environment, lost: str, method: str, is_done: bool, error: Exception
) -> None:
    if method == "hold":  # the first one is the one that finds out
        env.gateway.fail_next("hold", MISSING)
    env.gateway.fail_next(method, error, after=is_done)
    with pytest.raises((ProviderAmbiguous, ProviderBusy)):
        accounts.verify_card(jane.id, payment_method="pm_card_mastercard")

    env.wait(minutes=2)
    accounts.run_due()

    is_whole(accounts, env, jane, lost)


@pytest.mark.parametrize("crashing", ["begin", "hold", "find_customer", "create_customer"])
def test_a_process_that_dies_on_the_way_is_gone_on_from(
    accounts: Core, jane: User, env: Environment, lost: str, crashing: str
) -> None:
    """Dies when it would write down that the customer is lost, and at each call that follows."""

    class Died(Exception):
        pass

    ask = env.gateway.hold
    asked = 0

    async def hold(*args: object, **kwargs: object) -> object:
        nonlocal asked
        asked += 1
        if asked == 2 and crashing == "hold":
            raise Died
        try:
            return await ask(*args, **kwargs)  # type: ignore[arg-type]
        except ProviderRefused:
            if crashing == "begin":
                raise Died from None
            if crashing != "hold":
                env.gateway.fail_next(crashing, Died())
            raise

    env.gateway.hold = hold  # type: ignore[method-assign,assignment]
    with pytest.raises(Died):
        accounts.verify_card(jane.id, payment_method="pm_card_mastercard")
    env.gateway.hold = ask  # type: ignore[method-assign]

    env.wait(minutes=2)
    accounts.run_due()

    is_whole(accounts, env, jane, lost)


def test_a_customer_that_is_lost_twice_makes_no_third_one(
    accounts: Core, jane: User, env: Environment, lost: str
) -> None:
    """A provider that takes customers and does not know them, such as with another account's key, ends it."""
    for _ in range(3):
        env.gateway.fail_next("hold", MISSING)

    with pytest.raises(ProviderBusy):
        accounts.verify_card(jane.id, payment_method="pm_card_mastercard")

    assert [method for method, _ in env.gateway.calls].count("create_customer") == 2
    assert [method for method, _ in env.gateway.calls].count("hold") == 3
    (rejected,) = env.events.of(CardRejected)
    assert isinstance(rejected, CardRejected)
    assert (rejected.code, rejected.outcome) == ("customer_lost", "failed")
    env.gateway._calls._faults.clear()
    accounts.run_due()
    verify(accounts, jane, "pm_card_amex")


def test_the_hold_on_another_customer_has_a_key_of_its_own(
    accounts: Core, jane: User, env: Environment, lost: str
) -> None:
    """A provider may keep the refusal under the first key, and never takes other parameters under it."""
    ask = env.gateway.hold
    asked: list[tuple[str, str]] = []

    async def hold(request: HoldRequest, *, key: str) -> Hold:
        asked.append((request.customer_id, key.partition(":")[2]))
        return await ask(request, key=key)

    env.gateway.hold = hold  # type: ignore[method-assign]
    verify(accounts, jane, "pm_card_mastercard")

    assert asked == [(lost, "hold"), (accounts.profile(jane.id).customer_id, "hold:again")]


def test_a_missing_payment_method_is_no_lost_customer(accounts: Core, jane: User, env: Environment) -> None:
    verify(accounts, jane, "pm_card_visa")

    with pytest.raises(Invalid, match="No such payment method"):
        accounts.verify_card(jane.id, payment_method="pm_missing")

    assert env.events.of(CustomerLost) == []


def test_two_verifications_at_once_share_the_new_customer(
    accounts: Core, jane: User, env: Environment, lost: str
) -> None:
    env.gateway.fail_next("hold", ProviderAmbiguous())
    with pytest.raises(ProviderAmbiguous):
        accounts.verify_card(jane.id, payment_method="pm_card_amex")
    accounts.verify_card(jane.id, payment_method="pm_card_mastercard")
    env.wait(minutes=2)
    accounts.run_due()

    customer_id = accounts.profile(jane.id).customer_id
    assert customer_id is not None
    assert {card.card.brand for card in accounts.list_payment_methods(jane.id)} == {"amex", "mastercard"}
    assert len(run_sync(env.gateway.list_payment_methods(customer_id))) == 2
    assert [each.id for each in run_sync(env.gateway.list_customers()).items] == [customer_id]
    assert len(env.events.of(CustomerLost)) == 1


def test_a_user_deleted_meanwhile_gets_no_other_customer(
    accounts: Core, jane: User, env: Environment, lost: str
) -> None:
    env.gateway.fail_next("hold", ProviderAmbiguous())
    with pytest.raises(ProviderAmbiguous):
        accounts.verify_card(jane.id, payment_method="pm_card_mastercard")
    accounts.delete_user(jane.id, password=PASSWORD)

    env.wait(minutes=2)
    accounts.run_due()
    env.wait(minutes=2)
    accounts.run_due()

    assert run_sync(env.gateway.list_customers()).items == []
    assert env.gateway.open_holds() == []
    assert accounts.list_outbox() == []


# ---- the other calls


def test_retrieving_is_not_found_and_has_the_copy_put_right(
    accounts: Core, jane: User, env: Environment, lost: str
) -> None:
    for _ in range(3):
        with pytest.raises(NotFound):
            accounts.retrieve_customer(jane.id)
    assert len(accounts.list_outbox()) == 1

    accounts.run_due()

    assert accounts.list_payment_methods(jane.id) == Cards()
    assert accounts.profile(jane.id).customer_id is None


def test_choosing_a_default_has_the_copy_put_right(accounts: Core, jane: User, env: Environment, lost: str) -> None:
    (card,) = accounts.list_payment_methods(jane.id)

    accounts.set_default_payment_method(jane.id, card.id)
    accounts.run_due()

    assert accounts.list_payment_methods(jane.id) == Cards()
    assert accounts.list_outbox() == []


def test_another_name_has_the_copy_put_right(accounts: Core, jane: User, env: Environment, lost: str) -> None:
    accounts.update_profile(jane.id, name="Jane Roe")
    accounts.run_due()

    assert accounts.list_payment_methods(jane.id) == Cards()
    assert accounts.list_outbox() == []


def test_removing_a_card_works(accounts: Core, jane: User, env: Environment, lost: str) -> None:
    (card,) = accounts.list_payment_methods(jane.id)

    accounts.remove_payment_method(jane.id, card.id)
    accounts.run_due()

    assert accounts.list_payment_methods(jane.id) == Cards()
    assert accounts.list_outbox() == []


def test_deleting_the_user_works(accounts: Core, jane: User, env: Environment, lost: str) -> None:
    assert accounts.preview_deletion(jane.id).blocked_by == ()

    accounts.delete_user(jane.id, password=PASSWORD)

    assert accounts.list_outbox() == []


def test_the_trail_does_not_name_the_customer(accounts: Core, jane: User, env: Environment, lost: str) -> None:
    """M11: a provider's id is nothing for the person."""
    accounts.sync_customer(lost)

    entries = [entry for entry in accounts.list_activity(jane.id) if entry.action == "customer_lost"]

    assert [(entry.by, dict(entry.details)) for entry in entries] == [(Actor.PROVIDER, {})]
    (event,) = env.events.of(CustomerLost)
    assert isinstance(event, CustomerLost)
    assert event.customer_id == lost
    assert AuditEntry.of(event).details == {}
