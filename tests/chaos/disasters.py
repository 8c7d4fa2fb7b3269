"""What happens to a service that goes on running: its database dies, moves, or has no room."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from random import Random
from typing import Final, TypeAlias

from tests.chaos.cluster import Cluster
from tests.chaos.disks import Disk
from tests.chaos.journal import PATIENCE_SECONDS, Environment
from tests.chaos.killing import (
    CALM_ANSWERS,
    LONGEST_MOMENT_SECONDS,
    a_moment,
    check_books,
    check_everybody,
    crowd,
    let_time_pass,
    settings_of,
)
from tests.chaos.services import Programs
from tests.chaos.simulated_user import LOGIN, USER, SimulatedUser
from tests.integration.processes.programs import StripeServer

LOOK_SECONDS: Final = 0.02
FULL_ANSWERS: Final = 20
"""How often somebody has to be told 503 while there is no room."""

Disaster: TypeAlias = Callable[[Environment, SimulatedUser], Awaitable[None]]
"""What is done to the environment; the person is a witness, who has signed in and does nothing else."""


def under_load(
    programs: Programs, stripe: StripeServer, database_url: str, disaster: Disaster, *, seed: int, **more: str
) -> Environment:
    """Let people live on a service while the disaster takes its course, and compare everything afterwards."""
    env = Environment.of(seed, stripe)
    settings = {**settings_of(database_url, stripe), **more}
    everybody: list[SimulatedUser] = []

    async def live_through_it() -> None:
        service = programs.start("serve", "--port", "0", **settings)
        await env.connection.open(await asyncio.to_thread(service.wait_until_it_listens))
        async with aclosing(env.connection):
            witness = SimulatedUser(env, Random(seed))
            await witness.sign_up()
            everybody.append(witness)
            async with crowd(env, everybody):
                await env.connection.wait_for_answers(CALM_ANSWERS)
                await disaster(env, witness)
                await asyncio.to_thread(let_time_pass, database_url)
            await check_everybody(env, everybody)
        service.stop()

    asyncio.run(live_through_it())
    check_books(programs, settings, env, everybody)
    return env


async def expect(env: Environment, witness: SimulatedUser, status: int) -> None:
    """Ask who one is until the answer has this status. Anything but 200 and 503 on the way is a violation."""
    client = await env.connection.client()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            answer = await client.get(USER, headers={"authorization": f"Bearer {witness.token}"})
            env.journal.note_answer("the witness", answer)
            if answer.status_code == status:
                return
            if answer.status_code not in {200, 503}:
                env.journal.violation(f"the witness got {answer.status_code} {answer.text}")
            await asyncio.sleep(LOOK_SECONDS)


def nothing(answers: int) -> Disaster:
    """Return no disaster: so many answers come."""

    async def wait(env: Environment, _: SimulatedUser) -> None:
        await env.connection.wait_for_answers(answers)

    return wait


def database_killed(cluster: Cluster, *, kills: int) -> Disaster:
    """Kill the database server so many times. The service is to go on by itself once the server is back."""

    async def kill(env: Environment, witness: SimulatedUser) -> None:
        for _ in range(kills):
            env.connection.answered = 0
            await a_moment(env)
            await asyncio.to_thread(cluster.kill)
            await expect(env, witness, 503)
            await asyncio.sleep(env.chance.uniform(0, LONGEST_MOMENT_SECONDS))
            await asyncio.to_thread(cluster.start)
            await expect(env, witness, 200)

    return kill


def primary_lost(primary: Cluster, standby: Cluster, *, hung: bool = False) -> Disaster:
    """Kill the primary, or have it hang as a machine does, and promote the standby, for the service to find."""

    async def lose(env: Environment, witness: SimulatedUser) -> None:
        await a_moment(env)
        await asyncio.to_thread(primary.pause if hung else primary.kill)
        await expect(env, witness, 503)
        await asyncio.to_thread(standby.promote)
        await expect(env, witness, 200)
        answered = env.connection.answered
        await env.connection.wait_for_answers(answered + CALM_ANSWERS)

    return lose


def disk_filled(disk: Disk, cluster: Cluster | None = None) -> Disaster:
    """Take the database's room, and give it back. A server that ended over it is started again, by hand as it were."""

    async def fill(env: Environment, witness: SimulatedUser) -> None:
        client = await env.connection.client()
        proof = {"email": witness.email, "password": witness.password}
        found: Counter[int] = Counter()
        disk.fill()
        async with asyncio.timeout(PATIENCE_SECONDS):
            # what is there already may take some more, such as a log that begins again from its start
            while found[503] < FULL_ANSWERS:
                disk.fill()
                answer = await client.post(LOGIN, json=proof)
                env.journal.note_answer("signing in on a full disk", answer)
                found[answer.status_code] += 1
                read = await client.get(USER, headers={"authorization": f"Bearer {witness.token}"})
                env.journal.note_answer("reading on a full disk", read)
                found[read.status_code] += 1
        if found.keys() - {200, 503}:
            env.journal.violation(f"on a full disk: {found}")
        disk.free()
        if cluster is not None and not cluster.answers() and not cluster.is_running:
            await asyncio.to_thread(cluster.start)
        await expect(env, witness, 200)
        answered = env.connection.answered
        await env.connection.wait_for_answers(answered + CALM_ANSWERS)

    return fill
