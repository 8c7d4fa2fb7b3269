"""One flooder against one bystander: how long do a sign-in and a read take, and what does the service take, meanwhile?

`--flood password-change` is 220 parallel password changes, of one account and then of 220; `--flood mail` has mails
sent to one stranger, for four causes: 220 invitations or sign-ups at once, or 25 sign-ups in turn. The flooder sends
all of them, and again two seconds after the last was answered. What the bystander begins meanwhile is told apart from
what they begin while nothing is flooded. Memory, disk and rows are told for both times, and the stranger's mails.

The service is a process of its own, `accounts serve`, with Argon2id at its usual cost. A flooder is one client or five;
the bystander comes from other addresses, which a trusted proxy tells. Both are measured in one run, without the flood
and with it. `--lifted` sets the limits that stop the flood out of the way, so that the hash queue alone decides; a
service of before those limits takes them as they come. `--sources` runs the service from another copy of the project.

    .venv/bin/python -m benchmarks.bystander
    .venv/bin/python -m benchmarks.bystander --flood password-change --lifted password-change,write
    .venv/bin/python -m benchmarks.bystander --flood mail --seconds 5 --sources ../before
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import attrs
from benchmarks.callers import PASSWORD, Caller, Seen, address, serving, tokens_of
from benchmarks.flood import LOGIN, ME
from benchmarks.floods import (
    IN_TURN,
    PARALLEL,
    VICTIM,
    Act,
    Flood,
    burst,
    change_password,
    invite,
    sign_up,
    sign_up_again,
)
from benchmarks.unread_exports import sources
from benchmarks.usage import Disk, Places, forget, grown, memory

BYSTANDERS = 10
SECONDS = 10.0
PAUSE_SECONDS = 0.05
SETTLE_SECONDS = 30.0
OFTEN = 100_000_000


@attrs.frozen
class Attack:
    """A flood: how many accounts it has, what it does with their tokens, and how often at once."""

    title: str
    accounts: int
    act: Callable[[int, list[str]], Act]
    parallel: int = PARALLEL
    are_verified: bool = False
    is_private: bool = False
    """Whether registration is private."""


FLOODS = {
    "password-change": [
        Attack("parallel password changes of one account", 1, change_password),
        Attack(f"parallel password changes of {PARALLEL} accounts from one client", PARALLEL, change_password),
    ],
    "mail": [
        Attack("parallel invitations of one stranger by three unverified accounts", 3, invite),
        Attack("parallel invitations of one stranger by three verified accounts", 3, invite, are_verified=True),
        Attack(
            "parallel sign-ups of one stranger, registration private", 0, lambda port, _: sign_up(port), is_private=True
        ),
        Attack("sign-ups of one stranger in turn, each deleted", 0, lambda port, _: sign_up_again(port), IN_TURN),
    ],
}


@attrs.frozen
class Usage:
    """What the service took in one phase. Memory in MiB."""

    first: float
    peak: float
    last: float
    disk: Disk
    rows: str

    def told(self) -> str:
        sizes = (each / 1024 for each in attrs.astuple(self.disk))
        return " ".join(f"{each:>9.1f}" for each in (self.first, self.peak, self.last, *sizes))


class Watch:
    """Takes what the service has at the begin of a phase and at its end."""

    def __init__(self, pid: int, places: Places) -> None:
        self._pid, self._places = pid, places
        forget(pid)
        self._first, self._disk, self._rows = memory(pid), places.disk(), places.rows()

    def usage(self) -> Usage:
        return Usage(
            first=self._first,
            peak=memory(self._pid, peak=True),
            last=memory(self._pid),
            disk=self._places.disk().since(self._disk),
            rows=grown(self._rows, self._places.rows()),
        )


async def bystand(
    port: int, token: str, clients: Iterator[int], seconds: float, flood: Flood | None = None
) -> tuple[Seen, Seen]:
    """Sign in and read, one call after another, for so long. Return what sign-ins and reads beside a flood came to."""
    until = time.perf_counter() + seconds
    sign_ins, reads = Seen(), Seen()

    async def during() -> None:
        while flood is not None and not flood.is_on and time.perf_counter() < until:  # noqa: ASYNC110  until a time, too
            await asyncio.sleep(0.01)

    async def sign_in() -> None:
        caller = Caller(port)
        for number in count():
            if time.perf_counter() >= until:
                break
            await during()
            proof = {"email": f"bystander{number % BYSTANDERS}@example.com", "password": PASSWORD}
            status, took, _ = await caller.call("POST", LOGIN, address(next(clients)), proof)
            sign_ins.note(status, took)
            await asyncio.sleep(PAUSE_SECONDS)
        await caller.close()

    async def read() -> None:
        caller = Caller(port)
        while time.perf_counter() < until:
            await during()
            status, took, _ = await caller.call("GET", ME, address(next(clients)), token=token)
            reads.note(status, took)
            await asyncio.sleep(PAUSE_SECONDS)
        await caller.close()

    await asyncio.gather(sign_in(), read())
    return sign_ins, reads


async def retry_on_conflict(places: Places) -> int:
    """Wait until every job is done, for some time at most. Return how many are still waiting."""
    until = time.perf_counter() + SETTLE_SECONDS
    while (left := places.waiting()) and time.perf_counter() < until:  # noqa: ASYNC110  another process does them
        await asyncio.sleep(0.2)
    return left


async def measure(
    pid: int, port: int, places: Places, attack: Attack, people: tuple[list[str], list[str]], seconds: float
) -> list[str]:
    """Measure without the flood and with it, and return the lines that tell it."""
    clients, (bystanders, flooders) = count(1 << 16), people
    await retry_on_conflict(places)
    watch = Watch(pid, places)
    calm = await bystand(port, bystanders[0], clients, seconds)
    at_rest, watch = watch.usage(), Watch(pid, places)
    after_bursts: list[float] = []
    flood = Flood(on_burst=lambda: after_bursts.append(memory(pid)))
    flooding = asyncio.create_task(burst(flood, attack.act(port, flooders), attack.parallel))
    await asyncio.sleep(0)
    flooded = await bystand(port, bystanders[0], clients, 3 * seconds, flood)
    flood.is_over = True
    await flooding
    left = await retry_on_conflict(places)
    in_flood = watch.usage()
    calls = {
        "sign-in, calm": calm[0],
        "sign-in, flooded": flooded[0],
        "read, calm": calm[1],
        "read, flooded": flooded[1],
        "the flood's calls": flood.seen,
    }
    sizes = ("first MiB", "peak MiB", "last MiB", "db KiB", "WAL KiB", "mails KiB", "log KiB")
    return [
        f"  {'':<20}{'p50 ms':>9} {'p95 ms':>9} {'most ms':>9}   answers",
        *(f"  {name:<20}{seen.told()}" for name, seen in calls.items()),
        f"  {'':<20}{' '.join(f'{size:>9}' for size in sizes)}",
        f"  {'calm':<20}{at_rest.told()}",
        f"  {'flooded':<20}{in_flood.told()}",
        f"  MiB after each burst: {' '.join(f'{each:.0f}' for each in after_bursts)}",
        f"  rows, calm: {at_rest.rows}",
        f"  rows, flooded: {in_flood.rows}; {left} jobs left",
        f"  mails to the stranger: {places.mails_to(VICTIM)}",
    ]


def run(attack: Attack, database: str, lifted: list[str], seconds: float) -> list[str]:
    """Run a service, or two if people have to sign up before registration becomes private, and measure one attack."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="accounts-bystander-")))
        if database == "sqlite":
            url = f"sqlite:///{folder / 'accounts.db'}"
        else:
            from benchmarks.databases import postgres

            url = stack.enter_context(postgres())("accounts")
        settings = {"ACCOUNTS_LIMITS": ",".join(f"{name}.*={OFTEN}/hour" for name in lifted)} if lifted else {}
        names = [f"bystander{n}" for n in range(BYSTANDERS)], [f"flooder{n}" for n in range(attack.accounts)]
        clients = count(1)
        with serving(folder, url, settings) as (_, port):
            people = tuple(asyncio.run(tokens_of(port, each, clients)) for each in names)
        places = Places(folder, url)
        stack.callback(places.close)
        places.verify("bystander")
        if attack.are_verified:
            places.verify("flooder")
        if attack.is_private:
            settings["ACCOUNTS_PRIVATE_REGISTRATION"] = "true"
        # by a service that has hashed nothing yet: what it keeps of an earlier hash would count as what it had before
        pid, port = stack.enter_context(serving(folder, url, settings))
        return asyncio.run(measure(pid, port, places, attack, (people[0], people[1]), seconds))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="sqlite")
    parser.add_argument("--flood", choices=[*FLOODS], help="one kind of flood; all of them if it is not given")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--lifted", default="", help="names of limits to lift, separated by commas")
    parser.add_argument("--sources", help="another copy of the project to run the service from")
    given = parser.parse_args()
    lifted = [name for name in given.lifted.split(",") if name]
    with sources(given.sources):
        for attack in [each for name, each in FLOODS.items() if given.flood in {None, name} for each in each]:
            lines = run(attack, given.database, lifted, given.seconds)
            print(f"{attack.parallel} {attack.title}, on {given.database}, lifted: {given.lifted or 'nothing'}")
            print("\n".join(lines), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
