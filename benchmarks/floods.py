"""What a flooder does, in bursts, until the flood is over: changing passwords, or having mails sent to a stranger."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from itertools import count

import attrs
from benchmarks.callers import PASSWORD, Caller, Seen
from benchmarks.flood import LOGIN, REGISTER

UPDATE = "/api/v1/user"
TEAMS = "/api/v1/accounts"
PARALLEL = 220
BETWEEN_SECONDS = 2.0
FLOODER = "198.51.100.1"
VICTIM = "victim@example.net"
CLIENTS = 5
"""Clients that sign a stranger up: each may do so 50 times an hour."""
IN_TURN = 25
UNTIL_MAILED_SECONDS = 0.5
"""How long a sign-up is left alone before it is deleted: its mail is on its way by then."""


@attrs.define
class Flood:
    """Whether a burst is under way, and what the flood came to."""

    is_on: bool = False
    is_over: bool = False
    seen: Seen = attrs.field(factory=Seen)
    bursts: int = 0
    on_burst: Callable[[], object] = attrs.field(default=lambda: None)
    """Called after each burst."""


Act = Callable[[int, Flood], Awaitable[None]]
"""One of those that a burst does at once; it is given its number, and notes in the flood what was answered."""


async def burst(flood: Flood, act: Act, parallel: int) -> None:
    """Have bursts of so many acts at once until the flood is over."""
    numbers = count()
    while not flood.is_over:
        flood.is_on = True
        await asyncio.gather(*(act(next(numbers), flood) for _ in range(parallel)))
        flood.is_on = False
        flood.bursts += 1
        flood.on_burst()
        await asyncio.sleep(BETWEEN_SECONDS)


def change_password(port: int, tokens: list[str]) -> Act:
    """Change passwords: with one token, or each with its own."""

    async def act(number: int, flood: Flood) -> None:
        caller = Caller(port)
        chosen = f"{PASSWORD} {number}"
        body = {"password": chosen, "password_confirmation": chosen}
        status, took, _ = await caller.call("PUT", UPDATE, FLOODER, body, tokens[number % len(tokens)])
        flood.seen.note(status, took)
        await caller.close()

    return act


def invite(port: int, tokens: list[str]) -> Act:
    """Invite the victim into a team that is made for it: a second invitation into one team may say nothing new."""

    async def act(number: int, flood: Flood) -> None:
        caller, token = Caller(port), tokens[number % len(tokens)]
        status, took, told = await caller.call("POST", TEAMS, FLOODER, {"name": f"Team {number}"}, token)
        flood.seen.note(status, took)
        if status == 201:
            path = f"{TEAMS}/{json.loads(told)['data']['id']}/invitations"
            status, took, _ = await caller.call("POST", path, FLOODER, {"email": VICTIM}, token)
            flood.seen.note(status, took)
        await caller.close()

    return act


def sign_up(port: int) -> Act:
    """Sign the victim up, from a few clients."""

    async def act(number: int, flood: Flood) -> None:
        caller = Caller(port)
        body = {"email": VICTIM, "password": PASSWORD, "name": "Somebody"}
        status, took, _ = await caller.call("POST", REGISTER, _client(number), body)
        flood.seen.note(status, took)
        await caller.close()

    return act


def sign_up_again(port: int) -> Act:
    """Sign the victim up and delete the account, one after another: only one can have the address."""
    turn = asyncio.Lock()

    async def act(number: int, flood: Flood) -> None:
        caller, client = Caller(port), _client(number)
        proof = {"email": VICTIM, "password": PASSWORD}
        async with turn:
            status, took, _ = await caller.call("POST", REGISTER, client, {**proof, "name": "Somebody"})
            flood.seen.note(status, took)
            if status == 201:
                status, took, told = await caller.call("POST", LOGIN, client, proof)
                flood.seen.note(status, took)
                if status == 200:
                    await asyncio.sleep(UNTIL_MAILED_SECONDS)
                    token = json.loads(told)["access_token"]
                    status, took, _ = await caller.call("DELETE", UPDATE, client, {"password": PASSWORD}, token)
                    flood.seen.note(status, took)
        await caller.close()

    return act


def _client(number: int) -> str:
    return f"198.51.100.{1 + number % CLIENTS}"
