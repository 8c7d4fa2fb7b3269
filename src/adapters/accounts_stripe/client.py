"""The SDK's client, set up: pinned version, one HTTP client, bounded retries, and a key that stays where it is."""

import re
from typing import Final
from urllib.parse import urlsplit

import stripe

from accounts_stripe.shield import Shield

API_BASE: Final = "https://api.stripe.com"

STRIPE_VERSION: Final = "2026-10-28.endive"
"""The API version of every request and of the webhook endpoint: answers keep their shape when the SDK is updated."""

RETRIES: Final = 2
"""How often the SDK repeats a request under its own key after a lost connection, a 409 or a 5xx."""

_KEY: Final = re.compile(r"[!-~]+")


def stripe_client(api_key: str, *, api_base: str, http_client: stripe.HTTPClient, retries: int) -> stripe.StripeClient:
    """Set up the SDK. Raises `ValueError`, without the key in it, for a key or an address that cannot be one."""
    if not _KEY.fullmatch(api_key):
        raise ValueError("A Stripe API key is a word of visible ASCII characters.")
    base = urlsplit(api_base)
    if base.scheme not in {"http", "https"} or not base.hostname or base.username is not None or base.query:
        raise ValueError("Stripe's address is like https://api.stripe.com, without a user, password or query.")
    # The SDK's telemetry writes an id into the home folder at the first request, and fails where there is none.
    # It has no setting but this one for the whole process.
    stripe.enable_telemetry = False
    return stripe.StripeClient(
        api_key,
        stripe_version=STRIPE_VERSION,
        base_addresses={"api": api_base.rstrip("/")},
        http_client=Shield(http_client),
        max_network_retries=retries,
    )
