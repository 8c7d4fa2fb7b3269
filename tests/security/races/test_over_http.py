"""The same races at two services, each a process of its own, on one PostgreSQL: what people's browsers see of them."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle
from random import Random
from typing import Any, Final

import attrs
import httpx
import pytest
from tests.integration.cli.harness import PASSWORD, PATIENCE_SECONDS, Served
from tests.integration.postgres import PostgresServer
from tests.integration.processes.programs import VERIFY_URL, Person, StripeServer, kill, start_program
from tests.security.races.arena import OTHER_PASSWORD, SEED, await_that

SERVICES: Final = 2
AT_ONCE: Final = 40
REGISTER, LOGIN, ME = "/api/auth/register", "/api/auth/login", "/api/users/current"
CARD: Final = "/api/users/current/payment-method"
LIMITS: Final = "verify-card.*=1000/hour,sign-in.*=100000/hour,sign-up.*=100000/hour"


@attrs.frozen(kw_only=True)
class Call:
    method: str
    path: str
    body: dict[str, str] | None = None
    headers: dict[str, str] = attrs.field(factory=dict)


@attrs.frozen
class Services:
    clients: Sequence[httpx.Client]
    stripe: StripeServer

    def sign_up(self, name: str) -> Person:
        return Person.sign_up(self.clients[0], f"{name}@example.org")

    def at_once(self, calls: Sequence[Call]) -> list[httpx.Response]:
        """Send all of them, in an order of chance, to the services in turn; return the answers in order."""
        return asyncio.run(self._send(calls))

    async def _send(self, calls: Sequence[Call]) -> list[httpx.Response]:
        order = [*range(len(calls))]
        Random(SEED).shuffle(order)
        limits = httpx.Limits(max_connections=AT_ONCE)
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, limits=limits, trust_env=False) as client:

            async def send(place: int, service: httpx.Client) -> httpx.Response:
                call = calls[place]
                url = service.base_url.join(call.path)
                return await client.request(call.method, url, json=call.body, headers=call.headers)

            answers = await asyncio.gather(*map(send, order, cycle(self.clients)))
        told = dict(zip(order, answers, strict=True))
        return [told[place] for place in range(len(calls))]

    def cards_of(self, person: Person) -> list[str]:
        """Return what the provider has attached to this person, whatever customers it made of them."""
        ledger = self.stripe.ledger()
        return [card for customer in ledger.customers.get(person.id, ()) for card in ledger.attached[customer]]


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> Iterator[Services]:
    started: list[Served] = []
    url = postgres_server.create_database()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path_factory.mktemp("services"))
            for name in [name for name in os.environ if name.startswith("ACCOUNTS_")]:
                patch.delenv(name)
            started.append(start_program("stripe-simulator", "--port", "0"))
            with StripeServer.at(started[0].url) as stripe:
                settings = {**stripe.settings(url), "ACCOUNTS_LIMITS": LIMITS}
                for _ in range(SERVICES):
                    started.append(start_program("serve", "--port", "0", **settings))
                    assert started[-1].url  # the first one makes the tables
                clients = [service.client() for service in started[1:]]
                yield Services(clients, stripe)
                for client in clients:
                    client.close()
        for service in started[1:]:
            assert service.stop() == 0
            assert not [line for line in service.lines if "Traceback" in line or " ERROR " in line]
    finally:
        for program in started:
            if program.process.poll() is None:
                kill(program)
        postgres_server.drop_database(url)


def statuses(answers: Sequence[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def token_of(answer: httpx.Response) -> str:
    return str(answer.json()["access_token"])


def is_good(services: Services, token: str) -> bool:
    """Say whether any of the services lets this token in."""
    headers = {"Authorization": f"Bearer {token}"}
    return any(client.get(ME, headers=headers).status_code != 401 for client in services.clients)


def test_of_sign_ups_with_one_address_one_is_taken_in(services: Services) -> None:
    body = {"email": "one@example.org", "password": PASSWORD, "name": "Jane Doe"}

    answers = services.at_once([Call(method="POST", path=REGISTER, body=body)] * 60)

    assert statuses(answers) == {201: 1, 409: 59}


def test_no_sign_in_beside_a_deactivation_leaves_a_token_that_is_good_anywhere(services: Services) -> None:
    jane = services.sign_up("deactivated")
    proof = {"email": "deactivated@example.org", "password": PASSWORD}
    deactivation = Call(method="PUT", path=f"{ME}/deactivate", headers={**jane.headers})

    ended, *entering = services.at_once([deactivation, *[Call(method="POST", path=LOGIN, body=proof)] * 20])

    assert ended.status_code == 200
    assert {*statuses(entering)} <= {200, 403}
    assert not [answer for answer in entering if answer.status_code == 200 and is_good(services, token_of(answer))]
    assert not is_good(services, jane.headers["Authorization"].removeprefix("Bearer "))


def test_of_changes_from_the_same_old_password_exactly_one_succeeds(services: Services) -> None:
    jane = services.sign_up("changed")
    chosen = [f"{OTHER_PASSWORD}, number {number}" for number in range(8)]

    answers = services.at_once(
        [
            Call(
                method="PUT",
                path=ME,
                body={"oldPassword": PASSWORD, "newPassword": password},
                headers={**jane.headers},
            )
            for password in chosen
        ]
    )

    # whoever comes once the session has ended with the password is not asked for the password any more
    assert statuses(answers)[200] == 1
    assert {*statuses(answers)} <= {200, 401, 422}
    (winner,) = [password for password, answer in zip(chosen, answers, strict=True) if answer.status_code == 200]
    tried = {
        password: services.clients[1]
        .post(LOGIN, json={"email": "changed@example.org", "password": password})
        .status_code
        for password in [PASSWORD, *chosen]
    }
    assert tried == {**dict.fromkeys(tried, 401), winner: 200}


def test_a_sign_up_that_is_sent_twenty_times_under_one_key_is_one_account(services: Services) -> None:
    """F11: whoever comes second is told the first one's answer, or that it is being performed."""
    body = {"email": "once@example.org", "password": PASSWORD, "name": "Once"}
    call = Call(method="POST", path=REGISTER, body=body, headers={"Idempotency-Key": "one key"})

    answers = services.at_once([call] * 20)

    assert {*statuses(answers)} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    performed = [each for each in answers if each.status_code == 201 and "idempotent-replayed" not in each.headers]
    assert len(performed) == 1
    (again,) = services.at_once([call])
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    (other,) = services.at_once([attrs.evolve(call, body={**body, "password": OTHER_PASSWORD})])
    assert other.status_code == 422


def test_a_verification_asked_for_a_hundred_times_under_one_key_is_one_hold(services: Services) -> None:
    jane = services.sign_up("keyed")
    card = services.stripe.new_card("tok_visa")["id"]
    call = Call(
        method="POST",
        path=VERIFY_URL,
        body={"paymentMethod": card},
        headers={**jane.headers, "Idempotency-Key": "one key"},
    )
    before = len(services.stripe.ledger().holds)

    answers = services.at_once([call] * 100)
    again = services.at_once([call])

    assert statuses(answers)[200] >= 1
    assert {*statuses(answers)} <= {200, 409}
    assert [(answer.status_code, answer.headers["idempotent-replayed"]) for answer in again] == [(200, "true")]
    assert_nothing_is_frozen(services)
    assert len(services.stripe.ledger().holds) == before + 1
    assert services.cards_of(jane) == [*jane.cards(services.clients[0])] == [card]


def test_a_hundred_deletes_of_one_card_take_it_away_once(services: Services) -> None:
    jane = services.sign_up("cardless")
    card = services.stripe.new_card("tok_visa")["id"]
    services.clients[0].post(VERIFY_URL, json={"paymentMethod": card}, headers=jane.headers)
    assert services.cards_of(jane) == [card]

    answers = services.at_once([Call(method="DELETE", path=f"{CARD}/{card}", headers={**jane.headers})] * 100)

    assert statuses(answers) == {204: 1, 404: 99}
    assert services.cards_of(jane) == [*jane.cards(services.clients[1])] == []
    activity: list[dict[str, Any]] = (
        services.clients[0].get(f"{ME}/activity", params={"limit": 200}, headers=jane.headers).json()
    )
    assert sum("removed" in str(entry).lower() for entry in activity) == 1


def test_a_deletion_beside_verifications_leaves_nothing_at_the_provider(services: Services) -> None:
    jane = services.sign_up("deleted")
    cards = [services.stripe.new_card(token)["id"] for token in ("tok_visa", "tok_mastercard", "tok_amex")]

    *verified, deleted = services.at_once(
        [
            *[
                Call(method="POST", path=VERIFY_URL, body={"paymentMethod": card}, headers={**jane.headers})
                for card in cards
            ],
            Call(method="DELETE", path="/api/v1/user", body={"password": PASSWORD}, headers={**jane.headers}),
        ]
    )

    assert deleted.status_code == 204
    assert {*statuses(verified)} <= {200, 401, 404, 409}
    # what a call could not finish, the services' workers do
    await_that(lambda: jane.id not in services.stripe.ledger().customers, "the customer is still there")
    assert_nothing_is_frozen(services)


def assert_nothing_is_frozen(services: Services) -> None:
    ledger = services.stripe.ledger()
    assert not ledger.open_holds
    assert not ledger.unfinished
    assert not ledger.captured
    assert not ledger.doubled_holds
    assert not ledger.doubled_customers
