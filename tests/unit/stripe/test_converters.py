from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.stripe.objects import CREATED, Json, a_card, a_customer, a_decline, a_payment_method, an_intent

from accounts_core.errors import ConfigurationError, ProviderAmbiguous
from accounts_core.model.customer import Customer
from accounts_core.model.payment_method import (
    Address,
    BillingDetails,
    Card,
    CardChecks,
    CardNetworks,
    ProviderPaymentMethod,
)
from accounts_core.ports.payment_gateway import HoldStatus
from accounts_stripe import converters

AT = datetime.fromtimestamp(CREATED, UTC)


def test_a_customer_is_read_whole() -> None:
    known = a_customer(
        address={"city": "Bern", "country": "CH", "line1": None, "line2": None, "postal_code": "3000", "state": None},
        balance=-500,
        currency="chf",
        delinquent=True,
        description="A person",
        email="jane@example.org",
        invoice_settings={"default_payment_method": "pm_1"},
        livemode=True,
        name="Jane Doe",
        phone="+41",
        preferred_locales=["de", "fr"],
        tax_exempt="reverse",
    )

    assert converters.to_customer(known) == Customer(
        id="cus_1",
        address=Address(city="Bern", country="CH", postal_code="3000"),
        balance=-500,
        created=AT,
        currency="chf",
        default_payment_method="pm_1",
        delinquent=True,
        description="A person",
        email="jane@example.org",
        invoice_prefix="0759376C",
        livemode=True,
        user_ref="69a42bc00000000000000007",
        metadata={"user_id": "69a42bc00000000000000007"},
        name="Jane Doe",
        phone="+41",
        preferred_locales=("de", "fr"),
        tax_exempt="reverse",
    )


def test_a_payment_method_is_read_whole() -> None:
    wallet: Json = {"type": "apple_pay", "apple_pay": {}, "dynamic_last4": None}
    known = a_payment_method(customer="cus_1", card=a_card(wallet=wallet), metadata={"a": "b"})

    assert converters.to_payment_method(known) == ProviderPaymentMethod(
        id="pm_1",
        card=Card(
            brand="visa",
            checks=CardChecks(address_postal_code_check="pass", cvc_check="pass"),
            country="US",
            exp_month=8,
            exp_year=2030,
            fingerprint="Xt5EWLLDS7FJjR1c",
            funding="credit",
            last4="4242",
            networks=CardNetworks(available=("visa",)),
            three_d_secure_supported=True,
            wallet=wallet,
        ),
        billing_details=BillingDetails(
            address=Address(city="Bern", country="CH", line1="Gasse 1", postal_code="3000"),
            email="jane@example.org",
            name="Jane Doe",
        ),
        created=AT,
        metadata={"a": "b"},
        customer_id="cus_1",
    )


def test_what_may_be_missing_may_be_missing() -> None:
    """Stripe's later versions drop fields from answers: only what the core cannot do without has to be there."""
    card = {"brand": "visa", "exp_month": 8, "exp_year": 2030, "last4": "4242"}

    customer = converters.to_customer({"id": "cus_1", "created": CREATED})
    method = converters.to_payment_method({"id": "pm_1", "type": "card", "created": CREATED, "card": card})
    hold = converters.to_hold({"id": "pi_1", "status": "canceled", "amount": 100, "currency": "usd"})

    assert customer == Customer(id="cus_1", created=AT)
    assert method == ProviderPaymentMethod(
        id="pm_1", created=AT, card=Card(brand="visa", exp_month=8, exp_year=2030, last4="4242")
    )
    assert (hold.verification_id, hold.payment_method) == ("", None)


def test_an_expanded_reference_is_the_same_as_its_id() -> None:
    settings = {"default_payment_method": a_payment_method("pm_2")}

    assert converters.to_customer(a_customer(invoice_settings=settings)).default_payment_method == "pm_2"
    assert converters.to_payment_method(a_payment_method(customer=a_customer("cus_2"))).customer_id == "cus_2"
    assert converters.to_hold(an_intent(payment_method=a_payment_method("pm_3"))).payment_method == "pm_3"


@pytest.mark.parametrize(
    ("status", "read"),
    [
        ("requires_capture", HoldStatus.HELD),
        ("requires_action", HoldStatus.CHALLENGED),
        ("canceled", HoldStatus.RELEASED),
        ("requires_payment_method", HoldStatus.DECLINED),
        ("requires_confirmation", HoldStatus.DECLINED),
    ],
)
def test_each_state_of_an_intent_is_a_status_of_the_hold(status: str, read: HoldStatus) -> None:
    hold = converters.to_hold(an_intent(status))

    assert hold.status is read
    assert (hold.id, hold.verification_id, hold.payment_method) == ("pi_1", "ver_1", "pm_1")
    assert (hold.amount, hold.currency) == (100, "usd")


def test_only_a_challenge_carries_what_the_browser_needs() -> None:
    action = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}

    challenged = converters.to_hold(an_intent("requires_action", next_action=action))
    held = converters.to_hold(an_intent())

    assert (challenged.client_secret, challenged.next_action) == ("pi_1_secret_abc", action)
    assert (held.client_secret, held.next_action) == (None, None)


def test_a_declined_intent_says_why_and_which_payment_method() -> None:
    error = a_decline(payment_method=a_payment_method("pm_5"))["error"]

    hold = converters.to_hold(an_intent("requires_payment_method", payment_method=None, last_payment_error=error))

    assert (hold.code, hold.decline_code, hold.payment_method) == ("card_declined", "insufficient_funds", "pm_5")


def test_an_earlier_failure_is_no_reason_against_what_is_held() -> None:
    hold = converters.to_hold(an_intent(last_payment_error=a_decline()["error"]))

    assert (hold.status, hold.code, hold.decline_code) == (HoldStatus.HELD, None, None)


def test_a_captured_hold_is_said_aloud() -> None:
    with pytest.raises(ConfigurationError, match=r"pi_1.*captured"):
        converters.to_hold(an_intent("succeeded"))


@pytest.mark.parametrize("status", ["processing", "a_state_of_tomorrow"])
def test_a_state_that_decides_nothing_is_unknown(status: str) -> None:
    with pytest.raises(ProviderAmbiguous, match=status):
        converters.to_hold(an_intent(status))


@pytest.mark.parametrize(
    ("convert", "object"),
    [
        (converters.to_customer, {}),
        (converters.to_customer, a_customer(created="yesterday")),
        (converters.to_customer, a_customer(created=10**30)),
        (converters.to_payment_method, a_payment_method(card=None)),
        (converters.to_payment_method, {"id": "pm_1", "type": "card", "created": CREATED}),
        (converters.to_hold, {"id": "pi_1"}),
        (converters.to_page, {"object": "list"}),
        (converters.to_page, {"data": None}),
    ],
)
def test_an_answer_without_what_is_needed_is_unknown_and_no_crash(convert: Any, object: Any) -> None:
    with pytest.raises(ProviderAmbiguous):
        convert(object)
