"""Run the Stripe simulator, as a server of its own or as a part of the service."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from accounts_core import Accounts
from accounts_core.errors import InfrastructureError
from accounts_core.ports.clock import Clock
from accounts_http.mounting import Place
from accounts_litestar import HttpOptions
from accounts_litestar.app import hardened
from accounts_service.defaults import HOST, LOCAL_URL, SIMULATOR_SECRET, WEBHOOK_PATH
from accounts_service.errors import ServiceError
from accounts_service.parsers import parse_page_url
from accounts_service.payments import open_simulator
from accounts_stripe import verify_webhook
from accounts_stripe_simulator import Simulator, Webhook, create_app, serve
from accounts_system import SystemClock, SystemSecrets

logger: Final = logging.getLogger("accounts_service")

CHALLENGES: Final = "/simulator/challenges/"
DELIVERY_SECONDS: Final = 0.5
"""Interval between deliveries of the events of the simulator in the service."""
IN_MEMORY: Final = ":memory:"


def run_simulator(
    *, port: int, file: str, webhook_url: str | None, webhook_secret: str, announce: Callable[[str], None]
) -> None:
    """Run a simulator as a server until SIGTERM or SIGINT.

    Args:
        port: TCP port on the loopback address; 0 takes any that is free.
        file: File of its state, or `:memory:`.
        webhook_url: URL that events are sent to, or None to keep them.
        webhook_secret: Signs the events.
        announce: Takes each line that says how it runs.

    Raises:
        ServiceError: The simulator cannot start.

    """
    if webhook_url is not None:
        _require_url(webhook_url)
    clock, secrets = SystemClock(), SystemSecrets()
    simulator = (
        Simulator(clock, secrets, webhook_secret=webhook_secret)
        if file == IN_MEMORY
        else open_simulator(Path(file), clock, secrets, webhook_secret=webhook_secret)
    )

    def describe(url: str) -> None:
        announce(f"Listening on {url} (books: {url}/simulator/ledger)")
        announce(f"State: {'in memory' if file == IN_MEMORY else file}")
        announce(f"Events: {f'sent to {webhook_url}' if webhook_url else 'kept; --webhook-url sends them'}")

    try:
        serve(simulator, port, webhook_url=webhook_url, announce=describe)
    except OSError as error:
        raise ServiceError(f"Cannot listen on {HOST} port {port}: {error.strerror}.") from error
    finally:
        simulator.close()
    announce("Stopped.")


def _require_url(text: str) -> None:
    try:
        parse_page_url(text)
    except ValueError:
        raise ServiceError(
            f"--webhook-url: expected a URL such as {LOCAL_URL}{WEBHOOK_PATH}, without a password in it."
        ) from None


def add_challenge_pages(app: ASGIApp, simulator: Simulator, options: HttpOptions) -> ASGIApp:
    """Return the application with the simulator's card authentication page added.

    The simulator's ledger and faults are not added: they are for its operator, not for every client of the service.
    """
    simulated = create_app(simulator)

    async def below(scope: Scope, receive: Receive, send: Send) -> None:
        await simulated({**scope, "path": Place.of(scope).path}, receive, send)  # type: ignore[arg-type]  # narrower types

    pages = hardened(below, options)

    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and Place.of(scope).path.startswith(CHALLENGES):
            await pages(scope, receive, send)
        else:
            await app(scope, receive, send)

    return both


async def deliver_events(simulator: Simulator, accounts: Accounts[Any], clock: Clock, wake: Callable[[], None]) -> None:
    """Pass the simulator's events to the accounts, as the webhook endpoint does with Stripe's, until cancelled."""

    async def receive(webhook: Webhook) -> None:
        event = verify_webhook(webhook.payload, webhook.signature, SIMULATOR_SECRET, clock.now())
        assert event.id is not None  # the simulator gives each of its events one
        try:
            is_new = await accounts.receive_provider_event(id=event.id, customer_id=event.customer_id)
        except InfrastructureError as error:
            logger.warning("An event of the simulator was not processed and is sent again later: %s", error)
            raise
        if is_new:
            wake()

    while True:
        try:
            await simulator.webhooks.deliver_async(receive)
        except sqlite3.Error as error:
            logger.warning("The events of the simulator are delayed: %s", error)
        except Exception:
            logger.exception("The events of the simulator are delayed.")
        await asyncio.sleep(DELIVERY_SECONDS)
