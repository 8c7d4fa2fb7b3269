"""Whatever happens at the provider, the local copy ends the same: cards, default, balance, and the customer itself."""

from collections.abc import Callable, Sequence

import attrs
import pytest
from tests.unit.core.conftest import PASSWORD, Core, Environment

from accounts_core import run_sync
from accounts_core.errors import Invalid, ProviderAmbiguous
from accounts_core.model import Cards, PaymentMethod, ProviderPaymentMethod, User
from accounts_core.model.events import CardRemoved, CardUpdated, CustomerLost, DefaultCardChanged
from accounts_core.ports.clock import Clock
from accounts_core.ports.secrets import Secrets
from accounts_core.testing.builders import a_provided_card
from accounts_core.use_cases.cards.verify_card import VerificationResult
from accounts_memory import MemoryGateway


class BusyProvider(MemoryGateway):
    """A provider with which something happens here, `meanwhile`, when it is asked for a customer's cards; once each."""

    def __init__(self, clock: Clock, secrets: Secrets) -> None:
        super().__init__(clock, secrets)
        self.meanwhile: list[Callable[[], object]] = []

    async def list_payment_methods(self, customer_id: str) -> Sequence[ProviderPaymentMethod]:
        listed = await super().list_payment_methods(customer_id)
        if self.meanwhile:
            self.meanwhile.pop()()
        return listed


@pytest.fixture
def gateway(env: Environment) -> BusyProvider:
    return BusyProvider(env.clock, env.secrets)


@pytest.fixture
def accounts(env: Environment, gateway: BusyProvider) -> Core:
    return attrs.evolve(env, gateway=gateway).accounts()


@attrs.frozen
class Jane:
    """Jane with two cards, the first of them the default, as she is known at the provider."""

    user: User
    customer_id: str
    first: str
    second: str


@pytest.fixture
def billed(accounts: Core, jane: User, env: Environment) -> Jane:
    first = verify(accounts, jane, "pm_card_visa")
    env.wait(seconds=1)
    second = verify(accounts, jane, "pm_card_mastercard")
    env.events.heard.clear()
    return Jane(accounts.profile(jane.id), accounts.retrieve_customer(jane.id).id, first, second)


def verify(accounts: Core, user: User, token: str) -> str:
    verified = accounts.verify_card(user.id, payment_method=token)
    assert isinstance(verified, VerificationResult)
    return verified.payment_method


def default(accounts: Core, user: User) -> tuple[str | None, str | None]:
    """Return the default card here and at the provider."""
    cards = accounts.list_payment_methods(user.id)
    here = None if cards.default is None else cards.default.id
    return here, accounts.retrieve_customer(user.id).default_payment_method


def reissue(gateway: BusyProvider, card: PaymentMethod, customer_id: str, *, last4: str) -> None:
    """Have the card's bank send a new one."""
    newer = a_provided_card(card.id, card=attrs.evolve(card.card, last4=last4), customer_id=customer_id)
    gateway.add_payment_method(newer)


def test_a_copy_that_is_true_stays_as_it_is(
    accounts: Core, billed: Jane, gateway: BusyProvider, env: Environment
) -> None:
    before = accounts.list_payment_methods(billed.user.id)
    gateway.calls.clear()

    accounts.sync_customer(billed.customer_id)

    assert accounts.list_payment_methods(billed.user.id) == before
    assert [method for method, _ in gateway.calls] == ["retrieve_customer", "list_payment_methods"]
    assert env.events.heard == []


def test_a_card_with_newer_details_is_updated(
    accounts: Core, billed: Jane, gateway: BusyProvider, env: Environment
) -> None:
    reissue(gateway, accounts.list_payment_methods(billed.user.id).get(billed.second), billed.customer_id, last4="0007")

    accounts.sync_customer(billed.customer_id)

    card = accounts.list_payment_methods(billed.user.id).get(billed.second)
    assert (card.card.last4, card.is_default) == ("0007", False)
    assert [(event.payment_method, event.last4) for event in updated(env)] == [(billed.second, "0007")]


def updated(env: Environment) -> list[CardUpdated]:
    return [event for event in env.events.heard if isinstance(event, CardUpdated)]


def test_a_card_detached_there_is_gone_here(
    accounts: Core, billed: Jane, gateway: BusyProvider, env: Environment
) -> None:
    run_sync(gateway.detach(billed.second))

    accounts.sync_customer(billed.customer_id)

    assert [card.id for card in accounts.list_payment_methods(billed.user.id)] == [billed.first]
    assert len(env.events.of(CardRemoved)) == 1
    assert env.events.of(DefaultCardChanged) == []


def test_the_default_detached_there_makes_the_newest_left_the_default_in_both_places(
    accounts: Core, billed: Jane, gateway: BusyProvider, env: Environment
) -> None:
    run_sync(gateway.detach(billed.first))

    accounts.sync_customer(billed.customer_id)

    assert default(accounts, billed.user) == (billed.second, billed.second)
    assert len(env.events.of(DefaultCardChanged)) == 1


def test_a_default_chosen_there_is_the_default_here(
    accounts: Core, billed: Jane, gateway: BusyProvider, env: Environment
) -> None:
    run_sync(gateway.set_default(billed.customer_id, billed.second))

    accounts.sync_customer(billed.customer_id)

    assert default(accounts, billed.user) == (billed.second, billed.second)
    assert len(env.events.of(DefaultCardChanged)) == 1


def test_a_default_that_was_cleared_is_ours_again(accounts: Core, billed: Jane, gateway: BusyProvider) -> None:
    run_sync(gateway.set_default(billed.customer_id, None))

    accounts.sync_customer(billed.customer_id)

    assert default(accounts, billed.user) == (billed.first, billed.first)


def test_a_default_chosen_here_and_not_told_yet_is_newer(
    accounts: Core, billed: Jane, gateway: BusyProvider, env: Environment
) -> None:
    gateway.fail_next("set_default", ProviderAmbiguous())
    accounts.set_default_payment_method(billed.user.id, billed.second)

    accounts.sync_customer(billed.customer_id)

    assert default(accounts, billed.user) == (billed.second, billed.first)

    env.wait(minutes=1)
    accounts.run_due()

    assert default(accounts, billed.user) == (billed.second, billed.second)


def test_the_balance_is_mirrored(accounts: Core, billed: Jane, gateway: BusyProvider) -> None:
    gateway.set_balance(billed.customer_id, -250)

    accounts.sync_customer(billed.customer_id)

    assert accounts.profile(billed.user.id).balance == -250


def test_with_a_customer_deleted_there_the_cards_go_and_the_next_verification_makes_a_new_one(
    accounts: Core, billed: Jane, gateway: BusyProvider, env: Environment
) -> None:
    gateway.set_balance(billed.customer_id, -250)
    run_sync(gateway.delete_customer(billed.customer_id))

    accounts.sync_customer(billed.customer_id)

    user = accounts.profile(billed.user.id)
    assert (user.customer_id, user.balance) == (None, 0)
    assert accounts.list_payment_methods(user.id) == Cards()
    assert len(env.events.of(CardRemoved)) == 2
    assert len(env.events.of(CustomerLost)) == 1

    card = verify(accounts, user, "pm_card_visa")

    assert accounts.retrieve_customer(user.id).id != billed.customer_id
    assert default(accounts, user) == (card, card)


def test_a_card_that_is_taken_away_in_mid_verification_is_not_kept(
    accounts: Core, jane: User, gateway: BusyProvider, env: Environment
) -> None:
    gateway.fail_next("retrieve_payment_method", ProviderAmbiguous())
    with pytest.raises(ProviderAmbiguous):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")
    customer = run_sync(gateway.find_customer(jane.hex_id))
    assert customer is not None
    (card,) = run_sync(gateway.list_payment_methods(customer.id))
    run_sync(gateway.detach(card.id))
    env.wait(minutes=1)

    with pytest.raises(Invalid):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")

    assert accounts.list_payment_methods(jane.id) == Cards()


def test_a_customer_that_is_nobodys_here_changes_nothing(accounts: Core, billed: Jane, env: Environment) -> None:
    before = accounts.list_payment_methods(billed.user.id)

    accounts.sync_customer("cus_of_another_product")

    assert accounts.list_payment_methods(billed.user.id) == before
    assert env.events.heard == []


def test_a_provider_that_is_away_changes_nothing(accounts: Core, billed: Jane, gateway: BusyProvider) -> None:
    gateway.fail_next("list_payment_methods", ProviderAmbiguous())

    with pytest.raises(ProviderAmbiguous):
        accounts.sync_customer(billed.customer_id)

    assert len(accounts.list_payment_methods(billed.user.id)) == 2


@pytest.mark.parametrize("succeed", [True, False], ids=["passed", "failed"])
def test_a_challenge_that_was_answered_is_finished(
    accounts: Core, billed: Jane, gateway: BusyProvider, succeed: bool
) -> None:
    accounts.verify_card(billed.user.id, payment_method="pm_card_threeDSecure2Required")
    (hold,) = gateway.open_holds()
    assert hold.id is not None
    gateway.authenticate(hold.id, succeed)

    accounts.sync_customer(billed.customer_id)

    assert len(accounts.list_payment_methods(billed.user.id)) == (3 if succeed else 2)
    assert gateway.open_holds() == []


# ---- what happens here while the provider is asked


def test_a_card_removed_here_meanwhile_stays_removed(accounts: Core, billed: Jane, gateway: BusyProvider) -> None:
    gateway.meanwhile.append(lambda: accounts.remove_payment_method(billed.user.id, billed.first))

    accounts.sync_customer(billed.customer_id)

    assert [card.id for card in accounts.list_payment_methods(billed.user.id)] == [billed.second]
    assert default(accounts, billed.user) == (billed.second, billed.second)


def test_a_card_verified_here_meanwhile_stays(accounts: Core, billed: Jane, gateway: BusyProvider) -> None:
    gateway.meanwhile.append(lambda: verify(accounts, billed.user, "pm_card_amex"))

    accounts.sync_customer(billed.customer_id)

    assert len(accounts.list_payment_methods(billed.user.id)) == 3


def test_a_default_chosen_here_meanwhile_stays(accounts: Core, billed: Jane, gateway: BusyProvider) -> None:
    gateway.meanwhile.append(lambda: accounts.set_default_payment_method(billed.user.id, billed.second))

    accounts.sync_customer(billed.customer_id)

    assert default(accounts, billed.user) == (billed.second, billed.second)


def test_a_user_deleted_meanwhile_is_left_alone(accounts: Core, billed: Jane, gateway: BusyProvider) -> None:
    gateway.meanwhile.append(lambda: accounts.delete_user(billed.user.id, password=PASSWORD))

    accounts.sync_customer(billed.customer_id)

    assert run_sync(gateway.find_customer(billed.user.hex_id)) is None
