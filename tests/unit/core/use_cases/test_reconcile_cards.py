"""Where this side and the provider differ is found, told, and put right; what may be another's is left alone."""

from datetime import timedelta

import attrs
import pytest
from tests.unit.core.conftest import Core, Environment
from tests.unit.core.use_cases.reconciling import another_customer, hold, summary, verify

from accounts_core import run_sync
from accounts_core.errors import ProviderBusy, ProviderError, ProviderRefused
from accounts_core.model import User
from accounts_core.model.drift import Drift, Kind, Reconciliation, Repair
from accounts_core.testing.builders import a_provided_card
from accounts_core.use_cases.cards.verify_card import ActionRequired
from accounts_core.use_cases.operations.reconcile_cards import NOBODYS_AFTER


@attrs.frozen
class Billed:
    """Jane with two cards, the first of them the default."""

    user: User
    customer_id: str
    first: str
    second: str


@pytest.fixture
def billed(accounts: Core, jane: User, env: Environment) -> Billed:
    first = verify(accounts, jane, "pm_card_visa")
    env.wait(seconds=1)
    second = verify(accounts, jane, "pm_card_mastercard")
    user = accounts.profile(jane.id)
    assert user.customer_id is not None
    return Billed(user, user.customer_id, first, second)


def stored(env: Environment) -> object:
    return env.store._state


def repaired(accounts: Core, env: Environment, kind: Kind, subject: str) -> Drift:
    """See this one drift told, then repaired, then gone; telling changes nothing."""
    before = stored(env)
    told = accounts.reconcile_cards(dry_run=True)
    assert (summary(told), told.is_clean, stored(env)) == ([(kind, subject, Repair.NEEDED)], False, before)

    found = accounts.reconcile_cards()

    assert (summary(found), found.is_clean) == ([(kind, subject, Repair.DONE)], True)
    assert accounts.reconcile_cards().drifts == ()
    return found.drifts[0]


def test_where_both_sides_agree_there_is_nothing_to_tell(accounts: Core, billed: Billed, john: User) -> None:
    found = accounts.reconcile_cards()

    assert found == Reconciliation(users=1, customers=1, holds=0)
    assert found.is_clean


def test_a_hold_of_a_verification_that_ended_is_let_go(accounts: Core, billed: Billed, env: Environment) -> None:
    (ended, _) = (hold.verification_id for hold in env.gateway.holds.values())
    stranded = hold(env, billed.customer_id, ended)
    orphan = env.gateway.holds[stranded].payment_method
    assert orphan is not None
    run_sync(env.gateway.detach(orphan))

    drift = repaired(accounts, env, Kind.STRANDED_HOLD, stranded)

    assert drift.user_id == billed.user.id
    assert "100 usd" in drift.detail
    assert env.gateway.open_holds() == []


def test_a_hold_that_nobody_here_asked_for_is_let_go_when_it_is_a_day_old(
    accounts: Core, billed: Billed, env: Environment
) -> None:
    foreign = run_sync(env.gateway.create_customer(user_ref="of another database", key="other"))
    stranded = hold(env, foreign.id)

    young = accounts.reconcile_cards()
    env.clock.advance(NOBODYS_AFTER)
    old = accounts.reconcile_cards()

    unknown = (Kind.UNKNOWN_CUSTOMER, foreign.id, Repair.LEFT)
    assert summary(young) == [unknown, (Kind.STRANDED_HOLD, stranded, Repair.LEFT)]
    assert summary(old) == [unknown, (Kind.STRANDED_HOLD, stranded, Repair.DONE)]
    assert env.gateway.open_holds() == []


@pytest.mark.parametrize("error", [ProviderRefused("not_now"), ProviderBusy("busy")])
def test_a_hold_that_cannot_be_let_go_is_told_and_does_not_hide_the_next(
    accounts: Core, billed: Billed, env: Environment, error: ProviderError
) -> None:
    foreign = run_sync(env.gateway.create_customer(user_ref=billed.user.hex_id, key="double"))
    older, newer = hold(env, foreign.id, "cv_older"), hold(env, foreign.id, "cv_newer")
    env.clock.advance(NOBODYS_AFTER)
    env.gateway.fail_next("release", error)

    found = accounts.reconcile_cards()

    holds = [drift for drift in found.drifts if drift.kind is Kind.STRANDED_HOLD]
    assert [(drift.subject, drift.repair) for drift in holds] == [(newer, Repair.NEEDED), (older, Repair.DONE)]
    assert str(error) in holds[0].detail
    assert (found.stopped_by, found.is_clean) == (None, False)


def test_a_hold_that_is_being_verified_is_left_to_its_verification(
    accounts: Core, jane: User, env: Environment
) -> None:
    assert isinstance(accounts.verify_card(jane.id, payment_method="pm_card_authenticationRequired"), ActionRequired)

    assert accounts.reconcile_cards().drifts == ()
    assert len(env.gateway.open_holds()) == 1


def test_a_card_that_came_of_a_verification_and_is_not_the_users_is_detached(
    accounts: Core, billed: Billed, env: Environment
) -> None:
    env.gateway.fail_next("detach", ProviderBusy("busy"))
    accounts.remove_payment_method(billed.user.id, billed.second)

    drift = repaired(accounts, env, Kind.ORPHANED_CARD, billed.second)

    assert "mastercard 4444" in drift.detail
    there = run_sync(env.gateway.list_payment_methods(billed.customer_id))
    assert [card.id for card in there] == [billed.first]


def test_a_repair_that_the_provider_does_not_do_at_once_is_the_outboxes(
    accounts: Core, billed: Billed, env: Environment
) -> None:
    env.gateway.fail_next("detach", ProviderBusy("busy"))
    accounts.remove_payment_method(billed.user.id, billed.second)
    env.gateway.fail_next("detach", ProviderBusy("still busy"))

    found = accounts.reconcile_cards()

    assert summary(found) == [(Kind.ORPHANED_CARD, billed.second, Repair.QUEUED)]
    assert not found.is_clean
    env.wait(minutes=10)
    accounts.run_due()
    assert accounts.reconcile_cards().drifts == ()


def test_a_default_that_the_provider_does_not_take_at_once_is_the_outboxes(
    accounts: Core, billed: Billed, env: Environment
) -> None:
    run_sync(env.gateway.set_default(billed.customer_id, None))
    env.gateway.fail_next("set_default", ProviderBusy("busy"))

    assert summary(accounts.reconcile_cards()) == [(Kind.DIFFERING_DEFAULT, billed.customer_id, Repair.QUEUED)]


def test_a_card_that_was_never_verified_here_is_told_and_left_alone(
    accounts: Core, billed: Billed, env: Environment
) -> None:
    env.gateway.add_payment_method(a_provided_card("pm_hosts_own", customer_id=billed.customer_id))

    found = accounts.reconcile_cards()

    assert summary(found) == [(Kind.ORPHANED_CARD, "pm_hosts_own", Repair.LEFT)]
    assert "never verified here" in found.drifts[0].detail
    assert run_sync(env.gateway.retrieve_payment_method("pm_hosts_own")).customer_id == billed.customer_id


def test_another_default_there_is_taken_over(accounts: Core, billed: Billed, env: Environment) -> None:
    run_sync(env.gateway.set_default(billed.customer_id, billed.second))

    drift = repaired(accounts, env, Kind.DIFFERING_DEFAULT, billed.customer_id)

    assert drift.detail == f"here {billed.first}, there {billed.second}"
    default = accounts.list_payment_methods(billed.user.id).default
    assert default is not None
    assert default.id == billed.second


def test_no_default_there_becomes_ours(accounts: Core, billed: Billed, env: Environment) -> None:
    run_sync(env.gateway.set_default(billed.customer_id, None))

    repaired(accounts, env, Kind.DIFFERING_DEFAULT, billed.customer_id)

    assert accounts.retrieve_customer(billed.user.id).default_payment_method == billed.first


def test_a_card_that_is_gone_there_goes_here(accounts: Core, billed: Billed, env: Environment) -> None:
    run_sync(env.gateway.detach(billed.second))

    repaired(accounts, env, Kind.DIFFERING_CARDS, billed.customer_id)

    assert [card.id for card in accounts.list_payment_methods(billed.user.id)] == [billed.first]


def test_a_customer_that_was_deleted_there_is_forgotten_with_its_cards(
    accounts: Core, billed: Billed, env: Environment
) -> None:
    run_sync(env.gateway.delete_customer(billed.customer_id))

    drift = repaired(accounts, env, Kind.LOST_CUSTOMER, billed.customer_id)

    assert drift.detail == "cards that went with it: 2"
    assert accounts.profile(billed.user.id).customer_id is None
    verify(accounts, billed.user, "pm_card_visa")
    assert accounts.reconcile_cards().drifts == ()


def test_a_second_customer_of_a_user_is_deleted(accounts: Core, billed: Billed, env: Environment) -> None:
    double = another_customer(env, billed.user)

    drift = repaired(accounts, env, Kind.DOUBLED_CUSTOMER, double)

    assert drift.user_id == billed.user.id
    found = run_sync(env.gateway.find_customer(billed.user.hex_id))
    assert found is not None
    assert found.id == billed.customer_id


def test_a_second_customer_with_a_balance_is_for_people_to_decide(
    accounts: Core, billed: Billed, env: Environment
) -> None:
    double = another_customer(env, billed.user)
    env.gateway.set_balance(double, -500)

    assert summary(accounts.reconcile_cards()) == [(Kind.DOUBLED_CUSTOMER, double, Repair.LEFT)]
    assert run_sync(env.gateway.retrieve_customer(double)).balance == -500


def test_a_second_customer_with_a_card_of_another_service_is_for_people_to_decide(
    accounts: Core, billed: Billed, env: Environment
) -> None:
    double = another_customer(env, billed.user)
    env.gateway.add_payment_method(a_provided_card("pm_hosts_own", customer_id=double))

    found = accounts.reconcile_cards()

    assert summary(found) == [(Kind.DOUBLED_CUSTOMER, double, Repair.LEFT)]
    assert found.drifts[0].detail == "has pm_hosts_own, never verified here"
    assert [card.id for card in run_sync(env.gateway.list_payment_methods(double))] == ["pm_hosts_own"]


def test_of_customers_whose_user_knows_of_none_the_oldest_is_taken_and_the_others_go(
    accounts: Core, jane: User, env: Environment
) -> None:
    oldest, other = another_customer(env, jane, "first"), another_customer(env, jane, "second")
    env.gateway.set_balance(oldest, 120)

    told, found = accounts.reconcile_cards(dry_run=True), accounts.reconcile_cards()

    for each, repair in ((told, Repair.NEEDED), (found, Repair.DONE)):
        assert summary(each) == [(Kind.UNCLAIMED_CUSTOMER, oldest, repair), (Kind.DOUBLED_CUSTOMER, other, repair)]
    assert accounts.reconcile_cards().drifts == ()
    user = accounts.profile(jane.id)
    assert (user.customer_id, user.balance) == (oldest, 120)
    assert accounts.retrieve_customer(jane.id).email == "jane@example.org"


@pytest.mark.parametrize("ref", ["", "7", "zz" * 12, "0" * 24, "f" * 24, "69a42bc0000000000000ffff"])
def test_a_customer_of_nobody_here_is_told_and_left_alone(
    accounts: Core, billed: Billed, env: Environment, ref: str
) -> None:
    foreign = run_sync(env.gateway.create_customer(user_ref=ref, key="foreign"))

    assert summary(accounts.reconcile_cards()) == [(Kind.UNKNOWN_CUSTOMER, foreign.id, Repair.LEFT)]
    assert run_sync(env.gateway.retrieve_customer(foreign.id)).id == foreign.id


def test_a_customer_of_the_same_number_in_another_database_is_nobodys_here(
    accounts: Core, jane: User, env: Environment
) -> None:
    """Both databases have a user 1; when they signed up tells them apart."""
    elsewhere = attrs.evolve(jane, created_at=jane.created_at + timedelta(seconds=1))
    foreign = another_customer(env, elsewhere)

    assert summary(accounts.reconcile_cards()) == [(Kind.UNKNOWN_CUSTOMER, foreign, Repair.LEFT)]
    verify(accounts, jane, "pm_card_visa")
    assert accounts.profile(jane.id).customer_id != foreign


def test_a_default_that_is_about_to_be_told_is_no_drift(accounts: Core, billed: Billed, env: Environment) -> None:
    env.gateway.fail_next("set_default", ProviderBusy("busy"))
    accounts.set_default_payment_method(billed.user.id, billed.second)

    assert accounts.reconcile_cards().drifts == ()


@pytest.mark.parametrize("method", ["retrieve_customer", "list_payment_methods", "list_customers", "list_open_holds"])
def test_a_provider_that_is_away_ends_it_and_what_was_found_is_told(
    accounts: Core, billed: Billed, env: Environment, method: str
) -> None:
    run_sync(env.gateway.set_default(billed.customer_id, billed.second))
    env.gateway.fail_next(method, ProviderBusy("busy"))

    found = accounts.reconcile_cards(dry_run=True)

    assert found.stopped_by == "ProviderBusy: busy"
    assert not found.is_clean
    assert accounts.reconcile_cards(dry_run=True).stopped_by is None


def test_more_users_customers_and_holds_than_one_page_are_all_looked_at(accounts: Core, env: Environment) -> None:
    for number in range(102):
        user = accounts.register(email=f"u{number}@example.org", password="correct horse battery staple", name="U")
        verify(accounts, user, "pm_card_visa")
        hold(env, accounts.profile(user.id).customer_id or "", f"cv_{number}")

    found = accounts.reconcile_cards(dry_run=True)

    assert (found.users, found.customers, found.holds) == (102, 102, 102)
