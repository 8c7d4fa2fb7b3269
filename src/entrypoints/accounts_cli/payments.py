"""Which payment provider the service works with. The one place to change when there are more."""

from typing import Final

import attrs

from accounts_cli.failures import CommandFailed
from accounts_cli.settings import Settings
from accounts_core.ports.clock import Clock
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_core.ports.secrets import Secrets
from accounts_memory import MemoryGateway

_IN_MEMORY: Final = "pretend, in memory: no money moves, and what it knows is gone after a restart"


@attrs.frozen(kw_only=True)
class Provider:
    """A payment provider. A pretended one takes Stripe's test cards and moves no money."""

    gateway: PaymentGateway
    shown: str
    is_pretended: bool


def choose_provider(settings: Settings, clock: Clock, secrets: Secrets) -> Provider:
    """Return the provider that the settings ask for.

    Raises `CommandFailed` when this release has none like it: a service that only pretends to take cards must not
    stand in for one that was meant to.
    """
    if settings.stripe_api_key is not None:
        raise CommandFailed(
            "ACCOUNTS_STRIPE_API_KEY: this release cannot talk to Stripe yet. Without the key, payments are pretended."
        )
    if settings.stripe_simulator is False:
        raise CommandFailed("ACCOUNTS_STRIPE_SIMULATOR: without Stripe and without pretending there is no provider.")
    return Provider(gateway=MemoryGateway(clock, secrets), shown=_IN_MEMORY, is_pretended=True)
