"""`make timing`: does the time of a sign-in tell an address that has an account from one that has none?

Two classes of failed sign-ins, of addresses that nobody has and with wrong passwords of addresses that somebody has,
drawn at random in one run. With a hash that costs next to nothing: a real one drowns everything else, which is good,
and no reason to rely on it. The same is asked in memory, on SQLite, and of the HTTP service in process.

Two measures, which README.md explains: Welch's t, as dudect uses it (Reparaz, Balasch and Verbauwhede, 2017), and the
area under the ROC curve, which is how often somebody who sees one time of each class tells them apart.
"""

import argparse
import asyncio
import gc
import json
import math
import random
import statistics
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMPLES = 100_000
PAIRS = 32
"""Addresses in each class: no single one, with its luck in some table, makes the result."""
WARM_UP = 50
SEED = 1
PASSWORD, WRONG = "a benchmark's long password", "a benchmark's wrong password"
MOST_T = 4.5
"""Above this there is held to be a difference, however small (TVLA)."""
MOST_CROPPED_T = 10
"""dudect's own limit, and for samples that are cropped as dudect crops them: it sees tens of nanoseconds."""
MOST_ADVANTAGE = 0.01
CROP = 0.9
"""Of both classes together, the share that the second t is taken of: what is slow is the machine's doing."""

Attempt = Callable[[str], None]
"""Sign in with this address and a wrong password; it fails, or the run ends."""


# ---- statistics


def welch_t(one: Sequence[float], other: Sequence[float]) -> float:
    """Return Welch's t of two samples: how many standard errors their means are apart."""
    spread = statistics.variance(one) / len(one) + statistics.variance(other) / len(other)
    apart = statistics.fmean(one) - statistics.fmean(other)
    return apart / math.sqrt(spread) if spread else math.copysign(math.inf, apart) if apart else 0.0


def auc(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how likely one of `one` is above one of `other`, ties counting half: Mann and Whitney's U, normalised."""
    below, ordered = 0, sorted(other)
    places = {value: bisect_right(ordered, value) for value in {*one}}
    before = {value: bisect_right(ordered, math.nextafter(value, -math.inf)) for value in places}
    for value in one:
        below += places[value] + before[value]
    return below / (2 * len(one) * len(other))


def cropped(one: Sequence[float], other: Sequence[float]) -> tuple[list[float], list[float]]:
    """Leave out what is slowest of both together."""
    together = sorted([*one, *other])
    most = together[int((len(together) - 1) * CROP)]
    return [each for each in one if each <= most], [each for each in other if each <= most]


@dataclass(frozen=True)
class Verdict:
    """What two samples come to."""

    t: float
    t_cropped: float
    auc: float

    @classmethod
    def of(cls, one: Sequence[float], other: Sequence[float]) -> "Verdict":
        return cls(welch_t(one, other), welch_t(*cropped(one, other)), auc(one, other))

    @property
    def is_alike(self) -> bool:
        is_same = abs(self.t) < MOST_T and abs(self.t_cropped) < MOST_CROPPED_T
        return is_same and abs(self.auc - 0.5) <= MOST_ADVANTAGE


# ---- measuring


@dataclass(frozen=True)
class Measured:
    """Microseconds of each class."""

    unknown: list[float]
    wrong: list[float]


def measure(attempt: Attempt, unknown: Sequence[str], known: Sequence[str], samples: int, seed: int) -> Measured:
    """Take `samples` of each class, pair after pair of addresses, the classes of each pair in an order of chance.

    So does whoever wants to know of an address: ask again and again, beside one of which they know. And both are then
    equally warm in the processor's caches, which would otherwise tell the one row from the many.
    """
    chance = random.Random(seed)
    seen = Measured([], [])
    clock = time.perf_counter_ns
    gc.disable()
    try:
        for number, pair in enumerate(zip(unknown, known, strict=True)):
            share = (samples * (number + 1)) // len(known) - (samples * number) // len(known)
            order = [False] * share + [True] * share
            chance.shuffle(order)
            gc.collect()
            for _ in range(WARM_UP):
                attempt(pair[0])
                attempt(pair[1])
            for is_known in order:
                email = pair[is_known]
                begun = clock()
                attempt(email)
                took = (clock() - begun) / 1000
                (seen.wrong if is_known else seen.unknown).append(took)
    finally:
        gc.enable()
    return seen


def addresses() -> tuple[list[str], list[str]]:
    """Return two lists of addresses, of one length, of which nothing says which list they are in."""
    numbers = random.Random(SEED).sample(range(1000, 10_000), 2 * PAIRS)
    made = [f"person{number}@example.org" for number in numbers]
    return made[:PAIRS], made[PAIRS:]


# ---- three ways in


def _ports(store: Any) -> dict[str, Any]:
    from accounts_argon2 import Argon2Hasher, Cost
    from accounts_memory import MemoryGateway, MemoryMailer
    from accounts_system import SystemClock, SystemSecrets

    clock, secrets = SystemClock(), SystemSecrets()
    return {
        "store": store,
        "payments": MemoryGateway(clock=clock, secrets=secrets),
        "passwords": Argon2Hasher(Cost(memory_kib=8, passes=1)),
        "mailer": MemoryMailer(),
        "clock": clock,
        "secrets": secrets,
        "limits": None,
    }


def _through_the_core(store: Any, known: Sequence[str]) -> Attempt:
    from accounts_core import BlockingAccounts
    from accounts_core.errors import InvalidCredentials

    accounts: Any = BlockingAccounts(**_ports(store))
    _sign_up(accounts, known)
    sign_in = accounts.sign_in

    def attempt(email: str) -> None:
        try:
            sign_in(email=email, password=WRONG)
        except InvalidCredentials:
            return
        sys.exit("A wrong password was right.")

    return attempt


def _sign_up(accounts: Any, known: Sequence[str]) -> None:
    for email in known:
        user = accounts.register(email=email, password=PASSWORD, name="Jane Doe")
        accounts.mark_email_verified(user.id)


@contextmanager
def in_memory(known: Sequence[str]) -> Iterator[Attempt]:
    from accounts_memory import MemoryStore

    yield _through_the_core(MemoryStore(), known)


@contextmanager
def on_sqlite(known: Sequence[str]) -> Iterator[Attempt]:
    from accounts_sql import SqlStore, create_engine, migrate

    with tempfile.TemporaryDirectory(prefix="accounts-timing-") as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'accounts.db'}")
        migrate(engine)
        yield _through_the_core(SqlStore(engine), known)
        engine.dispose()


@contextmanager
def over_http(known: Sequence[str]) -> Iterator[Attempt]:
    """Ask the application as its server does, without a socket between."""
    from accounts_argon2 import AsyncArgon2Hasher, Cost
    from accounts_core import Accounts, BlockingAccounts
    from accounts_litestar import create_app
    from accounts_memory import MemoryStore

    ports = _ports(MemoryStore())
    _sign_up(BlockingAccounts(**ports), known)
    hasher = AsyncArgon2Hasher(Cost(memory_kib=8, passes=1))
    app: Any = create_app(Accounts(**{**ports, "passwords": hasher}))
    with asyncio.Runner() as runner:

        def attempt(email: str) -> None:
            status = runner.get_loop().run_until_complete(_post(app, email))
            if status != 401:
                sys.exit(f"A wrong password was answered with {status}.")

        yield attempt


async def _post(app: Any, email: str) -> int:
    body = json.dumps({"email": email, "password": WRONG}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/auth/login",
        "raw_path": b"/api/auth/login",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), *headers],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "state": {},
        "extensions": {},
    }
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])
    statuses = []

    async def receive() -> Any:
        return next(messages, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return int(statuses[0])


WAYS = {"memory": in_memory, "sqlite": on_sqlite, "http": over_http}


# ---- telling


def line(name: str, times: Sequence[float]) -> str:
    ordered = sorted(times)
    middle, high = ordered[len(ordered) // 2], ordered[int((len(ordered) - 1) * 0.99)]
    return f"    {name:<16}{len(times):>9}{statistics.fmean(times):>11.2f}{middle:>11.2f}{high:>11.2f}"


def told(verdict: Verdict) -> str:
    return (
        f"    Welch's t {verdict.t:+.2f} (alike below {MOST_T}), of the fastest {CROP:.0%} {verdict.t_cropped:+.2f}"
        f" (alike below {MOST_CROPPED_T})\n"
        f"    AUC {verdict.auc:.4f} (alike within 0.5 +- {MOST_ADVANTAGE}): "
        f"{'ALIKE' if verdict.is_alike else 'NOT ALIKE'}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--samples", type=int, default=SAMPLES, help="in each class")
    parser.add_argument("--ways", default=",".join(WAYS), help="some of: %(default)s")
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()

    known, unknown = addresses()
    is_alike = True
    for way in given.ways.split(","):
        with WAYS[way](known) as attempt:
            seen = measure(attempt, unknown, known, given.samples, given.seed)
        verdict = Verdict.of(seen.unknown, seen.wrong)
        is_alike &= verdict.is_alike
        print(f"{way}\n    {'':<16}{'samples':>9}{'mean us':>11}{'median us':>11}{'p99 us':>11}")
        print(line("unknown address", seen.unknown))
        print(line("wrong password", seen.wrong))
        print(told(verdict), flush=True)
    print("\nWho has an account cannot be told from the time." if is_alike else "\nThe time tells who has an account.")
    return 0 if is_alike else 1


if __name__ == "__main__":
    sys.exit(main())
