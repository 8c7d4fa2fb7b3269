import pytest

from accounts_core.errors import NotFound, ProviderRefused
from accounts_core.model.customer import Customer
from accounts_core.model.email_address import EmailAddress
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_core.testing.contracts.payment_gateway import PaymentGatewayContract, ProviderCards, a_customer, every
from accounts_core.testing.harness import Concurrently


class GatewayCustomersContract(PaymentGatewayContract):
    """`PaymentGateway`: the customers."""

    async def test_a_customer_carries_the_user_and_is_found_by_it(self, gateway: PaymentGateway, user_ref: str) -> None:
        assert await gateway.find_customer(user_ref) is None
        customer = await a_customer(gateway, user_ref)

        assert await gateway.find_customer(user_ref) == customer
        assert await gateway.retrieve_customer(customer.id) == customer
        assert customer.balance == 0
        assert customer.created.utcoffset() is not None

    async def test_the_oldest_of_several_customers_is_found(self, gateway: PaymentGateway, user_ref: str) -> None:
        first = await a_customer(gateway, user_ref, "first")
        second = await a_customer(gateway, user_ref, "second")

        found = await gateway.find_customer(user_ref)

        assert first.id != second.id
        assert found is not None
        assert found.created == first.created
        assert found.id == first.id

    async def test_every_customer_that_carries_a_user_is_listed_the_newest_first(
        self, gateway: PaymentGateway, user_ref: str
    ) -> None:
        made = [await a_customer(gateway, user_ref, key) for key in ("first", "second", "third")]
        await gateway.delete_customer(made[1].id)

        listed = [each for each in await every(gateway.list_customers) if each.user_ref == user_ref]

        assert [each.id for each in listed] == [made[2].id, made[0].id]
        assert listed[-1] == await gateway.retrieve_customer(made[0].id)

    async def test_the_same_key_makes_one_customer(self, gateway: PaymentGateway, user_ref: str) -> None:
        first = await a_customer(gateway, user_ref)

        assert (await a_customer(gateway, user_ref)).id == first.id

    async def test_the_same_key_for_another_user_is_refused(self, gateway: PaymentGateway, user_ref: str) -> None:
        await gateway.create_customer(user_ref=user_ref, key=f"shared:{user_ref}")

        with pytest.raises(ProviderRefused) as refusal:
            await gateway.create_customer(user_ref=user_ref[::-1], key=f"shared:{user_ref}")

        assert refusal.value.code == "idempotency_error"

    async def test_of_many_with_one_key_at_once_one_customer_comes(
        self, gateway: PaymentGateway, user_ref: str, concurrently: Concurrently
    ) -> None:
        outcomes = await concurrently(*[lambda: a_customer(gateway, user_ref)] * 6)

        made = {outcome.id for outcome in outcomes if isinstance(outcome, Customer)}
        assert len(made) == 1
        found = await gateway.find_customer(user_ref)
        assert found is not None
        assert made == {found.id}

    async def test_an_update_changes_address_and_name(self, gateway: PaymentGateway, user_ref: str) -> None:
        customer = await a_customer(gateway, user_ref)

        updated = await gateway.update_customer(customer.id, email=EmailAddress("Jane@example.org"), name="Zoë Doe")

        assert (updated.email, updated.name) == ("Jane@example.org", "Zoë Doe")
        assert await gateway.retrieve_customer(customer.id) == updated

    async def test_a_deleted_customer_is_gone_and_deleting_it_again_is_fine(
        self, gateway: PaymentGateway, user_ref: str
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        for _ in range(2):
            await gateway.delete_customer(customer.id)

        assert await gateway.find_customer(user_ref) is None
        with pytest.raises(NotFound):
            await gateway.retrieve_customer(customer.id)

    async def test_deleting_a_customer_detaches_its_cards(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        card = await gateway.attach(customer_id=customer.id, payment_method=cards.good, key=f"{customer.id}:attach")

        await gateway.delete_customer(customer.id)

        assert (await gateway.retrieve_payment_method(card.id)).customer_id is None

    async def test_what_needs_a_customer_raises_not_found_without_one(self, gateway: PaymentGateway) -> None:
        missing = "cus_00000000000000"

        with pytest.raises(NotFound):
            await gateway.retrieve_customer(missing)
        with pytest.raises(NotFound):
            await gateway.update_customer(missing, email=EmailAddress("jane@example.org"), name="Jane")
        with pytest.raises(NotFound):
            await gateway.set_default(missing, None)
        with pytest.raises(NotFound):
            await gateway.list_payment_methods(missing)
        await gateway.delete_customer(missing)
