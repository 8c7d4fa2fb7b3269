"""The payment provider's view of a user: the fields and names of Stripe's `customer` object."""

from collections.abc import Mapping
from datetime import datetime

import attrs

from .payment_method import Address


@attrs.frozen(kw_only=True)
class Customer:
    """A customer of the payment provider. `balance` is in minor units of `currency`; a negative one is credit."""

    id: str
    user_ref: str | None = None
    """The `User.hex_id` that the customer was created with. No two databases share it, as they may share a provider."""
    address: Address | None = None
    balance: int = 0
    created: datetime
    currency: str | None = None
    default_payment_method: str | None = None
    delinquent: bool = False
    description: str | None = None
    email: str | None = None
    invoice_prefix: str | None = None
    livemode: bool = False
    """Whether it belongs to the provider's live mode; otherwise to its test mode."""
    metadata: Mapping[str, str] = attrs.field(factory=dict)
    name: str | None = None
    phone: str | None = None
    preferred_locales: tuple[str, ...] = ()
    tax_exempt: str = "none"
