"""An event of the provider's says only when to read, never what: so order, number and loss do not matter."""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import attrs
import pytest
from tests.unit.core.conftest import PASSWORD, Core, Environment

from accounts_core import run_sync
from accounts_core.model import PaymentMethod, User
from accounts_core.model.jobs import SyncCustomerJob
from accounts_core.outbox.worker import WorkerRun
from accounts_core.services.expiry import REMEMBERED_FOR
from accounts_core.testing.builders import a_provided_card

Change = Callable[[], object]


@pytest.fixture
def customer_id(accounts: Core, jane: User, env: Environment) -> str:
    return have_two_cards(accounts, jane, env)


def have_two_cards(accounts: Core, user: User, env: Environment) -> str:
    accounts.verify_card(user.id, payment_method="pm_card_visa")
    env.wait(seconds=1)
    accounts.verify_card(user.id, payment_method="pm_card_mastercard")
    return accounts.retrieve_customer(user.id).id


def test_an_event_has_its_customer_read_by_the_worker(
    accounts: Core, jane: User, customer_id: str, env: Environment
) -> None:
    env.gateway.set_balance(customer_id, -250)

    assert accounts.receive_provider_event(id="evt_1", customer_id=customer_id) is True
    assert accounts.run_due() == WorkerRun(done=1)
    assert accounts.profile(jane.id).balance == -250
    assert accounts.list_outbox() == []


def test_an_event_received_twice_is_new_once(accounts: Core, customer_id: str) -> None:
    assert accounts.receive_provider_event(id="evt_1", customer_id=customer_id) is True
    assert accounts.receive_provider_event(id="evt_1", customer_id=customer_id) is False
    assert [job.topic for job in accounts.list_outbox()] == [SyncCustomerJob.topic]


def test_an_event_about_no_customer_is_only_noted(accounts: Core) -> None:
    assert accounts.receive_provider_event(id="evt_1", customer_id=None) is True
    assert accounts.receive_provider_event(id="evt_1", customer_id=None) is False
    assert accounts.list_outbox() == []


def test_an_event_about_a_customer_of_nobodys_ends_well(accounts: Core) -> None:
    accounts.receive_provider_event(id="evt_1", customer_id="cus_of_another_product")

    assert accounts.run_due() == WorkerRun(done=1)


def test_what_cannot_come_again_is_forgotten(accounts: Core, env: Environment) -> None:
    accounts.receive_provider_event(id="evt_old", customer_id=None)
    env.clock.advance(REMEMBERED_FOR - timedelta(microseconds=1))
    accounts.receive_provider_event(id="evt_young", customer_id=None)

    assert accounts.run_cleanup().provider_events == 0

    env.wait(seconds=1)

    assert accounts.run_cleanup().provider_events == 1
    assert accounts.receive_provider_event(id="evt_young", customer_id=None) is False
    assert accounts.receive_provider_event(id="evt_old", customer_id=None) is True


def reissue(env: Environment, card: PaymentMethod, customer_id: str) -> None:
    newer = a_provided_card(card.id, card=attrs.evolve(card.card, exp_year=2040), customer_id=customer_id)
    env.gateway.add_payment_method(newer)


def history(env: Environment, customer_id: str, visa: PaymentMethod, mastercard: PaymentMethod) -> list[Change]:
    """What happens at the provider; each change sends one event."""
    return [
        lambda: reissue(env, visa, customer_id),
        lambda: run_sync(env.gateway.set_default(customer_id, mastercard.id)),
        lambda: run_sync(env.gateway.detach(visa.id)),
        lambda: env.gateway.set_balance(customer_id, -250),
        lambda: reissue(env, mastercard, customer_id),
    ]


@pytest.mark.parametrize("times", [1, 2], ids=["once", "doubled"])
@pytest.mark.parametrize("lost", [0, 2, 4], ids=lambda lost: f"{lost} lost")
def test_in_every_order_of_five_events_the_copy_ends_equal(
    accounts: Core, env: Environment, lost: int, times: int
) -> None:
    """An event comes at its place in the order, but not before its change; those held back come last."""
    for number, order in enumerate(permutations(range(5))):
        jane = accounts.register(email=f"jane{number}@example.org", password=PASSWORD, name="Jane Doe")
        customer_id = have_two_cards(accounts, jane, env)
        mastercard, visa = accounts.list_payment_methods(jane.id)
        held_back = []
        for place, change in enumerate(history(env, customer_id, visa, mastercard)):
            change()
            if order[place] < place:
                deliver(accounts, customer_id, f"evt_{number}_{order[place]}", times)
            else:
                held_back.append(f"evt_{number}_{order[place]}")
        for event in held_back[min(lost, len(held_back) - 1) :]:
            deliver(accounts, customer_id, event, times)

        there = run_sync(env.gateway.list_payment_methods(customer_id))
        here = accounts.list_payment_methods(jane.id)
        assert [(card.id, card.card) for card in here] == [(card.id, card.card) for card in there]
        assert (len(here), here.default is not None and here.default.id) == (1, mastercard.id)
        assert accounts.profile(jane.id).balance == -250


def deliver(accounts: Core, customer_id: str, event: str, times: int) -> None:
    for _ in range(times):
        accounts.receive_provider_event(id=event, customer_id=customer_id)
    accounts.run_due()
