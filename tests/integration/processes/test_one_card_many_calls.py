"""Whoever clicks fifty times, or has fifty tabs, pays for one click: one hold, one card."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final

import httpx
import pytest
from tests.integration.cli.harness import PATIENCE_SECONDS
from tests.integration.processes.programs import VERIFY_URL, Person, Start, StripeServer

CALLS: Final = 50
SERVERS: Final = 2


async def verify_everywhere(urls: Sequence[str], person: Person, card: str) -> list[httpx.Response]:
    """Send all calls at once, to the servers in turn, each on a connection of its own."""
    limits = httpx.Limits(max_connections=CALLS)
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, limits=limits, trust_env=False) as client:
        calls = [
            client.post(urls[number % len(urls)] + VERIFY_URL, json={"paymentMethod": card}, headers=person.headers)
            for number in range(CALLS)
        ]
        return await asyncio.gather(*calls)


@pytest.mark.long
def test_fifty_calls_for_one_card_at_two_servers_make_one_hold_and_one_card(
    start: Start, stripe: StripeServer, postgres_url: str
) -> None:
    settings = stripe.settings(postgres_url)
    servers = [start("serve", "--port", "0", **settings)]
    with servers[0].client() as client:
        jane = Person.sign_up(client, "jane@example.org")
        servers += [start("serve", "--port", "0", **settings) for _ in range(SERVERS - 1)]
        # a payment method, not a test token: a token is another payment method on every use
        card = stripe.new_card("tok_visa")

        answers = asyncio.run(verify_everywhere([server.url for server in servers], jane, card["id"]))

        statuses = Counter(answer.status_code for answer in answers)
        unexpected = [answer.text for answer in answers if answer.status_code not in {200, 409}]
        assert not unexpected, f"{statuses}: {unexpected}"
        assert statuses[200] > 0
        assert all(answer.json() == {"status": "ok"} for answer in answers if answer.status_code == 200)
        assert jane.cards(client) == {card["id"]: card["card"]["fingerprint"]}
    ledger = stripe.ledger()
    assert [len(intents) for intents in ledger.holds.values()] == [1], f"one hold expected: {ledger.holds}"
    assert not ledger.open_holds
    assert not ledger.unfinished
    assert not ledger.captured
    assert [len(ledger.customers[jane.id])] == [1] == [len(ledger.customers)]
    assert list(ledger.attached.values()) == [[card["id"]]]
    assert list(ledger.defaults.values()) == [card["id"]]
