"""A Stripe simulator: a stateful model of the part of Stripe's API that cards are verified with.

Three ways in: `Simulator.handle` (pure), `SimulatorHTTPClient` (in process, through the SDK), `serve` (a loopback
port). It moves no money, and reads time and randomness only through the core's ports.
"""

from accounts_stripe.simulator.answers import ConnectionLost, Response
from accounts_stripe.simulator.cards import TEST_CARDS
from accounts_stripe.simulator.faults import Call, Fault, FaultKind, Faults
from accounts_stripe.simulator.http_client import SimulatorHTTPClient
from accounts_stripe.simulator.ledger import Ledger
from accounts_stripe.simulator.server import create_app, serve
from accounts_stripe.simulator.simulator import Simulator
from accounts_stripe.simulator.state import State
from accounts_stripe.simulator.webhooks import Order, Plan, Webhook, Webhooks

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
