from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import stripe
from tests.unit.stripe_simulator.driving import Driver

from accounts_memory import ManualClock, SequenceSecrets
from accounts_stripe_simulator import Simulator, SimulatorHTTPClient

MAY_DAY = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe, "enable_telemetry", False)  # it asks the operating system who this is


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(MAY_DAY)


@pytest.fixture
def simulator(clock: ManualClock) -> Iterator[Simulator]:
    simulator = Simulator(clock, SequenceSecrets())
    yield simulator
    simulator.close()


@pytest.fixture
def client(simulator: Simulator) -> stripe.StripeClient:
    return stripe.StripeClient("sk_test_simulator", http_client=SimulatorHTTPClient(simulator))


@pytest.fixture
def driver(client: stripe.StripeClient) -> Driver:
    return Driver(client)
