"""The payment gateway for Stripe, and the verification of Stripe's webhooks.

`StripeGateway` is for applications with an event loop, `BlockingStripeGateway` for those without; `connect` makes both.
`AsyncTransport` and `BlockingTransport` set other time limits than the default ones.
`verify_webhook` checks the signature of a webhook and returns its event.
"""

try:
    from accounts_stripe.client import API_BASE, STRIPE_VERSION
    from accounts_stripe.gateway import BlockingStripeGateway, StripeGateway
    from accounts_stripe.transport import AsyncTransport, BlockingTransport
    from accounts_stripe.webhooks import InvalidEvent, InvalidSignature, StripeEvent, verify_webhook
except ModuleNotFoundError as error:
    error.add_note(f'accounts_stripe needs {error.name}: pip install "accounts-core[stripe]"')
    raise

__all__ = [
    "API_BASE",
    "STRIPE_VERSION",
    "AsyncTransport",
    "BlockingStripeGateway",
    "BlockingTransport",
    "InvalidEvent",
    "InvalidSignature",
    "StripeEvent",
    "StripeGateway",
    "verify_webhook",
]
