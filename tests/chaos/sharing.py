"""Several processes at the same work: all at once, one of them paused, or more of them than there are connections."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import uuid4

import attrs
import httpx
import psycopg
from tests.chaos.journal import PATIENCE_SECONDS, Connection, Environment
from tests.chaos.killing import ACTORS, check_books, check_everybody, crowd, let_time_pass, settings_of
from tests.chaos.services import ForkServer, Program, Programs
from tests.chaos.simulated_user import ACCOUNT, TEAMS, USER, SimulatedUser
from tests.chaos.writes import MOST_REPEATS, PAUSE_SECONDS
from tests.integration.processes.programs import VERIFY_URL, StripeServer

SLOW_SECONDS: Final = 1.5
"""How long the provider takes for the call over which its caller is paused."""
LONGEST_MOMENT_SECONDS: Final = 0.1
PAUSED_SECONDS: Final = 1.0
SLOW_WRITES: Final = 30
"""More than the service has connections."""


def share_the_work(
    server: ForkServer, programs: Programs, stripe: StripeServer, database_url: str, *, answers: int, seed: int
) -> Environment:
    """Let people live on two services, with two more workers; each process has a folder of its own for its mails."""
    env = Environment.of(seed, stripe)
    other = attrs.evolve(env, connection=Connection())
    settings = settings_of(database_url, stripe)
    everybody: list[SimulatedUser] = []
    places = [Programs(_new(programs.folder / name), server) for name in ("a", "b", "c", "d")]

    async def run() -> None:
        services = [place.start("serve", "--port", "0", **settings) for place in places[:2]]
        async with aclosing(env.connection), aclosing(other.connection):
            for one, service in zip((env, other), services, strict=True):
                await one.connection.open(await asyncio.to_thread(service.wait_until_it_listens))
            workers = [place.start("worker", **settings) for place in places[2:]]
            async with crowd(env, everybody, actors=ACTORS // 2), crowd(other, everybody, actors=ACTORS // 2):
                await env.connection.wait_for_answers(answers)
                await other.connection.wait_for_answers(answers)
            await check_everybody(env, everybody)
        for program in (*services, *workers):
            program.stop()

    asyncio.run(run())
    check_books(programs, settings, env, everybody)
    mails = Counter(mail.name for place in places for mail in (place.folder / "mail").glob("*.eml"))
    for name, times in mails.items():
        if times > 1:
            env.journal.violation(f"{name} was sent {times} times")
    if not mails:
        env.journal.violation("no mail was sent: nothing was shown")
    for place in places:
        for complaint in place.complaints:
            env.journal.violation(f"logged: {complaint}")
    return env


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


@attrs.frozen
class Pair:
    """Two services over one database, and somebody who is signed in at both."""

    env: Environment
    jane: SimulatedUser
    first: Program
    second: Program
    clients: Sequence[httpx.AsyncClient]
    database_url: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.jane.token}"}

    async def pause_first(self) -> None:
        """Pause the first service for so long that whatever it has leased or claimed is anybody's."""
        self.first.pause()
        await asyncio.to_thread(let_time_pass, self.database_url)


async def opened_pair(programs: Programs, stripe: StripeServer, database_url: str, seed: int) -> Pair:
    env = Environment.of(seed, stripe)
    settings = settings_of(database_url, stripe)
    first, second = (programs.start("serve", "--port", "0", **settings) for _ in range(2))
    urls = [await asyncio.to_thread(service.wait_until_it_listens) for service in (first, second)]
    clients = [httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS, trust_env=False) for url in urls]
    await env.connection.open(urls[1])
    jane = SimulatedUser(env, Random(seed))
    await jane.sign_up()
    return Pair(env, jane, first, second, clients, database_url)


def pause_a_service(
    programs: Programs, stripe: StripeServer, database_url: str, *, rounds: int, seed: int
) -> tuple[Environment, Counter[str]]:
    """Pause a service over a card, and at random moments over repeatable writes, while another does the same work.

    Return what the first service said of the writes when it went on.
    """
    late: Counter[str] = Counter()

    async def pause() -> Environment:
        pair = await opened_pair(programs, stripe, database_url, seed)
        async with aclosing(pair.env.connection), aclosing(pair.clients[0]), aclosing(pair.clients[1]):
            await _paused_over_a_card(pair)
            for _ in range(rounds):
                await _paused_over_a_team(pair, late)
            await pair.jane.check()
        pair.first.stop()
        pair.second.stop()
        check_books(programs, settings_of(database_url, stripe), pair.env, [pair.jane])
        return pair.env

    return asyncio.run(pause()), late


async def _paused_over_a_card(pair: Pair) -> None:
    """The first service has asked the provider for a hold, and does not hear the answer before others are done."""
    env, stripe = pair.env, pair.env.stripe
    assert stripe is not None
    card = stripe.new_card("tok_visa")
    stripe.delay("POST /v1/payment_intents", seconds=SLOW_SECONDS)
    body = {"paymentMethod": card["id"]}
    verifying = asyncio.create_task(pair.clients[0].post(VERIFY_URL, json=body, headers=pair.headers))
    await asyncio.sleep(SLOW_SECONDS / 3)
    await pair.pause_first()
    for _ in range(MOST_REPEATS):  # the worker in the second service finds the job
        if await pair.jane.read_cards():
            break
        await asyncio.sleep(PAUSE_SECONDS)
    pair.first.resume()
    answer = await verifying
    if answer.status_code != 200 or answer.json() != {"status": "ok"}:
        env.journal.violation(f"after the pause: {answer.status_code} {answer.text}")
    env.journal.acknowledged["card"] += 1
    pair.jane.cards, pair.jane.default = {card["id"]: card["card"]["fingerprint"]}, card["id"]
    activity = Counter(entry["action"] for entry in await pair.jane.read(f"{ACCOUNT}/activity"))
    if activity["card_verified"] != 1:
        env.journal.violation(f"a card that was verified once: {activity}")


async def _paused_over_a_team(pair: Pair, late: Counter[str]) -> None:
    """Both services get the same request under the same key; the first is paused somewhere in it."""
    env, name = pair.env, pair.jane.new("Team")
    headers = {**pair.headers, "idempotency-key": uuid4().hex}

    def found(client: httpx.AsyncClient) -> "asyncio.Task[httpx.Response]":
        return asyncio.create_task(client.post(TEAMS, json={"name": name}, headers=headers))

    first = found(pair.clients[0])
    await asyncio.sleep(env.chance.uniform(0, LONGEST_MOMENT_SECONDS))
    await pair.pause_first()
    second = found(pair.clients[1])
    # where the first holds the user's row, the second waits for it
    await asyncio.wait({second}, timeout=PAUSED_SECONDS)
    pair.first.resume()
    answers = [await first, await second]
    late[str(answers[0].status_code)] += 1
    again = await pair.clients[1].post(TEAMS, json={"name": name}, headers=headers)
    if again.status_code != 201 or any(each.status_code not in {201, 409} for each in answers):
        env.journal.violation(f"a team: {[(each.status_code, each.text) for each in (*answers, again)]}")
        return
    told = {each.json()["data"]["id"] for each in (*answers, again) if each.status_code == 201}
    if len(told) != 1:
        env.journal.violation(f"one key, several teams: {told}")
    env.journal.acknowledged["team"] += 1
    pair.jane.teams[told.pop()] = name


def run_dry(
    programs: Programs, stripe: StripeServer, database_url: str, *, seconds: float, seed: int
) -> tuple[Environment, Counter[int], Counter[int]]:
    """Have more slow writes at once than there are connections, for so long, and read meanwhile.

    Return the statuses of the writes and of the reads.
    """
    writes: Counter[int] = Counter()
    reads: Counter[int] = Counter()

    async def dry() -> Environment:
        pair = await opened_pair(programs, stripe, database_url, seed)
        pair.first.stop()
        client, env, jane = pair.clients[1], pair.env, pair.jane
        async with aclosing(env.connection), aclosing(pair.clients[0]), aclosing(client):

            async def read() -> None:
                answer = await client.get(USER, headers=pair.headers)
                env.journal.note_answer("reading from a dry pool", answer)
                reads[answer.status_code] += 1

            async def write(number: int) -> None:
                answer = await client.put(ACCOUNT, json={"name": f"Jane {number}"}, headers=pair.headers)
                env.journal.note_answer("writing to a dry pool", answer)
                writes[answer.status_code] += 1

            everyone: list[asyncio.Task[Any]] = []
            async with await psycopg.AsyncConnection.connect(database_url) as holder:
                await holder.execute("SELECT 1 FROM accounts_users FOR UPDATE")
                everyone += [asyncio.create_task(write(number)) for number in range(SLOW_WRITES)]
                await asyncio.sleep(seconds / 2)
                everyone += [asyncio.create_task(read()) for _ in range(SLOW_WRITES)]
                await asyncio.sleep(seconds / 2)
            await asyncio.gather(*everyone)
            jane.name = (await jane.read(ACCOUNT))["name"]  # whichever came last
            await jane.rename()
            await jane.check()
        pair.second.stop()
        return env

    return asyncio.run(dry()), writes, reads
