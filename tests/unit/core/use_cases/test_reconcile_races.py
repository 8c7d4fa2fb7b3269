"""What changes while everything is compared is somebody's work, and no drift."""

import pytest
from tests.unit.core.conftest import Core, Environment
from tests.unit.core.use_cases.reconciling import another_customer, hold, meanwhile, summary, verify

from accounts_core import run_sync
from accounts_core.errors import NotFound
from accounts_core.model import User
from accounts_core.model.drift import Drift, Kind, Repair
from accounts_core.use_cases.cards.verify_card import ActionRequired

CHALLENGED = "pm_card_authenticationRequired"

either_way = pytest.mark.parametrize("dry_run", [True, False], ids=["dry run", "repair"])


@either_way
def test_a_card_that_was_verified_while_the_provider_was_asked_is_no_drift(
    accounts: Core, jane: User, env: Environment, dry_run: bool
) -> None:
    verify(accounts, jane, "pm_card_visa")
    meanwhile(env, "list_payment_methods", lambda: verify(accounts, jane, "pm_card_amex"))

    assert accounts.reconcile_cards(dry_run=dry_run).drifts == ()
    assert len(accounts.list_payment_methods(jane.id)) == 2


@either_way
def test_a_user_without_cards_who_is_deleted_while_another_is_compared_is_no_drift(
    accounts: Core, jane: User, john: User, env: Environment, dry_run: bool
) -> None:
    """The users are read a page at a time, so what is known of one may be a minute old."""
    verify(accounts, jane, "pm_card_visa")
    accounts.remove_payment_method(john.id, verify(accounts, john, "pm_card_visa"))
    meanwhile(env, "list_payment_methods", lambda: accounts.erase_user(john.id))

    assert accounts.reconcile_cards(dry_run=dry_run).drifts == ()


@either_way
def test_a_user_without_cards_who_is_deleted_while_the_provider_is_asked_is_no_drift(
    accounts: Core, jane: User, env: Environment, dry_run: bool
) -> None:
    accounts.remove_payment_method(jane.id, verify(accounts, jane, "pm_card_visa"))
    meanwhile(env, "retrieve_customer", lambda: accounts.erase_user(jane.id))

    assert accounts.reconcile_cards(dry_run=dry_run).drifts == ()


@either_way
def test_a_customer_that_was_replaced_while_another_was_compared_is_no_drift(
    accounts: Core, jane: User, john: User, env: Environment, dry_run: bool
) -> None:
    verify(accounts, jane, "pm_card_visa")
    verify(accounts, john, "pm_card_visa")

    def lose_and_replace() -> None:
        lost = accounts.profile(john.id).customer_id
        assert lost is not None
        run_sync(env.gateway.delete_customer(lost))
        accounts.sync_customer(lost)
        verify(accounts, john, "pm_card_visa")

    meanwhile(env, "list_payment_methods", lose_and_replace)

    assert accounts.reconcile_cards(dry_run=dry_run).drifts == ()


@either_way
def test_a_user_who_is_deleted_while_the_customers_are_listed_needs_no_repair(
    accounts: Core, jane: User, env: Environment, dry_run: bool
) -> None:
    verify(accounts, jane, "pm_card_visa")
    double = another_customer(env, jane)
    meanwhile(env, "list_customers", lambda: accounts.erase_user(jane.id))

    found = accounts.reconcile_cards(dry_run=dry_run)

    assert {drift.repair for drift in found.drifts} == {Repair.LEFT}
    assert (Kind.UNKNOWN_CUSTOMER, double, Repair.LEFT) in summary(found)


@either_way
def test_a_user_who_is_deleted_while_a_double_is_looked_into_needs_no_repair(
    accounts: Core, jane: User, env: Environment, dry_run: bool
) -> None:
    verify(accounts, jane, "pm_card_visa")
    another_customer(env, jane)

    def erase_at_the_next() -> None:
        """The first list of cards is of the customer that is known, the next of the double."""
        meanwhile(env, "list_payment_methods", lambda: accounts.erase_user(jane.id))

    meanwhile(env, "list_payment_methods", erase_at_the_next)

    found = accounts.reconcile_cards(dry_run=dry_run)

    assert {drift.repair for drift in found.drifts} == {Repair.LEFT}


@either_way
def test_a_double_that_somebody_deletes_meanwhile_is_no_drift(
    accounts: Core, jane: User, env: Environment, dry_run: bool
) -> None:
    verify(accounts, jane, "pm_card_visa")
    double = another_customer(env, jane)
    meanwhile(env, "list_customers", lambda: run_sync(env.gateway.delete_customer(double)))

    assert accounts.reconcile_cards(dry_run=dry_run).drifts == ()


@either_way
def test_a_hold_that_went_while_the_holds_were_listed_is_not_stranded(
    accounts: Core, jane: User, env: Environment, dry_run: bool
) -> None:
    assert isinstance(accounts.verify_card(jane.id, payment_method=CHALLENGED), ActionRequired)
    (waiting,) = env.gateway.open_holds()

    def finish() -> None:
        assert waiting.id is not None
        env.gateway.authenticate(waiting.id)
        verify(accounts, jane, CHALLENGED)

    meanwhile(env, "list_open_holds", finish)

    found = accounts.reconcile_cards(dry_run=dry_run)

    assert (found.holds, found.drifts) == (1, ())


@either_way
def test_a_hold_that_was_declined_since_it_was_listed_is_not_stranded(
    accounts: Core, jane: User, env: Environment, dry_run: bool
) -> None:
    """U28: the challenge of a verification that ended fails while the holds are listed: nothing is frozen."""
    verify(accounts, jane, "pm_card_visa")
    customer_id = accounts.profile(jane.id).customer_id or ""
    (ended,) = (made.verification_id for made in env.gateway.holds.values())
    left = hold(env, customer_id, ended, token=CHALLENGED)
    meanwhile(env, "list_open_holds", lambda: env.gateway.authenticate(left, False))
    env.gateway.calls.clear()

    found = accounts.reconcile_cards(dry_run=dry_run)

    assert (found.holds, found.drifts) == (1, ())
    assert "release" not in [method for method, _ in env.gateway.calls]


@either_way
def test_a_hold_that_the_provider_no_longer_knows_is_not_stranded(
    accounts: Core, jane: User, env: Environment, dry_run: bool
) -> None:
    verify(accounts, jane, "pm_card_visa")
    (ended,) = (made.verification_id for made in env.gateway.holds.values())
    hold(env, accounts.profile(jane.id).customer_id or "", ended)
    env.gateway.fail_next("retrieve_hold", NotFound("hold"))

    kinds = {drift.kind for drift in accounts.reconcile_cards(dry_run=dry_run).drifts}

    assert Kind.STRANDED_HOLD not in kinds


def test_somebody_whose_cards_change_again_and_again_is_left_for_the_next_run(
    accounts: Core, jane: User, john: User, env: Environment
) -> None:
    cards = [verify(accounts, jane, token) for token in ("pm_card_visa", "pm_card_mastercard")]
    verify(accounts, john, "pm_card_visa")
    run_sync(env.gateway.detach(cards[1]))

    def choose_another() -> None:
        default = accounts.list_payment_methods(jane.id).default
        accounts.set_default_payment_method(jane.id, cards[1] if default and default.id == cards[0] else cards[0])
        meanwhile(env, "list_payment_methods", choose_another)

    # not while she is compared, but from the first repair on
    meanwhile(env, "list_payment_methods", lambda: meanwhile(env, "list_payment_methods", choose_another))

    found = accounts.reconcile_cards()

    assert (found.users, found.customers, found.drifts) == (2, 2, ())


@either_way
def test_a_customer_that_is_being_made_is_not_unclaimed(
    accounts: Core, jane: User, env: Environment, dry_run: bool
) -> None:
    told: list[Drift] = []
    meanwhile(env, "create_customer", lambda: told.extend(accounts.reconcile_cards(dry_run=dry_run).drifts))

    verify(accounts, jane, "pm_card_visa")

    assert told == []
    assert accounts.reconcile_cards().drifts == ()


@either_way
def test_the_doubles_of_somebody_who_is_being_verified_are_left_for_later(
    accounts: Core, jane: User, env: Environment, dry_run: bool
) -> None:
    verify(accounts, jane, "pm_card_visa")
    double = another_customer(env, jane)
    accounts.verify_card(jane.id, payment_method=CHALLENGED)

    assert accounts.reconcile_cards(dry_run=dry_run).drifts == ()
    assert run_sync(env.gateway.retrieve_customer(double)).id == double


def test_a_hold_of_a_user_who_has_another_verification_under_way_is_let_go_all_the_same(
    accounts: Core, jane: User, env: Environment
) -> None:
    verify(accounts, jane, "pm_card_visa")
    (ended,) = (made.verification_id for made in env.gateway.holds.values())
    accounts.verify_card(jane.id, payment_method=CHALLENGED)
    customer_id = accounts.profile(jane.id).customer_id
    assert customer_id is not None
    stranded = hold(env, customer_id, ended)

    assert summary(accounts.reconcile_cards()) == [(Kind.STRANDED_HOLD, stranded, Repair.DONE)]
    assert len(env.gateway.open_holds()) == 1
