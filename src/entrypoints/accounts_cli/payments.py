"""Which payment provider the service works with: Stripe, or a simulator of it that the same code talks to."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import attrs

from accounts_cli.failures import CommandFailed
from accounts_cli.settings import Settings
from accounts_core.errors import NotFound, ProviderError
from accounts_core.ports.clock import Clock
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_core.ports.secrets import Secrets
from accounts_stripe import API_BASE, StripeEvent, StripeGateway, verify_webhook
from accounts_stripe_simulator import Simulator, SimulatorHTTPClient, State

SIMULATOR_KEY: Final = "sk_test_simulator"
SIMULATOR_SECRET: Final = "whsec_simulator"  # noqa: S105  it signs what never leaves the process
NOBODY: Final = "cus_accountscheck"
"""A customer that Stripe does not have: asking for it shows that the key is good, and nothing else."""


@attrs.frozen(kw_only=True)
class Provider:
    """A payment provider, and whoever can say that it works."""

    gateway: PaymentGateway
    shown: str
    simulator: Simulator | None = None
    """Stands in for Stripe in this process: takes Stripe's test cards, and moves no money."""

    async def answers(self) -> None:
        """Ask something harmless. Raises `ProviderError` with the provider's reason."""
        try:
            await self.gateway.retrieve_customer(NOBODY)
        except NotFound:
            return


def require_provider(settings: Settings) -> None:
    """Raise `CommandFailed` when the settings leave no provider, or say of two which one is meant."""
    if settings.stripe_api_key is not None:
        return
    if settings.stripe_api_base is not None:
        raise CommandFailed(
            "ACCOUNTS_STRIPE_API_BASE: asking there needs ACCOUNTS_STRIPE_API_KEY; a simulator takes any, such as"
            f" {SIMULATOR_KEY}."
        )
    if settings.stripe_simulator is False:
        raise CommandFailed(
            "ACCOUNTS_STRIPE_SIMULATOR: without the simulator and without ACCOUNTS_STRIPE_API_KEY there is no provider."
        )


@asynccontextmanager
async def open_provider(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[Provider]:
    """Open the provider that the settings ask for, and close it at the end. Raises `CommandFailed`."""
    require_provider(settings)
    shown = describe_provider(settings)
    if settings.stripe_api_key is not None:
        async with _connected(settings.stripe_api_key, settings.stripe_api_base or API_BASE) as gateway:
            yield Provider(gateway=gateway, shown=shown)
        return
    simulator = open_simulator(simulator_file(settings), clock, secrets, webhook_secret=SIMULATOR_SECRET)
    try:
        gateway = StripeGateway.connect(SIMULATOR_KEY, http_client=SimulatorHTTPClient(simulator))
        yield Provider(gateway=gateway, shown=shown, simulator=simulator)
    finally:
        simulator.close()


def _connected(key: str, base: str) -> StripeGateway:
    try:
        return StripeGateway.connect(key, api_base=base)
    except ValueError as error:
        raise CommandFailed(f"ACCOUNTS_STRIPE_API_KEY, ACCOUNTS_STRIPE_API_BASE: {error}") from error


def describe_provider(settings: Settings) -> str:
    """Say which provider the settings ask for, without opening it. Raises `CommandFailed` when there is none."""
    require_provider(settings)
    if settings.stripe_api_key is None:
        return f"simulated, in {simulator_file(settings)}: it takes Stripe's test cards, and no money moves"
    return "Stripe" if settings.stripe_api_base is None else f"Stripe's API at {settings.stripe_api_base}"


async def check_provider(settings: Settings, clock: Clock, secrets: Secrets) -> str:
    """Ask Stripe something harmless where there is a key, and say what was found. Raises `CommandFailed`.

    The simulator is not opened: that would make its file.
    """
    if settings.stripe_api_key is None:
        return describe_provider(settings)
    async with open_provider(settings, clock, secrets) as provider:
        try:
            await provider.answers()
        except ProviderError as error:
            raise CommandFailed(f"{provider.shown}: {error}") from error
        kind = "live" if "_live_" in settings.stripe_api_key else "test"
        deaf = (
            "" if settings.stripe_webhook_secret else "; no webhook is taken: ACCOUNTS_STRIPE_WEBHOOK_SECRET is not set"
        )
        return f"{provider.shown} answers, with a {kind} key{deaf}"


def simulator_file(settings: Settings) -> Path:
    """Return where the simulator keeps its state: beside the SQLite database, else in the working folder."""
    file = settings.database_url.file
    return (file.parent if file is not None else Path()) / "stripe-simulator.db"


def open_simulator(file: Path, clock: Clock, secrets: Secrets, *, webhook_secret: str) -> Simulator:
    """Open the simulator over its file. Raises `CommandFailed` when that cannot be opened."""
    try:
        file.touch(mode=0o600)
        return Simulator(clock, secrets, state=State.open(file), webhook_secret=webhook_secret)
    except OSError as error:
        raise CommandFailed(f"{file} cannot be written: {error.strerror}.") from error
    except sqlite3.Error as error:
        raise CommandFailed(f"{file} cannot be opened as the Stripe simulator's state: {error}") from error


def webhook_check(secret: str | None, clock: Clock) -> Callable[[bytes, Mapping[str, str]], StripeEvent]:
    """Return what tells Stripe's events from others'. Without a secret it refuses every one."""

    def check(body: bytes, headers: Mapping[str, str]) -> StripeEvent:
        return verify_webhook(body, headers.get("stripe-signature", ""), secret or "", clock.now())

    return check
