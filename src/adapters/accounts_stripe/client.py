"""Configuration of the SDK's client: API version, HTTP client, retries, and protection of the API key."""

import re
from typing import Final
from urllib.parse import urlsplit

import stripe

from accounts_stripe.shield import Shield

API_BASE: Final = "https://api.stripe.com"

STRIPE_VERSION: Final = "2026-10-28.endive"
"""The API version of every request and of the webhook endpoint. It does not change when the SDK is updated."""

RETRIES: Final = 2
"""The number of retries of the SDK, under the same key, after a lost connection, a 409 or a 5xx."""

_KEY: Final = re.compile(r"[!-~]+")


def make_client(api_key: str, *, api_base: str, http_client: stripe.HTTPClient, retries: int) -> stripe.StripeClient:
    """Return a configured client of the SDK.

    Args:
        api_key: Stripe's secret key.
        api_base: The address of Stripe's API.
        http_client: Sends the requests.
        retries: The number of retries after a lost connection, a 409 or a 5xx.

    Raises:
        ValueError: The key or the address is malformed. The message does not contain the key.

    """
    if not _KEY.fullmatch(api_key):
        raise ValueError("A Stripe API key consists of visible ASCII characters, without spaces.")
    base = urlsplit(api_base)
    if base.scheme not in {"http", "https"} or not base.hostname or base.username is not None or base.query:
        raise ValueError("Stripe's address is like https://api.stripe.com, without a user, password or query.")
    # The SDK's telemetry writes an id to the home folder at the first request, and fails if the folder does not exist.
    # Its only setting is for the whole process.
    stripe.enable_telemetry = False
    return stripe.StripeClient(
        api_key,
        stripe_version=STRIPE_VERSION,
        base_addresses={"api": api_base.rstrip("/")},
        http_client=Shield(http_client),
        max_network_retries=retries,
    )
