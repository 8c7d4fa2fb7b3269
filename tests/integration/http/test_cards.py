"""Cards: verifying, listing, choosing and removing them."""

from typing import Any

import pytest
from tests.integration.http.client import Client, invalid, problem, together
from tests.integration.http.service import Service
from tests.integration.http.stripe_events import an_event, send

VERIFY = "/api/users/current/verify-payment"
LIST = "/api/users/current/list-payment-methods"


def cards(client: Client) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = client.get(LIST).json()["data"]
    return data


def default_of(client: Client) -> str | None:
    found: str | None = client.get("/api/users/current/retrieve").json()["invoice_settings"]["default_payment_method"]
    return found


@pytest.mark.parametrize("media", ["json", "form"])
def test_a_verified_card_is_listed_in_stripes_shape(api: Client, service: Service, media: str) -> None:
    jane = api.sign_up()

    answer = jane.post(VERIFY, **{media: {"paymentMethod": "pm_card_visa"}})

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    listed = jane.get(LIST).json()
    assert list(listed) == ["object", "data", "has_more", "url"]
    (card,) = listed["data"]
    customer = card["customer"]
    assert customer.startswith("cus_")
    assert (listed["object"], listed["has_more"]) == ("list", False)
    assert listed["url"] == f"/v1/customers/{customer}/payment_methods"
    assert list(card) == [
        "id",
        "object",
        "billing_details",
        "card",
        "created",
        "customer",
        "livemode",
        "metadata",
        "type",
    ]
    assert list(card["billing_details"]) == ["address", "email", "name", "phone"]
    assert list(card["billing_details"]["address"]) == ["city", "country", "line1", "line2", "postal_code", "state"]
    assert list(card["card"]) == [
        "brand",
        "checks",
        "country",
        "exp_month",
        "exp_year",
        "fingerprint",
        "funding",
        "generated_from",
        "last4",
        "networks",
        "three_d_secure_usage",
        "wallet",
    ]
    assert list(card["card"]["checks"]) == ["address_line1_check", "address_postal_code_check", "cvc_check"]
    assert list(card["card"]["networks"]) == ["available", "preferred"]
    assert card["card"]["generated_from"] is None
    assert card["card"]["wallet"] is None
    assert card["card"]["three_d_secure_usage"] == {"supported": True}
    assert (card["object"], card["type"], card["livemode"], card["metadata"]) == ("payment_method", "card", False, {})
    assert (card["card"]["brand"], card["card"]["last4"]) == ("visa", "4242")
    assert isinstance(card["created"], int)


def test_the_customer_is_shown_in_stripes_shape(api: Client) -> None:
    jane = api.sign_up()
    jane.post(VERIFY, json={"paymentMethod": "pm_card_visa"})

    answer = jane.get("/api/users/current/retrieve")

    assert answer.status_code == 200
    customer = answer.json()
    assert list(customer) == [
        "id",
        "object",
        "address",
        "balance",
        "created",
        "currency",
        "default_source",
        "delinquent",
        "description",
        "discount",
        "email",
        "invoice_prefix",
        "invoice_settings",
        "livemode",
        "metadata",
        "name",
        "phone",
        "preferred_locales",
        "shipping",
        "tax_exempt",
        "test_clock",
    ]
    (card,) = cards(jane)
    assert customer["id"] == card["customer"]
    assert customer["invoice_settings"] == {
        "custom_fields": None,
        "default_payment_method": card["id"],
        "footer": None,
        "rendering_options": None,
    }
    assert (customer["email"], customer["name"]) == ("jane@example.org", "Jane Doe")
    for empty in ("default_source", "discount", "shipping", "test_clock"):
        assert customer[empty] is None


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        ("pm_card_chargeDeclined", "generic_decline"),
        ("pm_card_visa_chargeDeclined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "generic_decline"),
        ("pm_card_visa_chargeDeclinedStolenCard", "generic_decline"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error"),
    ],
)
def test_a_declined_card_is_not_kept_and_no_thief_is_warned(api: Client, token: str, shown: str) -> None:
    jane = api.sign_up()

    declined = problem(jane.post(VERIFY, json={"paymentMethod": token}), 402, "card-declined")

    assert declined["declineCode"] == shown
    assert not {"lost_card", "stolen_card", "fraudulent"} & set(str(declined).split("'"))
    assert cards(jane) == []


@pytest.mark.parametrize("token", ["pm_nothing", "not a card", "", "pm_" + "x" * 300, "../pm_card_visa"])
def test_a_payment_method_that_is_none_is_named(api: Client, token: str) -> None:
    invalid(api.sign_up().post(VERIFY, json={"paymentMethod": token}), "paymentMethod")


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "app.example.org", "https://", "https://x/" + "y" * 3000])
def test_a_return_address_that_is_none_is_named(api: Client, url: str) -> None:
    invalid(api.sign_up().post(VERIFY, json={"paymentMethod": "pm_card_visa", "returnUrl": url}), "returnUrl")


def test_strong_authentication_is_an_answer_and_the_same_call_finishes(api: Client, service: Service) -> None:
    jane = api.sign_up()
    wish = {"paymentMethod": "pm_card_authenticationRequired", "returnUrl": "https://app.example.org/cards"}

    answer = jane.post(VERIFY, json=wish)

    assert answer.status_code == 200
    assert list(answer.json()) == ["status", "verification", "clientSecret", "nextAction"]
    assert answer.json()["status"] == "requires_action"
    assert answer.json()["clientSecret"]
    assert answer.json()["nextAction"]["type"]
    assert cards(jane) == []

    waiting = jane.post(VERIFY, json=wish).json()
    assert waiting["verification"] == answer.json()["verification"]

    service.answer_challenges(succeed=True)

    assert jane.post(VERIFY, json=wish).json() == {"status": "ok"}
    assert len(cards(jane)) == 1


def test_a_failed_challenge_is_a_decline(api: Client, service: Service) -> None:
    jane = api.sign_up()
    wish = {"paymentMethod": "pm_card_authenticationRequired"}
    jane.post(VERIFY, json=wish)

    service.answer_challenges(succeed=False)

    problem(jane.post(VERIFY, json=wish), 402, "card-declined")
    assert cards(jane) == []


def hear_of(service: Service, jane: Client) -> None:
    """Let the event about Jane's customer come, and a worker go after it."""
    customer = service.run(service.accounts.find_user("jane@example.org")).customer_id
    assert service.run(send(service.api, service.clock, an_event(customer))).status_code == 204
    assert service.run(service.accounts.run_due()).done > 0


def test_an_answered_challenge_that_the_event_finished_is_told_to_the_same_call(api: Client, service: Service) -> None:
    jane = api.sign_up()
    wish = {"paymentMethod": "pm_card_authenticationRequired"}
    jane.post(VERIFY, json=wish)
    service.answer_challenges(succeed=True)
    hear_of(service, jane)
    assert len(cards(jane)) == 1

    answer = jane.post(VERIFY, json=wish)

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert (len(service.payments.holds), len(cards(jane))) == (1, 1)


def test_a_failed_challenge_that_the_event_finished_is_told_to_the_same_call_once(
    api: Client, service: Service
) -> None:
    jane = api.sign_up()
    wish = {"paymentMethod": "pm_card_authenticationRequired"}
    jane.post(VERIFY, json=wish)
    service.answer_challenges(succeed=False)
    hear_of(service, jane)

    declined = problem(jane.post(VERIFY, json=wish), 402, "card-declined")

    assert declined["declineCode"] == "payment_intent_authentication_failure"
    assert (len(service.payments.holds), cards(jane)) == (1, [])
    assert jane.post(VERIFY, json=wish).json()["status"] == "requires_action"
    assert len(service.payments.holds) == 2


def test_the_first_card_is_the_default_and_the_newest_left_follows_it(api: Client, service: Service) -> None:
    jane = api.sign_up()
    for token in ("pm_card_visa", "pm_card_mastercard", "pm_card_amex"):
        assert jane.post(VERIFY, json={"paymentMethod": token}).json() == {"status": "ok"}
        service.clock.pass_by(seconds=1)
    amex, mastercard, visa = (card["id"] for card in cards(jane))
    assert default_of(jane) == visa

    answer = jane.put(f"/api/users/current/payment-method/{mastercard}/default")

    assert (answer.status_code, answer.content) == (204, b"")
    assert default_of(jane) == mastercard

    answer = jane.delete(f"/api/users/current/payment-method/{mastercard}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert [card["id"] for card in cards(jane)] == [amex, visa]
    assert default_of(jane) == amex


def test_another_payment_method_of_a_card_replaces_it(api: Client) -> None:
    jane = api.sign_up()
    jane.post(VERIFY, json={"paymentMethod": "pm_card_visa"})
    (before,) = cards(jane)

    jane.post(VERIFY, json={"paymentMethod": "pm_card_visa"})

    (after,) = cards(jane)
    assert after["id"] != before["id"]
    assert after["card"]["fingerprint"] == before["card"]["fingerprint"]
    assert default_of(jane) == after["id"]


def test_a_card_that_is_verified_already_is_not_held_again(api: Client, service: Service) -> None:
    jane = api.sign_up()
    jane.post(VERIFY, json={"paymentMethod": "pm_card_visa"})
    (card,) = cards(jane)
    holds = len(service.payments.holds)

    assert jane.post(VERIFY, json={"paymentMethod": card["id"]}).json() == {"status": "ok"}

    assert len(service.payments.holds) == holds


def test_the_same_call_twice_at_once_makes_one_hold(api: Client, service: Service) -> None:
    jane = api.sign_up()

    def verify() -> Any:
        return jane.request("POST", VERIFY, json={"paymentMethod": "pm_card_amex"})

    answers = together(service.run, verify, verify, verify)

    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
    assert len(cards(jane)) == 1


def test_somebody_elses_card_is_not_there_and_the_provider_is_not_asked(api: Client, service: Service) -> None:
    jane, mallory = api.sign_up(), api.sign_up("mallory@example.org", "Mallory")
    jane.post(VERIFY, json={"paymentMethod": "pm_card_visa"})
    (card,) = cards(jane)
    calls = list(service.payments.calls)

    problem(mallory.delete(f"/api/users/current/payment-method/{card['id']}"), 404, "not-found")
    problem(mallory.put(f"/api/users/current/payment-method/{card['id']}/default"), 404, "not-found")

    assert list(service.payments.calls) == calls
    assert len(cards(jane)) == 1


# ---- what else there is at Stripe


def test_another_kind_of_payment_method_is_no_card_and_is_left_alone(api: Client, service: Service) -> None:
    """F15: a bank account of the host's own is the customer's default."""
    jane = api.sign_up()
    jane.post(VERIFY, json={"paymentMethod": "pm_card_visa"})
    (card,) = cards(jane)
    account = service.payments.add_other_payment_method("pm_bank", customer_id=card["customer"])
    service.run(service.payments.set_default(card["customer"], account))

    for _ in range(2):
        assert service.run(send(service.api, service.clock, an_event(card["customer"]))).status_code == 204
        service.work()

    assert cards(jane) == [card]
    assert default_of(jane) == account
    invalid(jane.post(VERIFY, json={"paymentMethod": account}), "paymentMethod")
    problem(jane.delete(f"/api/users/current/payment-method/{account}"), 404, "not-found")
    problem(jane.put(f"/api/users/current/payment-method/{account}/default"), 404, "not-found")
    assert service.payments.open_holds() == []
    assert default_of(jane) == account

    assert jane.put(f"/api/users/current/payment-method/{card['id']}/default").status_code == 204
    assert default_of(jane) == card["id"]


def test_a_card_is_verified_whatever_stripe_thinks_of_the_address(api: Client, service: Service) -> None:
    """F14."""
    joerg = api.sign_up("jörg@example.org", "Jörg Doe")
    service.work()

    assert joerg.post(VERIFY, json={"paymentMethod": "pm_card_visa"}).json() == {"status": "ok"}

    customer = joerg.get("/api/users/current/retrieve").json()
    assert (customer["email"], customer["name"]) == (None, "Jörg Doe")
    assert service.run(service.accounts.list_outbox()) == []
    told = [each for each in joerg.get("/api/users/current/activity").json() if each["by"] == "provider"]
    assert [(each["action"], each["details"]) for each in told] == [
        ("customer_details_refused", {"fields": "email", "code": "email_invalid"})
    ]


def test_a_customer_deleted_in_the_dashboard_is_replaced_in_the_same_call(api: Client, service: Service) -> None:
    """A14."""
    jane = api.sign_up()
    jane.post(VERIFY, json={"paymentMethod": "pm_card_visa"})
    lost = cards(jane)[0]["customer"]
    service.run(service.payments.delete_customer(lost))

    assert jane.post(VERIFY, json={"paymentMethod": "pm_card_mastercard"}).json() == {"status": "ok"}

    (card,) = cards(jane)
    assert card["card"]["brand"] == "mastercard"
    assert card["customer"] != lost
    assert default_of(jane) == card["id"]
    assert service.payments.open_holds() == []
    assert len(service.payments.holds) == 2
