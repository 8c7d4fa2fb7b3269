"""Cards for real: the payment gateway on Stripe, and its webhooks.

`StripeGateway` is for hosts with an event loop, `BlockingStripeGateway` for those without; both are made by `connect`;
`AsyncTransport` and `BlockingTransport` are for other time limits than the usual.
`verify_webhook` says whether a webhook is Stripe's, and whom it is about.
"""

from accounts_stripe.client import API_BASE, STRIPE_VERSION
from accounts_stripe.gateway import BlockingStripeGateway, StripeGateway
from accounts_stripe.transport import AsyncTransport, BlockingTransport
from accounts_stripe.webhooks import InvalidEvent, InvalidSignature, StripeEvent, verify_webhook

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
