"""What holds once the worker has nothing left to do, whatever happened before: a sentence and a function each."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from accounts_core import run_sync
from accounts_core.errors import NotFound
from accounts_core.model import Cards, CardVerification, Customer, ProviderPaymentMethod
from accounts_core.model.verification import State
from accounts_core.ports.payment_gateway import HoldStatus
from accounts_core.testing.builders import NOON
from accounts_core.use_cases.verify_card import Verified
from accounts_memory import MemoryGateway

from .restarting import World

LONGEST_RECOVERY: Final = timedelta(days=2)
"""Well before a hold would lapse by itself, after 7 days: it has to be us who let it go."""


def no_hold_is_open(world: World) -> None:
    assert world.gateway.open_holds() == []


def every_hold_was_cancelled_and_none_captured(world: World) -> None:
    assert all(hold.status is HoldStatus.RELEASED for hold in world.gateway.holds.values())


def recovery_does_not_wait_for_holds_to_lapse(world: World) -> None:
    assert world.clock.now() - NOON < LONGEST_RECOVERY


def an_attempt_makes_one_hold_at_most(world: World) -> None:
    counted = Counter(hold.verification_id for hold in world.gateway.holds.values())
    assert all(count == 1 for count in counted.values()), counted


def no_verification_is_open(world: World) -> None:
    assert [each for each in verifications(world) if each.is_open] == []


def every_verified_card_is_attached_and_its_hold_released(world: World) -> None:
    attached = {card.id for card in attached_cards(world)}
    released = {hold.payment_method for hold in world.gateway.holds.values() if hold.status is HoldStatus.RELEASED}
    for card in cards(world):
        assert card.id in attached
        assert card.id in released


def every_card_comes_from_a_verification_that_ended_well(world: World) -> None:
    verified = {each.payment_method for each in verifications(world) if each.state is State.VERIFIED}
    assert {card.id for card in cards(world)} <= verified


def the_list_is_the_providers(world: World) -> None:
    assert {(card.id, card.card) for card in cards(world)} == {(card.id, card.card) for card in attached_cards(world)}


def the_default_is_the_providers(world: World) -> None:
    default = cards(world).default
    customer = billed_customer(world)
    assert (None if default is None else default.id) == (None if customer is None else customer.default_payment_method)


def name_and_address_are_the_providers(world: World) -> None:
    user, customer = world.find_user(), billed_customer(world)
    if user is not None and customer is not None:
        assert (customer.name, customer.email) == (user.name, user.email.address)


def nothing_is_left_to_do_and_nothing_parked(world: World) -> None:
    assert world.outbox() == []


def a_user_has_one_customer_at_most_and_a_deleted_one_none(world: World) -> None:
    user = world.find_user()
    known = [] if user is None or user.customer_id is None else [user.customer_id]
    assert list(customers(world.gateway)) == known


def a_deleted_user_leaves_no_verification_behind(world: World) -> None:
    if world.find_user() is None:
        assert verifications(world) == []


def who_was_told_that_a_card_is_verified_was_told_the_truth(world: World) -> None:
    verified = {each.payment_method for each in verifications(world) if each.state is State.VERIFIED}
    if world.find_user() is not None:
        assert {each.payment_method for each in world.told if isinstance(each, Verified)} <= verified


def reconciling_finds_nothing_to_repair(world: World) -> None:
    found = world.start().reconcile_cards(dry_run=True)
    assert found.drifts == ()
    assert found.is_clean


INVARIANTS: Final[tuple[Callable[[World], None], ...]] = (
    no_hold_is_open,
    every_hold_was_cancelled_and_none_captured,
    recovery_does_not_wait_for_holds_to_lapse,
    an_attempt_makes_one_hold_at_most,
    no_verification_is_open,
    every_verified_card_is_attached_and_its_hold_released,
    every_card_comes_from_a_verification_that_ended_well,
    the_list_is_the_providers,
    the_default_is_the_providers,
    name_and_address_are_the_providers,
    nothing_is_left_to_do_and_nothing_parked,
    a_user_has_one_customer_at_most_and_a_deleted_one_none,
    a_deleted_user_leaves_no_verification_behind,
    who_was_told_that_a_card_is_verified_was_told_the_truth,
    reconciling_finds_nothing_to_repair,
)


def violations(world: World) -> list[str]:
    """Return the invariants that do not hold, as sentences."""
    found = []
    for invariant in INVARIANTS:
        try:
            invariant(world)
        except AssertionError as error:
            found.append(f"not so: {invariant.__name__.replace('_', ' ')}. {error}".strip())
    return found


# ---- looking behind the scenes


def cards(world: World) -> Cards:
    return world.start().list_payment_methods(world.jane.id)


def billed_customer(world: World) -> Customer | None:
    user = world.find_user()
    if user is None or user.customer_id is None:
        return None
    try:
        return run_sync(world.gateway.retrieve_customer(user.customer_id))
    except NotFound:
        return None


def attached_cards(world: World) -> list[ProviderPaymentMethod]:
    """Return every card that any customer has at the provider."""
    return [card for customer in customers(world.gateway).values() for card in attached_to(world.gateway, customer.id)]


def attached_to(gateway: MemoryGateway, customer_id: str) -> list[ProviderPaymentMethod]:
    return list(run_sync(gateway.list_payment_methods(customer_id)))


def customers(gateway: MemoryGateway) -> dict[str, Customer]:
    """The port finds a user's oldest customer only, and the question is whether there is another one."""
    return gateway._provider._customers


def verifications(world: World) -> list[CardVerification]:
    """The port gives the open ones only, and those that ended count here, too."""
    return list(world.store._state.verifications.all())
