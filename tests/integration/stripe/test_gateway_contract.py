"""The contract of `PaymentGateway`, kept by both gateways, over the simulator that ships with them.

The asynchronous gateway under an event loop, the blocking one in threads; each against a Stripe that attaches the card
of a hold, and one that does not: Stripe does not say what becomes of it when the hold is let go.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from accounts_core.sync import run_sync
from accounts_core.testing.builders import NOON
from accounts_core.testing.contracts import (
    Authenticate,
    GatewayCardsContract,
    GatewayCustomersContract,
    GatewayHoldsContract,
)
from accounts_core.testing.harness import Concurrently, Drive, Thunk
from accounts_core.testing.plugin import in_threads
from accounts_memory import ManualClock, SequenceSecrets
from accounts_stripe import BlockingStripeGateway, StripeGateway
from accounts_stripe.simulator import Simulator, SimulatorHTTPClient

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
