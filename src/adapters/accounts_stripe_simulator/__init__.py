"""A Stripe simulator: a stateful model of the part of Stripe's API that verifies cards.

It can be called in three ways: `Simulator.handle` takes a request and returns the response, `SimulatorHTTPClient`
connects Stripe's SDK to a simulator in the same process, and `serve` listens on a loopback port. The simulator moves no
money. It reads time and randomness only through the core's ports.
"""

from accounts_stripe_simulator.answers import ConnectionLost, Response
from accounts_stripe_simulator.cards import TEST_CARDS
from accounts_stripe_simulator.faults import Call, Fault, FaultKind, Faults
from accounts_stripe_simulator.http_client import SimulatorHTTPClient
from accounts_stripe_simulator.ledger import Ledger
from accounts_stripe_simulator.server import create_app, serve
from accounts_stripe_simulator.simulator import Simulator
from accounts_stripe_simulator.state import State
from accounts_stripe_simulator.webhooks import Order, Plan, Webhook, Webhooks

__all__ = [
    "TEST_CARDS",
    "Call",
    "ConnectionLost",
    "Fault",
    "FaultKind",
    "Faults",
    "Ledger",
    "Order",
    "Plan",
    "Response",
    "Simulator",
    "SimulatorHTTPClient",
    "State",
    "Webhook",
    "Webhooks",
    "create_app",
    "serve",
]
