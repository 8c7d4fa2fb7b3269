"""One flooder against one bystander: how long do a sign-in and a read take beside 220 parallel password changes?

The flooder sends all of them at once, and again two seconds after the last was answered. What the bystander begins
meanwhile is told apart from what they begin while nothing is flooded.

The service is a process of its own, `accounts serve`, with Argon2id at its usual cost. The flooder is one client; the
bystander comes from other addresses, which a trusted proxy tells. Both are measured in one run, without the flood and
with it. `--lifted` sets the limits that stop the flood out of the way, so that the hash queue alone decides; a service
of before those limits takes them as they come.

    .venv/bin/python -m benchmarks.bystander
    .venv/bin/python -m benchmarks.bystander --lifted password-change,write
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import attrs
from benchmarks.flood import LOGIN, ME, REGISTER, _port_of
from benchmarks.load import HOST

UPDATE = "/api/v1/user"
PASSWORD = "a benchmark's long password"
PARALLEL = 220
BYSTANDERS = 10
SECONDS = 10.0
FLOODER = "198.51.100.1"
PAUSE_SECONDS = 0.05
BETWEEN_SECONDS = 2.0
OFTEN = 100_000_000


@attrs.define
class Seen:
    """What one kind of call came to."""

    statuses: Counter[int] = attrs.field(factory=Counter)
    seconds: list[float] = attrs.field(factory=list)

    def note(self, status: int, seconds: float) -> None:
        self.statuses[status] += 1
        self.seconds.append(seconds)

    def percentile_ms(self, percent: float) -> float:
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else float("nan")

    def told(self) -> str:
        answered = ", ".join(f"{number} x {status}" for status, number in sorted(self.statuses.items()))
        figures = " ".join(f"{self.percentile_ms(percent):>9.1f}" for percent in (50, 95, 100))
        return f"{figures}   {answered}"


@contextmanager
def serving(folder: Path, database_url: str, lifted: list[str]) -> Iterator[int]:
    """Run the service behind a proxy on this machine, and give its port."""
    settings = {"ACCOUNTS_DATABASE_URL": database_url, "ACCOUNTS_TRUSTED_PROXIES": "127.0.0.1"}
    if lifted:
        settings["ACCOUNTS_LIMITS"] = ",".join(f"{name}.*={OFTEN}/hour" for name in lifted)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ACCOUNTS_")}
    with (folder / "service.log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "accounts_cli", "serve", "--host", HOST, "--port", "0"],
            env={**plain, **settings},
            cwd=folder,
            stdout=log,
            stderr=log,
        )
        try:
            yield _port_of(process, Path(log.name))
        finally:
            process.kill()
            process.wait()


class Caller:
    """One keep-alive connection of a client at some address."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(
        self, method: str, path: str, client: str, body: dict[str, str] | None = None, token: str | None = None
    ) -> tuple[int, float, bytes]:
        """Return the status, how long it took in seconds, and the body."""
        content = b"" if body is None else json.dumps(body).encode()
        head = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", f"X-Forwarded-For: {client}"]
        if token is not None:
            head.append(f"Authorization: Bearer {token}")
        if content:
            head += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        begun = time.perf_counter()
        if self._streams is None:
            self._streams = await asyncio.open_connection(HOST, self._port)
        reader, writer = self._streams
        writer.write("\r\n".join([*head, "", ""]).encode() + content)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", answer.lower())
        told = await reader.readexactly(int(length[1]) if length else 0)
        if b"connection: close" in answer.lower():
            await self.close()
        return int(answer[9:12]), time.perf_counter() - begun, told

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


async def tokens_of(port: int, names: list[str], clients: Iterator[int]) -> list[str]:
    """Sign people up and in, each from an address of their own."""
    found, caller = [], Caller(port)
    for name in names:
        proof = {"email": f"{name}@example.com", "password": PASSWORD}
        client = address(next(clients))
        status, _, told = await caller.call("POST", REGISTER, client, {**proof, "name": "Somebody"})
        assert status == 201, told
        status, _, told = await caller.call("POST", LOGIN, client, proof)
        assert status == 200, told
        found.append(json.loads(told)["access_token"])
    await caller.close()
    return found


@attrs.define
class Flood:
    """Whether password changes are under way, and what they came to."""

    is_on: bool = False
    is_over: bool = False
    seen: Seen = attrs.field(factory=Seen)


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


async def change_passwords(port: int, tokens: list[str], flood: Flood) -> None:
    """Change passwords on so many connections at once, in bursts: with one token, or each with its own."""
    numbers = count()

    async def change(token: str) -> None:
        caller = Caller(port)
        chosen = f"{PASSWORD} {next(numbers)}"
        body = {"password": chosen, "password_confirmation": chosen}
        status, took, _ = await caller.call("PUT", UPDATE, FLOODER, body, token)
        flood.seen.note(status, took)
        await caller.close()

    while not flood.is_over:
        flood.is_on = True
        await asyncio.gather(*(change(tokens[number % len(tokens)]) for number in range(PARALLEL)))
        flood.is_on = False
        await asyncio.sleep(BETWEEN_SECONDS)


async def measure(port: int, accounts: int, seconds: float) -> list[tuple[str, Seen]]:
    clients = count(1)
    bystanders = await tokens_of(port, [f"bystander{n}" for n in range(BYSTANDERS)], clients)
    flooders = await tokens_of(port, [f"flooder{n}" for n in range(accounts)], clients)
    calm = await bystand(port, bystanders[0], clients, seconds)
    flood = Flood()
    flooding = asyncio.create_task(change_passwords(port, flooders, flood))
    await asyncio.sleep(0)
    flooded = await bystand(port, bystanders[0], clients, 3 * seconds, flood)
    flood.is_over = True
    await flooding
    return [
        ("sign-in, calm", calm[0]),
        ("sign-in, flooded", flooded[0]),
        ("read, calm", calm[1]),
        ("read, flooded", flooded[1]),
        ("the flood's changes", flood.seen),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="sqlite")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--lifted", default="", help="names of limits to lift, separated by commas")
    given = parser.parse_args()
    lifted = [name for name in given.lifted.split(",") if name]
    for title, accounts in (("of one account", 1), (f"of {PARALLEL} accounts from one client", PARALLEL)):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="accounts-bystander-")))
            if given.database == "sqlite":
                url = f"sqlite:///{folder / 'accounts.db'}"
            else:
                from benchmarks.databases import postgres

                url = stack.enter_context(postgres())("accounts")
            port = stack.enter_context(serving(folder, url, lifted))
            rows = asyncio.run(measure(port, accounts, given.seconds))
        print(f"{PARALLEL} parallel password changes {title}, on {given.database}, lifted: {given.lifted or 'nothing'}")
        print(f"  {'':<22}{'p50 ms':>9} {'p95 ms':>9} {'most ms':>9}   answers")
        for name, seen in rows:
            print(f"  {name:<22}{seen.told()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
