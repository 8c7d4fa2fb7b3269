"""What people, the provider's dashboard and the worker do: each is run once clean, then once for every blow."""

from collections.abc import Callable
from typing import Final

import attrs
from tests.unit.core.conftest import PASSWORD

from accounts_core import run_sync
from accounts_core.errors import CallerError, ProviderAmbiguous
from accounts_core.model import Email
from accounts_core.testing.builders import a_provided_card
from accounts_core.use_cases.effects import LEASE

from .restarting import Core, World, survived

VISA: Final = "pm_card_visa"
MASTERCARD: Final = "pm_card_mastercard"
AMEX: Final = "pm_card_amex"
DECLINED: Final = "pm_card_chargeDeclined"
CHALLENGED: Final = "pm_card_threeDSecure2Required"


@attrs.frozen(kw_only=True)
class Scenario:
    """`prepare` happens in peace, `act` is what breaks, and `comes_anyway` what the provider sends until we take it."""

    name: str
    prepare: Callable[[World], object]
    act: Callable[[World, Core], object]
    comes_anyway: Callable[[World, Core], object] | None = None


def verify(token: str) -> Callable[[World, Core], object]:
    return lambda world, accounts: world.verify(accounts, token)


def having(*tokens: str) -> Callable[[World], object]:
    def prepare(world: World) -> None:
        first, *_ = [world.have(token) for token in tokens]
        world.know(first_card=first)

    return prepare


def challenged(*, answered: bool | None = None) -> Callable[[World], object]:
    def prepare(world: World) -> None:
        world.verify(world.start(), CHALLENGED)
        if answered is not None:
            world.answer_challenge(succeed=answered)

    return prepare


def challenge_answer_finish(world: World, accounts: Core) -> None:
    world.verify(accounts, CHALLENGED)
    world.answer_challenge()
    world.verify(accounts, CHALLENGED)


def remove_default(world: World, accounts: Core) -> None:
    accounts.remove_payment_method(world.jane.id, world.known.first_card)


def choose_newest(world: World, accounts: Core) -> None:
    newest, *_ = accounts.list_payment_methods(world.jane.id)
    accounts.set_default_payment_method(world.jane.id, newest.id)


def delete_jane(world: World, accounts: Core) -> None:
    accounts.delete_user(world.jane.id, password=PASSWORD)


def interrupted_at(step: str) -> Callable[[World], object]:
    """Have a verification whose answer was lost at this step, and that nobody drives any more."""

    def prepare(world: World) -> None:
        world.gateway.fail_next(step, ProviderAmbiguous(), after=True)
        with survived():
            world.verify(world.start(), VISA)

    return prepare


def work_later(world: World, accounts: Core) -> None:
    world.clock.advance(LEASE)
    accounts.run_due()


def in_dashboard(change: Callable[[World], object]) -> Callable[[World], object]:
    """Have two cards, and a change in the provider's dashboard that nobody here has heard of."""

    def prepare(world: World) -> None:
        world.have(VISA)
        world.have(MASTERCARD)
        world.know(customer_id=world.customer_id)
        change(world)

    return prepare


def hear_of_it(world: World, accounts: Core) -> None:
    accounts.receive_provider_event(id="evt_1", customer_id=world.known.customer_id)
    accounts.run_due()


def detach_default(world: World) -> None:
    default = world.start().list_payment_methods(world.jane.id).default
    assert default is not None
    run_sync(world.gateway.detach(default.id))


def choose_another_default(world: World) -> None:
    newest, *_ = world.start().list_payment_methods(world.jane.id)
    run_sync(world.gateway.set_default(world.customer_id, newest.id))


def update_card(world: World) -> None:
    newest, *_ = world.start().list_payment_methods(world.jane.id)
    reissued = a_provided_card(newest.id, card=attrs.evolve(newest.card, last4="0007"), customer_id=world.customer_id)
    world.gateway.add_payment_method(reissued)


def delete_customer(world: World) -> None:
    run_sync(world.gateway.delete_customer(world.customer_id))


def move(world: World, accounts: Core) -> None:
    accounts.update_profile(world.jane.id, name="Jane Roe", email=Email("roe@example.org"))


def try_declined(world: World, accounts: Core) -> None:
    try:
        world.verify(accounts, DECLINED)
    except CallerError:
        return


def nothing(world: World) -> None:
    pass


SCENARIOS: Final = (
    Scenario(name="the first card", prepare=nothing, act=verify(VISA)),
    Scenario(name="a second card", prepare=having(VISA), act=verify(MASTERCARD)),
    Scenario(name="the same card again", prepare=having(MASTERCARD, VISA), act=verify(MASTERCARD)),
    Scenario(name="a decline", prepare=nothing, act=try_declined),
    Scenario(name="an unknown card", prepare=having(VISA), act=verify("pm_unknown")),
    Scenario(name="a challenge that nobody answers", prepare=nothing, act=verify(CHALLENGED)),
    Scenario(name="a challenge and its end", prepare=having(VISA), act=challenge_answer_finish),
    Scenario(name="an answered challenge", prepare=challenged(answered=True), act=verify(CHALLENGED)),
    Scenario(name="a failed challenge", prepare=challenged(answered=False), act=verify(CHALLENGED)),
    Scenario(name="removing the only card", prepare=having(VISA), act=remove_default),
    Scenario(name="removing the default of two", prepare=having(VISA, MASTERCARD), act=remove_default),
    Scenario(name="choosing the default", prepare=having(VISA, MASTERCARD), act=choose_newest),
    Scenario(name="deleting a user with cards", prepare=having(VISA, MASTERCARD), act=delete_jane),
    Scenario(name="deleting a user who is challenged", prepare=challenged(), act=delete_jane),
    *(
        Scenario(name=f"deleting a user whose {step} was lost", prepare=interrupted_at(step), act=delete_jane)
        for step in ("create_customer", "hold", "release", "attach")
    ),
    Scenario(name="changing name and address", prepare=having(VISA), act=move),
    Scenario(name="the worker going on after a lost hold", prepare=interrupted_at("hold"), act=work_later),
    *(
        Scenario(name=f"hearing that {what}", prepare=in_dashboard(change), act=hear_of_it, comes_anyway=hear_of_it)
        for what, change in (
            ("the default was detached", detach_default),
            ("another default was chosen", choose_another_default),
            ("a card was updated", update_card),
            ("the customer was deleted", delete_customer),
        )
    ),
    Scenario(
        name="a card after the customer was deleted",
        prepare=in_dashboard(delete_customer),
        act=verify(AMEX),
        comes_anyway=hear_of_it,
    ),
)
