"""`make flood`: a thousand people sign in at once. Is there memory for it, and does everybody else still get in?

The service is a process of its own, `accounts serve`, hashes with Argon2id at its usual cost, and has its limits
lifted, which would otherwise let most of the flood through to nothing. It may take what it took before with as many
connections open, for each hash that runs at once the memory of one (the permits' bound), and a tenth more. Reads under
a token go on meanwhile, and are measured beside reads without a flood, in the same run.
"""

import argparse
import asyncio
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from benchmarks.load import HOST, Connection, Measured, get, post

ME, LOGIN, REGISTER = "/api/users/current", "/api/auth/login", "/api/auth/register"
PASSWORD, WRONG = "a benchmark's long password", "a benchmark's wrong password"
LIMITS = "sign-in.*=100000000/hour,sign-up.*=100000000/hour"
PEOPLE = 20
READERS = 8
HASH_KIB = 19 * 1024
"""What one hash takes at the service's usual cost."""
MARGIN = 1.1
PATIENCE_SECONDS = 120
READS_SECONDS = 3.0
SETTLED_SECONDS = 0.5


@dataclass(frozen=True)
class Report:
    """What was seen. Memory in KiB: before, with the connections open on which nobody has asked anything, at most."""

    before: int
    connected: int
    peak: int
    permits: int
    calm: Measured
    flooded: Measured
    answers: Counter[int]

    @property
    def bound(self) -> float:
        return (self.connected + self.permits * HASH_KIB) * MARGIN

    @property
    def is_kept(self) -> bool:
        return self.peak <= self.bound


@contextmanager
def serving(folder: Path, database_url: str) -> Iterator[tuple[int, int]]:
    """Run the service, and give its process id and its port."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ACCOUNTS_")}
    with (folder / "service.log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "accounts_cli", "serve", "--host", HOST, "--port", "0"],
            env={**plain, "ACCOUNTS_DATABASE_URL": database_url, "ACCOUNTS_LIMITS": LIMITS},
            cwd=folder,
            stdout=log,
            stderr=log,
        )
        try:
            yield process.pid, _port_of(process, Path(log.name))
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE_SECONDS)
            finally:
                process.kill()
                process.wait()


def _port_of(process: "subprocess.Popen[bytes]", log: Path) -> int:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"^Listening on http://\S+:(\d+)", log.read_text(), re.MULTILINE)
        if found:
            return int(found[1])
        time.sleep(0.05)
    raise RuntimeError(f"The service did not start:\n{log.read_text()[-4000:]}")


def call(port: int, path: str, body: dict[str, str]) -> dict[str, str]:
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE_SECONDS)
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    if answer.status not in {200, 201}:
        raise RuntimeError(f"POST {path} answered {answer.status}: {text}")
    found: dict[str, str] = json.loads(text)
    return found


def credentials(number: int, password: str = PASSWORD) -> dict[str, str]:
    return {"email": f"user{number}@example.com", "password": password}


def _proof(number: int) -> dict[str, str]:
    """Return a right password, a wrong one, or one of an address that nobody has: a third of each."""
    match number % 3:
        case 0:
            return credentials(number % PEOPLE)
        case 1:
            return credentials(number % PEOPLE, WRONG)
        case _:
            return credentials(number + PEOPLE)


def sign_up(port: int) -> list[str]:
    """Have people sign up and in, one after another, and return their tokens."""
    tokens = []
    for number in range(PEOPLE):
        call(port, REGISTER, {**credentials(number), "name": f"User Number{number}"})
        tokens.append(call(port, LOGIN, credentials(number))["access_token"])
    return tokens


# ---- memory, as the kernel counts it


def resident(pid: int, *, peak: bool = False) -> int:
    """Return the memory that the process has in KiB, or the most it had since `forget_peak`."""
    name = "VmHWM" if peak else "VmRSS"
    found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"/proc/{pid}/status has no {name}.")
    return int(found[1])


def forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


# ---- load


class Readers:
    """A few connections, each reading again as soon as it was answered, until they are told to stop."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self._requests = cycle(requests)
        self._protocols: list[Connection] = []
        self._is_over = False

    async def start(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._begun = time.perf_counter()
        for _ in range(READERS):
            _, protocol = await loop.create_connection(lambda: Connection(self._next, loop.create_future()), HOST, port)
            self._protocols.append(protocol)

    def _next(self) -> bytes | None:
        return None if self._is_over else next(self._requests)

    async def stop(self) -> Measured:
        """Raises `RuntimeError` when anything but a 200 came."""
        seconds = time.perf_counter() - self._begun
        self._is_over = True
        await asyncio.wait_for(asyncio.gather(*(each.done for each in self._protocols)), PATIENCE_SECONDS)
        latencies = [one for each in self._protocols for one in each.latencies]
        return Measured(answers=len(latencies), seconds=seconds, latencies=latencies)


async def read_for(port: int, requests: Sequence[bytes], seconds: float) -> Measured:
    readers = Readers(requests)
    await readers.start(port)
    await asyncio.sleep(seconds)
    return await readers.stop()


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def sign_in_at_once(opened: Sequence[Streams]) -> Counter[int]:
    """Sign in on every connection, and count the answers by their status."""
    bodies = [json.dumps(_proof(number)).encode() for number in range(len(opened))]

    async def sign_in(streams: Streams, body: bytes) -> int:
        reader, writer = streams
        writer.write(post(LOGIN, body))
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        await reader.readexactly(int(length[1]) if length else 0)
        writer.close()
        return int(head[9:12])

    calls = (sign_in(streams, body) for streams, body in zip(opened, bodies, strict=True))
    return Counter(await asyncio.wait_for(asyncio.gather(*calls), PATIENCE_SECONDS))


async def _flooded(pid: int, port: int, requests: Sequence[bytes], count: int) -> tuple[int, Measured, Counter[int]]:
    """Return the memory once everybody is connected, the reads during the flood, and its answers."""
    opened = [await asyncio.open_connection(HOST, port) for _ in range(count)]
    readers = Readers(requests)
    await readers.start(port)
    await asyncio.sleep(SETTLED_SECONDS)
    connected = resident(pid)
    forget_peak(pid)
    answers = await sign_in_at_once(opened)
    return connected, await readers.stop(), answers


def measure(folder: Path, database_url: str, count: int, *, seconds: float = READS_SECONDS) -> Report:
    """Read for some time; then flood, and read until the flood is answered.

    By a service that has hashed nothing yet: what it keeps of an earlier hash would count as what it had before.
    """
    with serving(folder, database_url) as (_, port):
        requests = [get(ME, token) for token in sign_up(port)]
    with serving(folder, database_url) as (pid, port):
        calm = asyncio.run(read_for(port, requests, seconds))
        before = resident(pid)
        connected, flooded, answers = asyncio.run(_flooded(pid, port, requests, count))
        return Report(
            before=before,
            connected=connected,
            peak=resident(pid, peak=True),
            permits=len(os.sched_getaffinity(pid)),
            calm=calm,
            flooded=flooded,
            answers=answers,
        )


# ---- telling


def reads(name: str, seen: Measured) -> str:
    return (
        f"  {name:<18}{seen.answers:>8} in {seen.seconds:6.2f} s {seen.per_second:>9.1f}/s"
        f"{seen.percentile_ms(50):>10.2f}{seen.percentile_ms(99):>10.2f}"
    )


def told(report: Report, count: int) -> str:
    answered = ", ".join(f"{number} x {status}" for status, number in sorted(report.answers.items()))
    kept = "KEPT" if report.is_kept else "BROKEN"
    sizes = (report.before, report.connected, report.peak, report.bound)
    before, connected, peak, bound = (kib / 1024 for kib in sizes)
    allowed = f"({connected:.1f} + {report.permits} permits x {HASH_KIB / 1024:.0f} MiB) x {MARGIN}"
    lines = [
        f"{count} sign-ins at once: {answered}",
        f"  memory {before:.1f} MiB, with {count} connections open {connected:.1f} MiB, in the flood {peak:.1f} MiB",
        f"  bound  {bound:.1f} MiB = {allowed}: {kept}",
        f"  {'reads':<18}{'answered':>8}{'':>24}{'p50 ms':>10}{'p99 ms':>10}",
        reads("without the flood", report.calm),
        reads("during the flood", report.flooded),
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="sign-ins at once")
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="accounts-flood-")))
        if given.database == "sqlite":
            url = f"sqlite:///{folder / 'accounts.db'}"
        else:
            from benchmarks.databases import postgres

            url = stack.enter_context(postgres())("accounts")
        report = measure(folder, url, given.count)
    print(told(report, given.count))
    return 0 if report.is_kept and report.flooded.answers else 1


if __name__ == "__main__":
    sys.exit(main())
