"""Open the payment provider that the settings choose: Stripe, or a simulator behind the same gateway."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import attrs

from accounts_core.errors import NotFound, ProviderError
from accounts_core.ports.clock import Clock
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_core.ports.secrets import Secrets
from accounts_service.defaults import SIMULATOR_FILE, SIMULATOR_SECRET
from accounts_service.errors import ServiceError
from accounts_service.settings import Settings
from accounts_stripe import API_BASE, StripeEvent, StripeGateway, verify_webhook
from accounts_stripe_simulator import Simulator, SimulatorHTTPClient, State

SIMULATOR_KEY: Final = "sk_test_simulator"
UNKNOWN_CUSTOMER: Final = "cus_accountscheck"
"""A customer that does not exist: retrieving it tests the key and changes nothing."""


@attrs.frozen(kw_only=True)
class Provider:
    """An open payment provider."""

    gateway: PaymentGateway
    description: str
    simulator: Simulator | None = None
    """The simulator in this process, or None. It takes Stripe's test cards and moves no money."""

    async def require_access(self) -> None:
        """Make one request that changes nothing. Raises `ProviderError` with the provider's reason."""
        try:
            await self.gateway.retrieve_customer(UNKNOWN_CUSTOMER)
        except NotFound:
            return


def require_provider(settings: Settings) -> None:
    """Raise `ServiceError` when the settings choose no payment provider or contradict each other."""
    if settings.stripe_api_key is not None:
        return
    if settings.stripe_api_base is not None:
        raise ServiceError(
            "ACCOUNTS_STRIPE_API_BASE: requests need ACCOUNTS_STRIPE_API_KEY; a simulator takes any key, such as"
            f" {SIMULATOR_KEY}."
        )
    if settings.stripe_simulator is False:
        raise ServiceError(
            "ACCOUNTS_STRIPE_SIMULATOR: without the simulator and without ACCOUNTS_STRIPE_API_KEY there is no provider."
        )


@asynccontextmanager
async def open_provider(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[Provider]:
    """Open the provider that the settings choose, and close it at the end.

    Raises:
        ServiceError: No such provider, or it cannot be opened.

    """
    require_provider(settings)
    description = describe_provider(settings)
    if settings.stripe_api_key is not None:
        async with _connected(settings.stripe_api_key, settings.stripe_api_base or API_BASE) as gateway:
            yield Provider(gateway=gateway, description=description)
        return
    simulator = open_simulator(get_simulator_file(settings), clock, secrets, webhook_secret=SIMULATOR_SECRET)
    try:
        gateway = StripeGateway.connect(SIMULATOR_KEY, http_client=SimulatorHTTPClient(simulator))
        yield Provider(gateway=gateway, description=description, simulator=simulator)
    finally:
        simulator.close()


def _connected(key: str, base: str) -> StripeGateway:
    try:
        return StripeGateway.connect(key, api_base=base)
    except ValueError as error:
        raise ServiceError(f"ACCOUNTS_STRIPE_API_KEY, ACCOUNTS_STRIPE_API_BASE: {error}") from error


def describe_provider(settings: Settings) -> str:
    """Return a description of the provider that the settings choose. Raises `ServiceError` when there is none."""
    require_provider(settings)
    if settings.stripe_api_key is None:
        return f"simulated, in {get_simulator_file(settings)}: it takes Stripe's test cards, and no money moves"
    return "Stripe" if settings.stripe_api_base is None else f"Stripe's API at {settings.stripe_api_base}"


async def check_provider(settings: Settings, clock: Clock, secrets: Secrets) -> str:
    """Make one request to Stripe that changes nothing, and return a line with the outcome.

    The simulator is not opened, because that would create its file.

    Raises:
        ServiceError: Stripe refuses the key or does not answer.

    """
    if settings.stripe_api_key is None:
        return describe_provider(settings)
    async with open_provider(settings, clock, secrets) as provider:
        try:
            await provider.require_access()
        except ProviderError as error:
            raise ServiceError(f"{provider.description}: {error}") from error
        kind = "live" if "_live_" in settings.stripe_api_key else "test"
        note = (
            "" if settings.stripe_webhook_secret else "; no webhook is taken: ACCOUNTS_STRIPE_WEBHOOK_SECRET is not set"
        )
        return f"{provider.description} answers, with a {kind} key{note}"


def get_simulator_file(settings: Settings) -> Path:
    """Return the file of the simulator's state: beside the SQLite database, else in the working folder."""
    file = settings.database_url.file
    return (file.parent if file is not None else Path()) / SIMULATOR_FILE


def open_simulator(file: Path, clock: Clock, secrets: Secrets, *, webhook_secret: str) -> Simulator:
    """Open the simulator with its state in `file`. Raises `ServiceError` when the file cannot be opened."""
    try:
        file.touch(mode=0o600)
        return Simulator(clock, secrets, state=State.open(file), webhook_secret=webhook_secret)
    except OSError as error:
        raise ServiceError(f"{file} cannot be written: {error.strerror}.") from error
    except sqlite3.Error as error:
        raise ServiceError(f"{file} cannot be opened as the Stripe simulator's state: {error}") from error


def make_webhook_check(secret: str | None, clock: Clock) -> Callable[[bytes, Mapping[str, str]], StripeEvent]:
    """Return a function that verifies the signature of a webhook. Without a secret it refuses every webhook."""

    def check(body: bytes, headers: Mapping[str, str]) -> StripeEvent:
        return verify_webhook(body, headers.get("stripe-signature", ""), secret or "", clock.now())

    return check
