"""`make bench`: one run that measures the service beside its peers and says what was aimed at and reached.

README.md says how to read it. The server under measure has one core to itself; PostgreSQL and this process,
which makes the load, share the others. The servers take turns in short rounds, so that whatever else happens
on the machine hits all alike, and ratios are taken round by round.
"""

import argparse
import http.client
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import load
import psutil
from databases import postgres

HERE = Path(__file__).parent
ROOT = HERE.parent
BIN, PEERS = ROOT / ".venv/bin", ROOT / ".venv-peers/bin"
PATH = "/api/users/current"
PASSWORD = "a benchmark's long password"
SIGN_IN_CONNECTIONS = 4
# The measure signs the same few users in far oftener than the service lets anyone.
LIMITS = "sign-in.*=100000000/hour,sign-up.*=100000000/hour"
UVICORN = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")

AIM_HANDWRITTEN, AIM_FASTAPI_USERS, AIM_SIGN_IN = 1.0, 7.0, 0.9


@dataclass
class Server:
    name: str
    port: int
    process: psutil.Process
    requests: Sequence[bytes]
    rounds: list[load.Measured] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def _cpu_seconds(self) -> float:
        family = [self.process, *self.process.children(recursive=True)]
        return sum(times.user + times.system for times in (one.cpu_times() for one in family))

    def warm_up(self, seconds: float, connections: int = load.CONNECTIONS) -> None:
        load.measure(self.port, self.requests, seconds=seconds, connections=connections)

    def round(self, seconds: float, connections: int = load.CONNECTIONS) -> None:
        before = self._cpu_seconds()
        seen = load.measure(self.port, self.requests, seconds=seconds, connections=connections)
        self.cpu.append((self._cpu_seconds() - before) / seen.seconds)
        self.rounds.append(seen)

    @property
    def rates(self) -> list[float]:
        return [one.per_second for one in self.rounds]

    def line(self) -> str:
        every = load.Measured(0, 1, [one for seen in self.rounds for one in seen.latencies])
        return (
            f"  {self.name:<28}{statistics.median(self.rates):>9.1f}/s"
            f"{every.percentile_ms(50):>10.2f}{every.percentile_ms(99):>10.2f}"
            f"{100 * statistics.median(self.cpu):>9.0f} %"
        )


def verdict(what: str, ours: Sequence[float], theirs: Sequence[float], aim: float) -> str:
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    reached = statistics.median(ratios)
    return (
        f"  {what:<44}{reached:6.2f}   aim: at least {aim}, {'reached' if reached >= aim else 'MISSED'}"
        f"   (rounds {min(ratios):.2f} to {max(ratios):.2f})"
    )


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind((load.HOST, 0))
        return int(listening.getsockname()[1])


class Runner:
    """Starts processes on the server's core and ends them."""

    def __init__(self, core: int, log: Path) -> None:
        self._pin = ("taskset", "--cpu-list", str(core))
        self._log = log

    def once(self, *command: str | Path, env: dict[str, str] | None = None, stdin: str = "") -> str:
        done = subprocess.run(
            [*self._pin, *map(str, command)],
            check=False,
            input=stdin,
            env=env,
            cwd=HERE,
            text=True,
            capture_output=True,
        )
        if done.returncode:
            sys.exit(f"{command[0]} failed:\n{done.stderr}")
        return done.stdout

    @contextmanager
    def serving(self, name: str, *command: str | Path, port: int, env: dict[str, str]) -> Iterator[Server]:
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [*self._pin, *map(str, command)],
                env={**os.environ, **env},
                cwd=self._log.parent,
                stdout=log,
                stderr=log,
            )
        try:
            self._await(name, process, port)
            yield Server(name, port, psutil.Process(process.pid), [])
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _await(self, name: str, process: "subprocess.Popen[bytes]", port: int) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            try:
                socket.create_connection((load.HOST, port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        sys.exit(f"{name} did not start:\n{self._log.read_text()[-4000:]}")


def call(port: int, method: str, path: str, body: dict[str, str] | None = None, token: str = "") -> dict:
    connection = http.client.HTTPConnection(load.HOST, port, timeout=30)
    headers = {"Content-Type": "application/json"} if body else {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection.request(method, path, json.dumps(body) if body else None, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    if answer.status not in {200, 201}:
        sys.exit(f"{method} {path} answered {answer.status}: {text}")
    return json.loads(text)


def credentials(number: int) -> dict[str, str]:
    return {"email": f"user{number}@example.com", "password": PASSWORD}


def sign_up(port: int, users: int) -> list[str]:
    tokens = []
    for number in range(users):
        call(port, "POST", "/api/auth/register", {**credentials(number), "name": f"User Number{number}"})
        tokens.append(call(port, "POST", "/api/auth/login", credentials(number))["access_token"])
    return tokens


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long a round is")
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--short", action="store_true", help="a smoke run: the figures mean nothing")
    given = parser.parse_args()
    if given.short:
        given.rounds, given.seconds, given.users = 2, 0.5, 10

    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("The benchmark needs two cores: one for the server, one for PostgreSQL and the load.")
    if not (PEERS / "uvicorn").exists():
        sys.exit("There is no .venv-peers: `make bench` makes it.")
    os.sched_setaffinity(0, cores[1:])  # PostgreSQL inherits it

    with ExitStack() as stack:
        database = stack.enter_context(postgres())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="accounts-bench-")))
        runner = Runner(cores[0], folder / "servers.log")
        ours_url, peers_url = database("accounts"), database("peers")

        port = free_port()
        url = ours_url.replace("postgresql://", "postgresql+asyncpg://", 1)
        ours = stack.enter_context(
            runner.serving(
                "accounts-core",
                *(BIN / "accounts", "serve", "--port", str(port)),
                port=port,
                env={"ACCOUNTS_DATABASE_URL": url, "ACCOUNTS_LIMITS": LIMITS},
            )
        )
        print(f"Registering and signing in {given.users} users over HTTP ...", flush=True)
        tokens = sign_up(port, given.users)
        ours.requests = [load.get(PATH, token) for token in tokens]

        hand, unreset = (
            stack.enter_context(
                runner.serving(
                    name,
                    *(BIN / "uvicorn", "handwritten:app", "--app-dir", HERE, "--port", str(port), *UVICORN),
                    port=port,
                    env={"BENCH_DATABASE_URL": ours_url, "BENCH_RESET": reset},
                )
            )
            for name, reset, port in (
                ("hand-written", "on", free_port()),
                ("hand-written, without reset", "off", free_port()),
            )
        )
        hand.requests = unreset.requests = ours.requests

        env = {"BENCH_DATABASE_URL": peers_url.replace("postgresql://", "postgresql+asyncpg://", 1)}
        peer_tokens = [secrets.token_urlsafe() for _ in tokens]
        runner.once(
            *(PEERS / "python", HERE / "fastapi_users_app.py"),
            env={**os.environ, **env},
            stdin="\n".join(peer_tokens),
        )
        port = free_port()
        peer = stack.enter_context(
            runner.serving(
                "fastapi-users",
                *(PEERS / "uvicorn", "fastapi_users_app:app", "--app-dir", HERE, "--port", str(port), *UVICORN),
                port=port,
                env=env,
            )
        )
        peer.requests = [load.get(PATH, token) for token in peer_tokens]

        for token in tokens[:5]:
            one, other = call(ours.port, "GET", PATH, token=token), call(hand.port, "GET", PATH, token=token)
            if one != other:
                sys.exit(f"Not the same answer: {one} and, hand-written, {other}")

        servers = [ours, hand, unreset, peer]
        for server in servers:
            server.warm_up(min(2.0, given.seconds))
        print(f"Measuring {given.rounds} rounds of {given.seconds:g} s each ...", flush=True)
        for _ in range(given.rounds):
            for server in servers:
                server.round(given.seconds)

        stored = stored_hash(ours_url)
        bodies = [json.dumps(credentials(number)).encode() for number in range(given.users)]
        signing = Server(
            "accounts-core, sign-in",
            ours.port,
            ours.process,
            [load.post("/api/auth/login", body) for body in bodies],
        )
        signing.warm_up(min(1.0, given.seconds), SIGN_IN_CONNECTIONS)
        bare: list[float] = []
        for _ in range(given.rounds):
            signing.round(given.seconds, SIGN_IN_CONNECTIONS)
            alone = runner.once(BIN / "python", HERE / "argon2_alone.py", str(given.seconds), stdin=stored)
            bare.append(float(alone))

    print(
        f"\nGET {PATH}: server on core {cores[0]}, PostgreSQL and load on {cores[1:]}; "
        f"{load.CONNECTIONS} connections, {given.users} users"
        f"\n  {'':<28}{'median':>11}{'p50 ms':>10}{'p99 ms':>10}{'its CPU':>11}"
    )
    for server in servers:
        print(server.line())
    parameters = stored.split("$")[3]
    print(f"\nPOST /api/auth/login: {SIGN_IN_CONNECTIONS} connections, Argon2id {parameters}")
    print(signing.line())
    print(f"  {'bare Argon2':<28}{statistics.median(bare):>9.1f}/s")
    print("\nRatios (median of the rounds)")
    print(verdict("to the hand-written handler", ours.rates, hand.rates, AIM_HANDWRITTEN))
    print(verdict("to fastapi-users", ours.rates, peer.rates, AIM_FASTAPI_USERS))
    print(verdict("sign-ins to bare Argon2", signing.rates, bare, AIM_SIGN_IN))
    if given.short:
        print("\nA short run: it shows that everything works; its figures mean nothing.")


def stored_hash(url: str) -> str:
    """What the service keeps for its first user: its parameters are those that bare Argon2 is given."""
    import asyncio

    import asyncpg

    async def fetch() -> str:
        connection = await asyncpg.connect(url)
        try:
            return str(await connection.fetchval("select password_hash from accounts_users limit 1"))
        finally:
            await connection.close()

    return asyncio.run(fetch())


if __name__ == "__main__":
    main()
