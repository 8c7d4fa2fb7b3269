"""The Stripe simulator: a server of its own, or a part of the service."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from litestar import Litestar
from litestar.types import ASGIApp, Receive, Scope, Send

from accounts_cli.failures import CommandFailed
from accounts_cli.payments import SIMULATOR_SECRET, open_simulator
from accounts_cli.streams import announce
from accounts_cli.values import page_url
from accounts_core import Accounts
from accounts_core.errors import InfrastructureError
from accounts_core.ports.clock import Clock
from accounts_litestar import HttpOptions
from accounts_litestar.app import hardened
from accounts_stripe import verify_webhook
from accounts_stripe_simulator import Simulator, Webhook, create_app, serve
from accounts_system import SystemClock, SystemSecrets

logger: Final = logging.getLogger("accounts_cli")

CHALLENGES: Final = "/simulator/challenges/"
DELIVERY_SECONDS: Final = 0.5
"""How often the simulator in the service is asked for events."""
IN_MEMORY: Final = ":memory:"


def run_simulator(*, port: int, file: str, webhook_url: str | None, webhook_secret: str) -> None:
    """Run `accounts stripe-simulator` until SIGTERM or SIGINT. Raises `CommandFailed` when it cannot start."""
    if webhook_url is not None:
        _require_url(webhook_url)
    clock, secrets = SystemClock(), SystemSecrets()
    simulator = (
        Simulator(clock, secrets, webhook_secret=webhook_secret)
        if file == IN_MEMORY
        else open_simulator(Path(file), clock, secrets, webhook_secret=webhook_secret)
    )

    def tell(url: str) -> None:
        announce(f"Listening on {url} (books: {url}/simulator/ledger)")
        announce(f"State: {'in memory' if file == IN_MEMORY else file}")
        announce(f"Events: {f'sent to {webhook_url}' if webhook_url else 'kept; --webhook-url sends them'}")

    try:
        serve(simulator, port, webhook_url=webhook_url, announce=tell)
    except OSError as error:
        raise CommandFailed(f"Cannot listen on 127.0.0.1 port {port}: {error.strerror}.") from error
    finally:
        simulator.close()
    announce("Stopped.")


def _require_url(text: str) -> None:
    try:
        page_url(text)
    except ValueError:
        raise CommandFailed(
            "--webhook-url: expected a URL such as http://127.0.0.1:8000/webhooks/stripe, without a password in it."
        ) from None


def with_challenges(app: Litestar, simulator: Simulator, options: HttpOptions) -> ASGIApp:
    """Return the service with the page where a person answers their pretended bank, and nothing else of the simulator.

    What else it has, its books and its faults, is for whoever runs it, not for everybody who reaches the service.
    """
    pages = hardened(create_app(simulator), options)  # type: ignore[arg-type]  # Litestar's types are narrower

    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path", "").startswith(CHALLENGES):  # the lifespan has no path
            await pages(scope, receive, send)
        else:
            await app(scope, receive, send)

    return both


async def deliver_events(simulator: Simulator, accounts: Accounts[Any], clock: Clock, wake: Callable[[], None]) -> None:
    """Hand the simulator's events to the accounts, as Stripe's webhooks would be, until cancelled."""

    async def receive(webhook: Webhook) -> None:
        event = verify_webhook(webhook.payload, webhook.signature, SIMULATOR_SECRET, clock.now())
        assert event.id is not None  # the simulator gives each of its events one
        try:
            is_new = await accounts.receive_provider_event(id=event.id, customer_id=event.customer_id)
        except InfrastructureError as error:
            logger.warning("An event of the simulator's comes again later: %s", error)
            raise
        if is_new:
            wake()

    while True:
        try:
            await simulator.webhooks.deliver_async(receive)
        except sqlite3.Error as error:
            logger.warning("The simulator's events come later: %s", error)
        except Exception:
            logger.exception("The simulator's events come later.")
        await asyncio.sleep(DELIVERY_SECONDS)
