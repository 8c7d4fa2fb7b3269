from collections.abc import Awaitable, Callable
from typing import TypeVar

import attrs
import pytest

from accounts_core.model.customer import Customer
from accounts_core.ports.payment_gateway import HoldRequest, Page, PaymentGateway
from accounts_core.testing.contracts.base import Contract

T = TypeVar("T")

Authenticate = Callable[[str, bool], Awaitable[None]]


@attrs.frozen(kw_only=True)
class ProviderCards:
    """Ids of the provider's test payment methods; the defaults are Stripe's."""

    good: str = "pm_card_visa"
    another: str = "pm_card_mastercard"
    declined: str = "pm_card_visa_chargeDeclined"
    without_funds: str = "pm_card_visa_chargeDeclinedInsufficientFunds"
    challenged: str = "pm_card_threeDSecure2Required"
    unknown: str = "pm_000000000000000000000000"


class PaymentGatewayContract(Contract):
    """Base of a gateway's suites: `GatewayCustomersContract`, `GatewayCardsContract` and `GatewayHoldsContract`.

    An adapter provides `gateway` and the coroutine function `authenticate(hold_id, succeed)`, which completes the card
    authentication. If the provider keeps data between tests, the adapter overrides `user_ref` with a unique one.
    """

    @pytest.fixture
    def user_ref(self) -> str:
        return "69a42bc00000000000000001"

    @pytest.fixture
    def cards(self) -> ProviderCards:
        return ProviderCards()


async def a_customer(gateway: PaymentGateway, user_ref: str, key: str = "customer") -> Customer:
    """Create the user's customer."""
    return await gateway.create_customer(user_ref=user_ref, key=f"{key}:{user_ref}")


async def every(pages: Callable[..., Awaitable[Page[T]]], **wanted: object) -> list[T]:
    """Read a list to its end, page by page."""
    page = await pages(**wanted)
    found = [*page.items]
    while page.after is not None:
        page = await pages(**wanted, after=page.after)
        found += page.items
    return found


def a_request(customer: Customer, payment_method: str, verification: str = "ver_1") -> HoldRequest:
    """Return the request for a hold of one US dollar. The verification's id is derived from the customer's."""
    return HoldRequest(
        verification_id=f"{verification}_{customer.id}",
        customer_id=customer.id,
        payment_method=payment_method,
        amount=100,
        currency="usd",
        return_url="https://shop.example/cards",
    )
