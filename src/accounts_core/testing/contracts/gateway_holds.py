from datetime import UTC, datetime, timedelta
from typing import Final

import attrs
import pytest

from accounts_core.errors import NotFound, ProviderRefused
from accounts_core.model.customer import Customer
from accounts_core.ports.payment_gateway import Hold, HoldStatus, PaymentGateway
from accounts_core.testing.contracts.payment_gateway import (
    Authenticate,
    PaymentGatewayContract,
    ProviderCards,
    a_customer,
    a_request,
    every,
)
from accounts_core.testing.harness import Concurrently

BEFORE: Final = datetime(2020, 1, 1, tzinfo=UTC)


class GatewayHoldsContract(PaymentGatewayContract):
    """`PaymentGateway`: the holds."""

    async def test_a_hold_on_a_good_card_is_placed_and_released(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        request = a_request(customer, cards.good)

        held = await gateway.hold(request, key=f"{customer.id}:hold")

        assert held.id is not None
        assert held.status is HoldStatus.HELD
        assert (held.amount, held.currency, held.verification_id) == (100, "usd", request.verification_id)
        assert held.payment_method not in {None, cards.good}
        assert (held.code, held.decline_code, held.next_action) == (None, None, None)
        assert (await gateway.retrieve_hold(held.id)).status is HoldStatus.HELD

        released = await gateway.release(held.id, key=f"{customer.id}:release")

        assert (released.id, released.status) == (held.id, HoldStatus.RELEASED)
        assert (await gateway.retrieve_hold(held.id)).status is HoldStatus.RELEASED

    async def test_after_a_hold_was_released_its_card_can_be_attached(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        held = await gateway.hold(a_request(customer, cards.good), key=f"{customer.id}:hold")
        assert held.id is not None
        assert held.payment_method is not None
        await gateway.release(held.id, key=f"{customer.id}:release")

        card = await gateway.attach(
            customer_id=customer.id, payment_method=held.payment_method, key=f"{customer.id}:attach"
        )

        assert (card.id, card.customer_id) == (held.payment_method, customer.id)
        assert [each.id for each in await gateway.list_payment_methods(customer.id)] == [card.id]

    @pytest.mark.parametrize(
        ("card", "code", "decline_code"),
        [("declined", "card_declined", "generic_decline"), ("without_funds", "card_declined", "insufficient_funds")],
    )
    async def test_a_decline_is_an_answer_with_the_banks_reason_and_can_be_closed(
        self,
        gateway: PaymentGateway,
        user_ref: str,
        cards: ProviderCards,
        card: str,
        code: str,
        decline_code: str,
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        hold = await gateway.hold(a_request(customer, getattr(cards, card)), key=f"{customer.id}:hold")

        assert (hold.status, hold.code, hold.decline_code) == (HoldStatus.DECLINED, code, decline_code)
        if hold.id is not None:
            await gateway.release(hold.id, key=f"{customer.id}:release")
            assert (await gateway.retrieve_hold(hold.id)).status is HoldStatus.RELEASED

    async def test_a_challenge_says_how_the_person_answers_it(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        hold = await _challenged(gateway, customer, cards)

        assert hold.client_secret
        assert hold.client_secret not in repr(hold)
        assert hold.next_action is not None
        assert hold.next_action["type"]

    @pytest.mark.parametrize(("succeed", "status"), [(True, HoldStatus.HELD), (False, HoldStatus.DECLINED)])
    async def test_the_persons_answer_decides(
        self,
        gateway: PaymentGateway,
        user_ref: str,
        cards: ProviderCards,
        authenticate: Authenticate,
        succeed: bool,
        status: HoldStatus,
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        hold = await _challenged(gateway, customer, cards)
        assert hold.id is not None

        await authenticate(hold.id, succeed)

        answered = await gateway.retrieve_hold(hold.id)
        assert answered.status is status
        assert (answered.code is None) is succeed
        await gateway.release(hold.id, key=f"{customer.id}:release")
        assert (await gateway.retrieve_hold(hold.id)).status is HoldStatus.RELEASED

    async def test_a_challenge_that_nobody_answers_can_be_closed(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        hold = await _challenged(gateway, customer, cards)
        assert hold.id is not None

        assert (await gateway.release(hold.id, key=f"{customer.id}:release")).status is HoldStatus.RELEASED

    async def test_the_same_key_holds_once(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards, concurrently: Concurrently
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        request = a_request(customer, cards.good)

        outcomes = await concurrently(*[lambda: gateway.hold(request, key=f"{customer.id}:hold")] * 6)

        again = await gateway.hold(request, key=f"{customer.id}:hold")
        answers = [outcome for outcome in outcomes if isinstance(outcome, Hold)]
        assert {(hold.id, hold.payment_method) for hold in answers} == {(again.id, again.payment_method)}

    async def test_the_same_key_with_another_request_is_refused(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        await gateway.hold(a_request(customer, cards.good), key=f"{customer.id}:hold")

        with pytest.raises(ProviderRefused) as refusal:
            await gateway.hold(attrs.evolve(a_request(customer, cards.good), amount=200), key=f"{customer.id}:hold")

        assert refusal.value.code == "idempotency_error"

    async def test_a_hold_is_found_by_its_verification(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        first = await gateway.hold(a_request(customer, cards.good, "ver_1"), key=f"{customer.id}:1")
        second = await gateway.hold(a_request(customer, cards.declined, "ver_2"), key=f"{customer.id}:2")

        async def find(verification: str) -> Hold | None:
            return await gateway.find_hold(customer_id=customer.id, verification_id=f"{verification}_{customer.id}")

        found = await find("ver_1")
        assert found is not None
        assert found.id == first.id
        assert second.id is None or (await find("ver_2")) is not None
        assert await find("ver_3") is None

    async def test_the_open_holds_are_listed_the_newest_first_with_what_they_were_asked_for(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        wanted = {"held": cards.good, "challenged": cards.challenged, "declined": cards.declined, "gone": cards.good}
        requests = {name: a_request(customer, card, name) for name, card in wanted.items()}
        holds = {name: await gateway.hold(request, key=f"{customer.id}:{name}") for name, request in requests.items()}
        assert holds["gone"].id is not None
        await gateway.release(holds["gone"].id, key=f"{customer.id}:release")

        listed = [
            each for each in await every(gateway.list_open_holds, since=BEFORE) if each.customer_id == customer.id
        ]

        assert [each.id for each in listed] == [holds["challenged"].id, holds["held"].id]
        assert listed[1].verification_id == requests["held"].verification_id
        assert (listed[1].amount, listed[1].currency) == (100, "usd")
        made = listed[0].created
        assert made.utcoffset() is not None
        later = await every(gateway.list_open_holds, since=made + timedelta(seconds=2))
        assert [each for each in later if each.customer_id == customer.id] == []

    async def test_releasing_a_hold_that_is_gone_is_no_error(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)
        hold = await gateway.hold(a_request(customer, cards.good), key=f"{customer.id}:hold")
        assert hold.id is not None

        for key in ("release", "release", "again"):
            assert (await gateway.release(hold.id, key=f"{customer.id}:{key}")).status is HoldStatus.RELEASED

    async def test_a_hold_on_no_payment_method_is_refused_as_missing(
        self, gateway: PaymentGateway, user_ref: str, cards: ProviderCards
    ) -> None:
        customer = await a_customer(gateway, user_ref)

        with pytest.raises(ProviderRefused) as refusal:
            await gateway.hold(a_request(customer, cards.unknown), key=f"{customer.id}:hold")

        assert (refusal.value.code, refusal.value.param) == ("resource_missing", "payment_method")

    async def test_unknown_holds_are_not_found(self, gateway: PaymentGateway) -> None:
        missing = "pi_000000000000000000000000"

        with pytest.raises(NotFound):
            await gateway.retrieve_hold(missing)
        with pytest.raises(NotFound):
            await gateway.release(missing, key=f"{missing}:release")


async def _challenged(gateway: PaymentGateway, customer: Customer, cards: ProviderCards) -> Hold:
    hold = await gateway.hold(a_request(customer, cards.challenged), key=f"{customer.id}:hold")
    assert hold.status is HoldStatus.CHALLENGED
    return hold
