import pytest

from accounts_core.errors import NotFound, ProviderRefused
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_core.testing.contracts.payment_gateway import PaymentGatewayContract, ProviderCards, a_customer, a_request


class GatewayCardsContract(PaymentGatewayContract):
    """`PaymentGateway`: the payment methods."""

    async def test_each_use_of_a_test_card_makes_a_payment_method_of_the_same_physical_card(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        first, second, other = [
            await gateway.attach(customer_id=customer.id, payment_method=card, key=f"{customer.id}:{n}")
            for n, card in enumerate((cards.good, cards.good, cards.another))
        ]

        assert len({first.id, second.id, other.id, cards.good}) == 4
        assert first.card.fingerprint == second.card.fingerprint != other.card.fingerprint
        assert first.card.fingerprint is not None
        assert (first.type, first.livemode, first.customer_id) == ("card", False, customer.id)
        assert first.card.last4.isdigit()
        assert 1 <= first.card.exp_month <= 12
        assert await gateway.retrieve_payment_method(first.id) == first

    async def test_a_customers_cards_come_newest_first(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        assert list(await gateway.list_payment_methods(customer.id)) == []
        first = await gateway.attach(customer_id=customer.id, payment_method=cards.good, key=f"{customer.id}:1")
        second = await gateway.attach(customer_id=customer.id, payment_method=cards.another, key=f"{customer.id}:2")

        assert [card.id for card in await gateway.list_payment_methods(customer.id)] == [second.id, first.id]

    async def test_attaching_again_is_fine_by_the_same_key_and_by_another(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        card = await gateway.attach(customer_id=customer.id, payment_method=cards.good, key=f"{customer.id}:1")

        by_the_key = await gateway.attach(customer_id=customer.id, payment_method=cards.good, key=f"{customer.id}:1")
        by_its_id = await gateway.attach(customer_id=customer.id, payment_method=card.id, key=f"{customer.id}:2")

        assert by_the_key.id == by_its_id.id == card.id
        assert [each.id for each in await gateway.list_payment_methods(customer.id)] == [card.id]

    async def test_a_card_that_another_customer_has_cannot_be_attached(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        first, second = await a_customer(gateway, user_ref, "first"), await a_customer(gateway, user_ref, "second")
        card = await gateway.attach(customer_id=first.id, payment_method=cards.good, key=f"{first.id}:1")

        with pytest.raises(ProviderRefused):
            await gateway.attach(customer_id=second.id, payment_method=card.id, key=f"{second.id}:1")

        assert (await gateway.retrieve_payment_method(card.id)).customer_id == first.id

    async def test_a_detached_card_belongs_to_nobody_for_good(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        card = await gateway.attach(customer_id=customer.id, payment_method=cards.good, key=f"{customer.id}:1")
        for _ in range(2):
            await gateway.detach(card.id)

        assert (await gateway.retrieve_payment_method(card.id)).customer_id is None
        assert list(await gateway.list_payment_methods(customer.id)) == []
        with pytest.raises(ProviderRefused):
            await gateway.attach(customer_id=customer.id, payment_method=card.id, key=f"{customer.id}:2")
        with pytest.raises(ProviderRefused):
            await gateway.hold(a_request(customer, card.id), key=f"{customer.id}:3")

    async def test_unknown_cards_are_not_found_and_nothing_to_detach(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)

        with pytest.raises(NotFound):
            await gateway.retrieve_payment_method(cards.unknown)
        with pytest.raises(NotFound):
            await gateway.attach(customer_id=customer.id, payment_method=cards.unknown, key=f"{customer.id}:1")
        await gateway.detach(cards.unknown)

    async def test_the_default_is_set_and_cleared(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        card = await gateway.attach(customer_id=customer.id, payment_method=cards.good, key=f"{customer.id}:1")

        await gateway.set_default(customer.id, card.id)
        assert (await gateway.retrieve_customer(customer.id)).default_payment_method == card.id

        await gateway.set_default(customer.id, None)
        assert (await gateway.retrieve_customer(customer.id)).default_payment_method is None

    async def test_a_detached_default_is_no_default(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        card = await gateway.attach(customer_id=customer.id, payment_method=cards.good, key=f"{customer.id}:1")
        await gateway.set_default(customer.id, card.id)

        await gateway.detach(card.id)

        assert (await gateway.retrieve_customer(customer.id)).default_payment_method is None

    async def test_a_card_that_the_customer_does_not_have_cannot_be_its_default(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)

        with pytest.raises(NotFound):
            await gateway.set_default(customer.id, cards.unknown)
