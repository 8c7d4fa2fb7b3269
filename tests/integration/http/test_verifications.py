"""`GET /api/users/current/verifications`: what became of each card that was to be verified."""

from typing import Any

import pytest
from tests.integration.http.client import Client, invalid, problem
from tests.integration.http.service import Service
from tests.integration.http.test_cards import VERIFY, cards

from accounts_core.errors import ProviderAmbiguous

PATH = "/api/users/current/verifications"


def verify(jane: Client, service: Service, *tokens: str) -> None:
    for token in tokens:
        jane.post(VERIFY, json={"paymentMethod": token})
        service.clock.pass_by(seconds=1)


def listed(jane: Client, query: str = "") -> list[dict[str, Any]]:
    answer = jane.get(PATH + query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def test_nobody_has_any_to_begin_with(api: Client) -> None:
    assert listed(api.sign_up()) == []


def test_each_is_listed_newest_first_in_public_words(api: Client, service: Service) -> None:
    jane = api.sign_up()
    verify(jane, service, "pm_card_visa", "pm_card_threeDSecure2Required", "pm_missing")

    missing, challenged, verified = listed(jane)

    (card,) = cards(jane)
    assert list(verified) == ["_id", "state", "createdAt", "card", "reason"]
    assert verified["_id"].startswith("cv_")
    assert verified["createdAt"] == "2023-11-06T08:30:09.166Z"
    assert (verified["state"], verified["reason"]) == ("verified", None)
    assert verified["card"] == {"id": card["id"], "brand": "visa", "last4": "4242"}
    assert (challenged["state"], challenged["card"], challenged["reason"]) == ("requires_action", None, None)
    assert (missing["state"], missing["card"], missing["reason"]) == ("failed", None, "resource_missing")


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
        ("pm_card_chargeDeclined", "generic_decline"),
        ("pm_card_chargeDeclinedLostCard", "generic_decline"),
        ("pm_card_chargeDeclinedStolenCard", "generic_decline"),
    ],
)
def test_why_a_card_was_declined_is_said_as_when_it_was(api: Client, service: Service, token: str, reason: str) -> None:
    jane = api.sign_up()
    told = problem(jane.post(VERIFY, json={"paymentMethod": token}), 402, "card-declined")["declineCode"]

    (declined,) = listed(jane)

    assert (declined["state"], declined["card"], declined["reason"]) == ("declined", None, reason)
    assert told == reason


def test_a_challenge_that_nobody_answers_is_canceled(api: Client, service: Service) -> None:
    jane = api.sign_up()
    verify(jane, service, "pm_card_threeDSecure2Required")
    service.clock.pass_by(hours=2)
    service.run(service.accounts.run_due())

    (canceled,) = listed(jane)

    assert (canceled["state"], canceled["reason"]) == ("canceled", "verification_abandoned")


def test_a_card_that_was_removed_is_not_told_any_more(api: Client, service: Service) -> None:
    jane = api.sign_up()
    verify(jane, service, "pm_card_visa")
    (card,) = cards(jane)
    jane.delete(f"/api/users/current/payment-method/{card['id']}")

    (verified,) = listed(jane)

    assert (verified["state"], verified["card"]) == ("verified", None)


def test_what_is_going_on_is_pending(api: Client, service: Service) -> None:
    jane = api.sign_up()
    service.payments.fail_next("release", ProviderAmbiguous())
    problem(jane.post(VERIFY, json={"paymentMethod": "pm_card_visa"}), 503, "unavailable")

    (pending,) = listed(jane)

    assert (pending["state"], pending["card"], pending["reason"]) == ("pending", None, None)


def test_pages_follow_each_other_to_the_end(api: Client, service: Service) -> None:
    jane = api.sign_up()
    verify(jane, service, *["pm_card_chargeDeclined"] * 5)
    every = [each["_id"] for each in listed(jane)]
    assert len(every) == 5

    found: list[str] = []
    query = "?limit=2"
    while page := listed(jane, query):
        found += [each["_id"] for each in page]
        query = f"?limit=2&before={found[-1]}"

    assert found == every


def test_an_id_that_is_not_among_them_is_refused(api: Client, service: Service) -> None:
    jane, john = api.sign_up(), api.sign_up("john@example.org", "John Roe")
    verify(john, service, "pm_card_chargeDeclined")
    (johns,) = listed(john)

    for before in (johns["_id"], "cv_none"):
        invalid(jane.get(f"{PATH}?before={before}"), "before")
    invalid(jane.get(f"{PATH}?limit=201"), "limit")


def test_it_needs_a_token_and_shows_ones_own_alone(api: Client, service: Service) -> None:
    jane, john = api.sign_up(), api.sign_up("john@example.org", "John Roe")
    verify(john, service, "pm_card_visa")

    assert api.get(PATH).status_code == 401
    assert listed(jane) == []
    assert len(listed(john)) == 1
