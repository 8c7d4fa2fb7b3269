"""A service that is killed over and over, while people verify cards, leaves no cent frozen and no card half added.

The moments are drawn with a seed; what the processes are at just then is up to the machine. `ACCOUNTS_TEST_KILLS` asks
for more kills than a run of all the tests has time for.
"""

import asyncio
import os
from collections.abc import Mapping
from random import Random
from typing import Any, Final

import attrs
import httpx
import pytest
from tests.integration.cli.harness import PATIENCE_SECONDS, Served
from tests.integration.processes.programs import VERIFY_URL, Person, Start, StripeServer

from accounts_cli.composition import open_service
from accounts_cli.settings import Settings
from accounts_core.model.outbox import Job, Topic

KILLS: Final = int(os.environ.get("ACCOUNTS_TEST_KILLS", "6"))
SEED: Final = 1
PEOPLE: Final = 3
MOST_ANSWERS: Final = 12
LONGEST_MOMENT_SECONDS: Final = 0.25
"""A service is killed after up to so many answers and so much time: on a slow machine, too, it gets something done."""
TOKENS: Final = ("tok_visa", "tok_mastercard", "tok_amex", "tok_chargeDeclined")
MOST_PASSES: Final = 5
"""How often the worker may be run before nothing is left to do."""
USED_UP: Final = "payment_method_unexpected_state"
"""What Stripe says of a payment method that was detached."""

Card = dict[str, Any]


@attrs.define
class Experience:
    """What the clients of one person saw."""

    person: Person
    acknowledged: dict[str, str] = attrs.field(factory=dict)
    """The fingerprints of the cards that the service said were the person's, by payment method."""
    replaced: dict[str, str] = attrs.field(factory=dict)
    """The fingerprints of those that were verified without an answer, and replaced before they were asked for again."""
    cut_off: list[Card] = attrs.field(factory=list)
    """The cards of which no answer came."""
    unexpected: list[str] = attrs.field(factory=list)

    def note(self, card: Card, answer: httpx.Response) -> None:
        match answer.status_code:
            case 200 if answer.json() == {"status": "ok"}:
                self.acknowledged[card["id"]] = card["card"]["fingerprint"]
            case 402 | 409:
                pass
            case 422 if card in self.cut_off and USED_UP in answer.text:
                self.replaced[card["id"]] = card["card"]["fingerprint"]
            case _:
                self.unexpected.append(f"{answer.status_code} {answer.text}")


@attrs.frozen
class Round:
    """The life of one service, from its start until it is killed."""

    client: httpx.AsyncClient
    stripe: StripeServer
    answered: asyncio.Semaphore = attrs.field(factory=lambda: asyncio.Semaphore(0))

    async def verify_cards(self, someone: Experience, chance: Random, first: Card | None) -> None:
        """Verify one card after another until the service is gone."""
        card = first
        while True:
            if card is None:
                card = await asyncio.to_thread(self.stripe.new_card, chance.choice(TOKENS))
            try:
                answer = await self.client.post(
                    VERIFY_URL, json={"paymentMethod": card["id"]}, headers=someone.person.headers
                )
            except httpx.TransportError:
                someone.cut_off.append(card)
                return
            someone.note(card, answer)
            card = None
            self.answered.release()

    async def wait_for_answers(self, count: int) -> None:
        for _ in range(count):
            await self.answered.acquire()


async def use_until_killed(service: Served, people: list[Experience], stripe: StripeServer, chance: Random) -> None:
    """Let everybody verify cards, and kill the service in the middle of it."""
    client = httpx.AsyncClient(base_url=service.url, timeout=PATIENCE_SECONDS, trust_env=False)
    async with client, asyncio.TaskGroup() as clients:
        this = Round(client, stripe)
        for someone in people:
            # the first asks for new cards alone; the second begins with one that was cut off, and will have to wait
            for first in (None, chance.choice([None, *someone.cut_off])):
                clients.create_task(this.verify_cards(someone, Random(chance.random()), first))
        answers, moment = chance.randrange(MOST_ANSWERS), chance.uniform(0, LONGEST_MOMENT_SECONDS)
        try:
            await asyncio.wait_for(this.wait_for_answers(answers), PATIENCE_SECONDS)
        except TimeoutError:
            pytest.fail(f"{answers} answers did not come in time; the service said: {service.lines}")
        await asyncio.sleep(moment)
        service.process.kill()
    service.end()


async def open_jobs(settings: Mapping[str, str], *, make_due: bool = False) -> list[Job]:
    """Return what the outbox holds; on request made due as by an operator, whatever lease a dead worker has on it."""
    async with open_service(Settings.parse(settings)) as service:
        jobs = [*await service.accounts.list_outbox(limit=10_000)]
        if make_due:
            for job in jobs:
                await service.accounts.retry_job(job.id)
        return jobs


def finish_all_work(start: Start, settings: Mapping[str, str]) -> None:
    """Run the worker until the outbox is empty."""
    for _ in range(MOST_PASSES):
        if not asyncio.run(open_jobs(settings, make_due=True)):
            return
        worker = start("worker", "--once", **settings)
        assert worker.end() == 0, worker.lines
        assert worker.lines[-1].endswith("Parked: 0."), worker.lines
    left = asyncio.run(open_jobs(settings))
    assert not left, f"after {MOST_PASSES} runs of the worker there is still to do: {left}"


def assert_all_is_well(stripe: StripeServer, people: list[Experience], listed: list[dict[str, str]]) -> None:
    """Compare Stripe's books, what the service lists, and what it said before it was killed."""
    ledger = stripe.ledger()
    assert not ledger.open_holds, f"money is still frozen by {ledger.open_holds}"
    assert not ledger.unfinished, f"these could still freeze money: {ledger.unfinished}"
    assert not ledger.captured, f"money was taken: {ledger.captured}"
    assert not ledger.doubled_holds, f"one verification froze money twice: {ledger.doubled_holds}"
    assert "" not in ledger.holds, f"holds of no verification: {ledger.holds['']}"
    assert not ledger.doubled_customers, f"one user is two customers: {ledger.doubled_customers}"
    assert set(ledger.customers) == {each.person.id for each in people}
    for each, cards in zip(people, listed, strict=True):
        (customer,) = ledger.customers[each.person.id]
        assert set(ledger.attached[customer]) == set(cards), f"user {each.person.id}: attached, and listed"
        assert ledger.defaults[customer] in cards, f"user {each.person.id}: the default at Stripe is no listed card"
        there = set(cards.values())  # a card that was replaced is there under another id, with its fingerprint
        told = each.acknowledged | each.replaced
        lost = [card for card, fingerprint in told.items() if card not in cards and fingerprint not in there]
        assert not lost, f"user {each.person.id} was told that {lost} had been added; there are only {cards}"


def test_a_service_that_is_killed_again_and_again_leaves_no_hold_and_no_card_half_added(
    start: Start, stripe: StripeServer, postgres_url: str
) -> None:
    settings = stripe.settings(postgres_url)
    chance = Random(SEED)
    services = [start("serve", "--port", "0", **settings)]
    with services[0].client() as client:
        people = [Experience(Person.sign_up(client, f"jane{number}@example.org")) for number in range(PEOPLE)]

    asyncio.run(use_until_killed(services[0], people, stripe, chance))
    for _ in range(KILLS - 1):
        services.append(start("serve", "--port", "0", **settings))
        asyncio.run(use_until_killed(services[-1], people, stripe, chance))
    interrupted = [job for job in asyncio.run(open_jobs(settings)) if job.topic == Topic.VERIFY_CARD]
    finish_all_work(start, settings)

    services.append(start("serve", "--port", "0", **settings))
    with services[-1].client() as client:
        listed = [each.person.cards(client) for each in people]
    assert services[-1].stop() == 0
    unexpected = [text for each in people for text in each.unexpected]
    assert not unexpected, f"answers other than 200, 402 and 409: {unexpected}"
    assert_all_is_well(stripe, people, listed)
    complaints = [line for service in services for line in service.lines if "Traceback" in line or " ERROR " in line]
    assert not complaints
    assert interrupted, "no kill met a verification: this run shows nothing"
    assert any(each.acknowledged for each in people), "no card was verified before a kill: this run shows little"
