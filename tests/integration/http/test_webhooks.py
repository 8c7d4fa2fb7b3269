"""Events of Stripe's: who may send them, and what they set going."""

from datetime import timedelta
from typing import Any

import pytest
from tests.integration.http.client import Client, Run, problem, together
from tests.integration.http.service import Service, in_memory, serving
from tests.integration.http.stripe_events import PATH, an_event, checking, send, signature
from tests.integration.http.test_cards import LIST, VERIFY, cards

from accounts_core.testing.builders import a_provided_card
from accounts_litestar import HttpOptions
from accounts_memory.stripe_cards import Behaviour
from accounts_system import SystemClock

MIB = 1024 * 1024
CHALLENGED = {"paymentMethod": "pm_challenged", "returnUrl": "https://app.example.org/cards"}


def customer_of(jane: Client) -> str:
    url: str = jane.get(LIST).json()["url"]
    return url.split("/")[3]


def deliver(service: Service, body: bytes, **how: Any) -> Any:
    return service.run(send(service.api, service.clock, body, **how))


def sign_up(service: Service) -> Client:
    """Sign Jane up, and send the mail that comes with it."""
    jane = service.api.sign_up()
    service.work()
    return jane


def work(service: Service) -> int:
    """Do what is due, as a worker does, and return how many jobs succeeded."""
    ran = service.run(service.accounts.run_due())
    assert (ran.rescheduled, ran.dead_lettered) == (0, 0)
    return ran.done


def test_a_card_that_was_taken_away_at_stripe_goes_here_too(service: Service) -> None:
    jane = sign_up(service)
    jane.post(VERIFY, json={"paymentMethod": "pm_card_visa"})
    (card,) = cards(jane)
    customer = customer_of(jane)
    service.run(service.payments.detach(card["id"]))

    answer = deliver(service, an_event(customer))

    assert (answer.status_code, answer.content) == (204, b"")
    assert len(cards(jane)) == 1  # the answer does not wait for the work
    assert work(service) == 1
    assert cards(jane) == []


def test_an_event_that_comes_again_is_fine_and_nothing_is_done_twice(service: Service) -> None:
    jane = sign_up(service)
    jane.post(VERIFY, json={"paymentMethod": "pm_card_visa"})
    body = an_event(customer_of(jane))

    def once() -> Any:
        return send(service.api, service.clock, body)

    answers = [*together(service.run, once, once, once), deliver(service, body)]

    assert {answer.status_code for answer in answers} == {204}
    assert work(service) == 1


@pytest.mark.parametrize("customer", ["cus_nobodys", None])
def test_an_event_about_nobody_here_is_fine(service: Service, customer: str | None) -> None:
    assert deliver(service, an_event(customer)).status_code == 204
    work(service)


@pytest.mark.parametrize("off", [timedelta(seconds=299), timedelta(seconds=-299)])
def test_clocks_may_differ_a_little(service: Service, off: timedelta) -> None:
    assert deliver(service, an_event("cus_1"), off=off).status_code == 204


@pytest.mark.parametrize(
    "how",
    [
        {"secret": "whsec_other"},
        {"off": timedelta(seconds=301)},
        {"off": timedelta(seconds=-301)},
    ],
    ids=str,
)
def test_what_stripe_did_not_sign_just_now_is_refused_and_writes_nothing(service: Service, how: dict[str, Any]) -> None:
    before = service.dump()

    problem(deliver(service, an_event("cus_1"), **how), 400, "webhook-refused")

    assert service.dump() == before


def test_the_signature_is_of_the_very_bytes(service: Service) -> None:
    body = an_event("cus_1")
    headers = {"stripe-signature": signature(body, service.clock.now())}

    for other in (body + b" ", body.replace(b"cus_1", b"cus_2"), b""):
        problem(service.api.post(PATH, content=other, headers=headers), 400, "webhook-refused")


def test_two_signature_headers_are_refused(service: Service) -> None:
    body = an_event("cus_1")
    good = signature(body, service.clock.now())
    bad = signature(body, service.clock.now(), secret="whsec_other")

    for pair in ((good, bad), (bad, good)):
        headers = [("stripe-signature", each) for each in pair]
        problem(service.api.run(service.api.http.post(PATH, content=body, headers=headers)), 400, "webhook-refused")


def test_what_is_signed_and_is_no_event_is_refused(service: Service) -> None:
    odd = [an_event("cus_1", id="evt_\0"), an_event("cus_\0"), an_event("cus_1", id="evt_\ud800"), an_event("x" * 256)]
    for body in (b"", b"[]", b"null", b"\xff", b"[" * 100_000, *odd):
        problem(deliver(service, body), 400, "webhook-refused")


THIN = b"""{"id": "evt_test_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ", "object": "v2.core.event", "livemode": false,
"type": "v2.core.event_destination.ping", "created": "2024-09-17T06:20:52.246Z",
"related_object": {"id": "ed_test_1", "type": "event_destination", "url": "/v2/core/event_destinations/ed_test_1"}}"""


@pytest.mark.parametrize(
    "body",
    [THIN, b"{}", b'{"id": 1}', b'{"id": "evt_2"}', b'{"id": "evt_3", "data": {}}', b'{"id": "evt_4", "data": 5}'],
)
def test_a_signed_event_without_what_is_needed_is_fine_and_leads_to_nothing(service: Service, body: bytes) -> None:
    """F9: Stripe would send again what is refused, and in the end stop sending."""
    for _ in range(2):
        answer = deliver(service, body)
        assert (answer.status_code, answer.content) == (204, b"")

    assert service.run(service.accounts.list_outbox()) == []


def test_a_storm_of_events_of_other_accounts_customers_changes_nothing(service: Service) -> None:
    """What another service on the same Stripe account does is sent here as well."""
    jane = sign_up(service)
    jane.post(VERIFY, json={"paymentMethod": "pm_card_visa"})
    before = cards(jane)
    storm = [an_event(f"cus_another{number % 5}") for number in range(30)]

    assert {deliver(service, body).status_code for body in storm} == {204}
    service.payments.calls.clear()
    assert work(service) == 30

    assert service.payments.calls == []
    assert cards(jane) == before


def test_an_event_has_at_most_a_mebibyte(service: Service) -> None:
    least = len(an_event("cus_1", id="evt_large"))

    assert deliver(service, an_event("cus_1", id="evt_large", padding=MIB - least)).status_code == 204
    problem(deliver(service, an_event("cus_1", id="evt_large", padding=MIB - least + 1)), 413, "body-too-large")


def test_only_a_new_event_wakes_the_worker(run: Run) -> None:
    woken: list[str] = []
    clock = SystemClock()
    options = HttpOptions(webhook=checking(clock), wake_worker=lambda: woken.append("woken"))
    with serving(run, in_memory(), options=options) as service:
        body = an_event("cus_1")
        answers = [run(send(service.api, clock, body)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert woken == ["woken"]


def challenged(service: Service) -> tuple[Client, str]:
    """Sign Jane up, have her bank ask, and have her answer it; return her and her customer."""
    # a card of its own, not a test token, which would be another card on every use
    service.payments.add_payment_method(a_provided_card("pm_challenged"), behaviour=Behaviour(challenge=True))
    jane = sign_up(service)
    answer = jane.post(VERIFY, json=CHALLENGED)
    assert answer.json()["status"] == "requires_action", answer.text
    service.answer_challenges(succeed=True)
    return jane, str(jane.run(service.accounts.find_user("jane@example.org")).customer_id)


def finished_once(service: Service, jane: Client) -> None:
    """Check that there is one card, after one hold, and that nothing is held or left to be done for it."""
    assert [card["id"] for card in cards(jane)] == ["pm_challenged"]
    assert jane.post(VERIFY, json=CHALLENGED).json() == {"status": "ok"}
    assert len(service.payments.holds) == 1
    assert service.payments.open_holds() == []
    assert service.run(service.accounts.list_outbox()) == []


def test_the_webhook_finishes_what_the_bank_asked_about(service: Service) -> None:
    jane, customer = challenged(service)

    deliver(service, an_event(customer))
    work(service)

    finished_once(service, jane)


def test_the_second_call_finishes_and_the_webhook_after_it_changes_nothing(service: Service) -> None:
    jane, customer = challenged(service)

    assert jane.post(VERIFY, json=CHALLENGED).json() == {"status": "ok"}
    before = cards(jane)
    deliver(service, an_event(customer))
    work(service)

    assert cards(jane) == before
    finished_once(service, jane)


def test_the_second_call_and_the_webhook_at_once_finish_once(service: Service) -> None:
    jane, customer = challenged(service)

    async def webhook_and_worker() -> Any:
        answer = await send(service.api, service.clock, an_event(customer))
        await service.accounts.run_due()
        return answer

    answers = together(
        service.run, lambda: jane.request("POST", VERIFY, json=CHALLENGED), webhook_and_worker, webhook_and_worker
    )
    service.clock.pass_by(minutes=6)
    service.run(service.accounts.run_due())

    assert [answer.status_code for answer in answers[1:]] == [204, 204]
    assert answers[0].json() == {"status": "ok"}
    finished_once(service, jane)
