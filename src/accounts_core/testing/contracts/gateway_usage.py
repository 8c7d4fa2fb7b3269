from collections.abc import Awaitable, Callable

import attrs
import pytest

from accounts_core.errors import NotFound, ProviderRefused
from accounts_core.model.email_address import EmailAddress
from accounts_core.ports.payment_gateway import CustomerUsage, PaymentGateway
from accounts_core.testing.contracts.payment_gateway import (
    PaymentGatewayContract,
    ProviderCards,
    a_customer,
    a_request,
    every,
)


@attrs.frozen(kw_only=True)
class HostAtProvider:
    """Changes that a host application makes at the provider without the gateway."""

    subscribe: Callable[[str], Awaitable[str]]
    """Starts a subscription of this customer, and returns its id."""
    unsubscribe: Callable[[str], Awaitable[None]]
    """Ends a subscription."""
    add_bank_account: Callable[[str], Awaitable[str]]
    """Attaches a payment method that is not a card to this customer, and returns its id."""
    set_balance: Callable[[str, int], Awaitable[None]]
    """Sets the customer's balance, in minor units."""


class GatewayUsageContract(PaymentGatewayContract):
    """`PaymentGateway`: objects of a customer besides cards. An adapter provides `host`, a `HostAtProvider`."""

    async def test_a_customer_with_nothing_but_cards_has_nothing_else_to_lose(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        await gateway.attach(customer_id=customer.id, payment_method=cards.good, key=f"{customer.id}:1")

        assert await gateway.inspect_customer(customer.id) == CustomerUsage()

    async def test_what_would_be_lost_with_a_customer_is_counted(
        self, gateway: PaymentGateway, user_ref: str, host: HostAtProvider
    ) -> None:
        customer, other = await a_customer(gateway, user_ref), await a_customer(gateway, user_ref, "other")
        first, _, _ = [await host.subscribe(customer.id) for _ in range(3)]
        await host.unsubscribe(first)
        await host.add_bank_account(customer.id)
        await host.set_balance(customer.id, -250)

        assert await gateway.inspect_customer(customer.id) == CustomerUsage(
            subscriptions=2, balance=-250, other_payment_methods=1
        )
        assert await gateway.inspect_customer(other.id) == CustomerUsage()

    async def test_cards_alone_are_listed_and_retrieved(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards, host: HostAtProvider
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        card = await gateway.attach(customer_id=customer.id, payment_method=cards.good, key=f"{customer.id}:1")
        account = await host.add_bank_account(customer.id)

        assert [each.id for each in await gateway.list_payment_methods(customer.id)] == [card.id]
        with pytest.raises(ProviderRefused) as refusal:
            await gateway.retrieve_payment_method(account)
        assert refusal.value.param == "payment_method"

    async def test_a_payment_method_of_another_kind_may_be_the_default(
        self, gateway: PaymentGateway, user_ref: str, host: HostAtProvider
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        account = await host.add_bank_account(customer.id)

        await gateway.set_default(customer.id, account)

        assert (await gateway.retrieve_customer(customer.id)).default_payment_method == account

    async def test_nothing_is_held_on_a_payment_method_that_is_no_card(
        self, gateway: PaymentGateway, user_ref: str, host: HostAtProvider
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        request = a_request(customer, await host.add_bank_account(customer.id))

        with pytest.raises(ProviderRefused) as refusal:
            await gateway.hold(request, key=f"{customer.id}:hold")

        assert refusal.value.param == "payment_method"
        assert refusal.value.code != "resource_missing"
        held = await gateway.find_hold(customer_id=customer.id, verification_id=request.verification_id)
        assert held is None

    async def test_a_hold_for_a_customer_that_is_gone_says_that_it_is_the_customer(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        await gateway.delete_customer(customer.id)

        with pytest.raises(ProviderRefused) as refusal:
            await gateway.hold(a_request(customer, cards.good), key=f"{customer.id}:hold")

        assert (refusal.value.code, refusal.value.param) == ("resource_missing", "customer")

    async def test_an_anonymous_customer_keeps_what_hangs_on_it_and_nothing_personal(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards, host: HostAtProvider
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        await gateway.update_customer(customer.id, email=EmailAddress("jane@example.org"), name="Jane Doe")
        card = await gateway.attach(customer_id=customer.id, payment_method=cards.good, key=f"{customer.id}:1")
        await host.subscribe(customer.id)
        await host.set_balance(customer.id, 100)

        for _ in range(2):
            await gateway.anonymize_customer(customer.id)

        left = await gateway.retrieve_customer(customer.id)
        assert (left.user_ref, left.name, left.email, left.address, left.phone, left.description) == (None,) * 6
        assert dict(left.metadata) == {}
        assert (left.balance, (await gateway.inspect_customer(customer.id)).subscriptions) == (100, 1)
        assert [each.id for each in await gateway.list_payment_methods(customer.id)] == [card.id]
        assert await gateway.find_customer(user_ref) is None
        assert customer.id not in [each.id for each in await every(gateway.list_customers)]

    async def test_deleting_a_customer_ends_all_that_hangs_on_it(
        self, gateway: PaymentGateway, user_ref: str, host: HostAtProvider
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        await host.subscribe(customer.id)
        await host.add_bank_account(customer.id)

        await gateway.delete_customer(customer.id)

        with pytest.raises(NotFound):
            await gateway.inspect_customer(customer.id)

    async def test_without_a_customer_there_is_nothing_to_look_at(self, gateway: PaymentGateway) -> None:
        for ask in (gateway.inspect_customer, gateway.anonymize_customer):
            with pytest.raises(NotFound):
                await ask("cus_00000000000000")

    async def test_an_address_that_the_provider_does_not_take_is_refused_by_name(
        self, gateway: PaymentGateway, user_ref: str
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        before = await gateway.update_customer(customer.id, email=EmailAddress("jane@example.org"), name="Jane")

        with pytest.raises(ProviderRefused) as refusal:
            await gateway.update_customer(customer.id, email=EmailAddress("jörg@example.org"), name="Jörg")

        assert (refusal.value.code, refusal.value.param) == ("email_invalid", "email")
        assert await gateway.retrieve_customer(customer.id) == before

    async def test_a_name_that_is_too_long_is_refused_by_name(self, gateway: PaymentGateway, user_ref: str) -> None:
        customer = await a_customer(gateway, user_ref)

        with pytest.raises(ProviderRefused) as refusal:
            await gateway.update_customer(customer.id, email=None, name="x" * 257)

        assert refusal.value.param == "name"

    async def test_a_field_is_cleared(self, gateway: PaymentGateway, user_ref: str) -> None:
        customer = await a_customer(gateway, user_ref)
        await gateway.update_customer(customer.id, email=EmailAddress("jane@example.org"), name="Jane")

        assert (await gateway.update_customer(customer.id, email=None, name="Jane")).email is None
        assert (await gateway.update_customer(customer.id, email=None, name=None)).name is None
