"""Send a user's address and name to the provider, without what it refuses."""

from typing import Final

import attrs

from accounts_core.errors import ProviderRefused
from accounts_core.model.email_address import EmailAddress
from accounts_core.ports.payment_gateway import PaymentGateway

EMAIL: Final = "email"

NAME: Final = "name"


@attrs.frozen
class Refusal:
    """The details that the provider refused."""

    fields: str
    """Names of the refused fields, comma-separated."""
    code: str
    """The provider's code of the first refusal."""


async def update_details(
    payments: PaymentGateway, customer_id: str, *, email: EmailAddress, name: str
) -> Refusal | None:
    """Store address and name at the provider; a field that it refuses is cleared there.

    Returns:
        What was refused, or None.

    Raises:
        NotFound: No such customer.
        ProviderError: Anything that is not about one of the two fields.

    """
    refused: dict[str, str] = {}
    while True:
        try:
            await payments.update_customer(
                customer_id, email=None if EMAIL in refused else email, name=None if NAME in refused else name
            )
        except ProviderRefused as refusal:
            if refusal.param not in {EMAIL, NAME} or refusal.param in refused:
                raise
            refused[refusal.param] = refusal.code
        else:
            return Refusal(",".join(sorted(refused)), next(iter(refused.values()))) if refused else None
