"""The contract of `PaymentGateway`, kept by both gateways, over the simulator that ships with them.

The asynchronous gateway under an event loop, the blocking one in threads; each against a Stripe that attaches the card
of a hold, and one that does not: Stripe does not say what becomes of it when the hold is let go.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from accounts_core.sync import run_sync
from accounts_core.testing.builders import NOON
from accounts_core.testing.contracts import (
    Authenticate,
    GatewayCardsContract,
    GatewayCustomersContract,
    GatewayHoldsContract,
    GatewayUsageContract,
    HostAtProvider,
)
from accounts_core.testing.harness import Concurrently, Drive, Thunk
from accounts_core.testing.plugin import in_threads
from accounts_memory import ManualClock, SequenceSecrets
from accounts_stripe import BlockingStripeGateway, StripeGateway
from accounts_stripe_simulator import Simulator, SimulatorHTTPClient

KEY = "sk_test_contract"


async def gather(*thunks: Thunk) -> list[Any]:
    return await asyncio.gather(*(thunk() for thunk in thunks), return_exceptions=True)


@pytest.fixture(params=["attaches", "does not attach"])
def simulator(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A Stripe of its own for each test."""
    simulator = Simulator(ManualClock(NOON), SequenceSecrets(), attaches=request.param == "attaches")
    yield simulator
    assert simulator.ledger().captured == {}
    simulator.close()


@pytest.fixture(params=["asynchronous", "blocking"])
def way(request: pytest.FixtureRequest) -> str:
    way: str = request.param
    return way


@pytest.fixture
def gateway(way: str, simulator: Simulator) -> StripeGateway | BlockingStripeGateway:
    kind = StripeGateway if way == "asynchronous" else BlockingStripeGateway
    return kind.connect(KEY, http_client=SimulatorHTTPClient(simulator))


@pytest.fixture
def drive(way: str) -> Drive:
    return asyncio.run if way == "asynchronous" else run_sync


@pytest.fixture
def concurrently(way: str) -> Concurrently:
    return gather if way == "asynchronous" else in_threads


@pytest.fixture
def authenticate(simulator: Simulator) -> Authenticate:
    async def answer(hold_id: str, succeed: bool) -> None:
        simulator.authenticate(hold_id, succeed=succeed)

    return answer


class TestCustomers(GatewayCustomersContract): ...


class TestCards(GatewayCardsContract): ...


class TestHolds(GatewayHoldsContract): ...


class TestUsage(GatewayUsageContract):
    @pytest.fixture
    def host(self, simulator: Simulator) -> HostAtProvider:
        """What else works on the same account of Stripe's: the host's own code."""
        client = stripe.StripeClient(KEY, http_client=SimulatorHTTPClient(simulator)).v1

        async def subscribe(customer_id: str) -> str:
            return client.subscriptions.create({"customer": customer_id, "items": [{"price": "price_gold"}]}).id

        async def unsubscribe(subscription_id: str) -> None:
            client.subscriptions.cancel(subscription_id)

        async def add_bank_account(customer_id: str) -> str:
            made = client.payment_methods.create({"type": "us_bank_account"})
            return client.payment_methods.attach(made.id, {"customer": customer_id}).id

        async def set_balance(customer_id: str, balance: int) -> None:
            client.customers.update(customer_id, {"balance": balance})

        return HostAtProvider(
            subscribe=subscribe,
            unsubscribe=unsubscribe,
            add_bank_account=add_bank_account,
            set_balance=set_balance,
        )
