"""`make unread`: one account asks for its export on many connections and reads none of them. Who notices?

The account has some 200 MB: interactions, notifications and audit rows, put straight into the database. The service is
a process of its own, `accounts serve` with its default settings but for the limits. Somebody else signs in and reads
meanwhile, one call after another. `--sources` runs the service from another copy of the project, to compare.
"""

import argparse
import hashlib
import http.client
import os
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from benchmarks.flood import call, credentials, forget_peak, resident, serving
from benchmarks.load import HOST

EXPORT, ME, LOGIN, REGISTER = "/api/users/current/export", "/api/users/current", "/api/auth/login", "/api/auth/register"
INTERACTIONS, NOTIFICATIONS, AUDIT_ROWS = 20_000, 50_000, 100_000
RECEIVE_BYTES: Final = 4096
SIGN_IN_EVERY: Final = 10
"""One sign-in for so many reads."""

FILL = """
INSERT INTO accounts_teams (id, name, owner_id, created_at, version) VALUES (900001, 'Big', :owner, now(), 1);
INSERT INTO accounts_interactions (id, team_id, author_id, body, created_at)
  SELECT 'int_' || lpad(n::text, 22, '0'), 900001, :owner, left(repeat(md5(n::text), 313), 10000),
    now() - n * interval '1 second'
  FROM generate_series(1, :interactions) n;
INSERT INTO accounts_notifications (id, user_id, type, message, created_at)
  SELECT 'ntf_' || lpad(n::text, 22, '0'), :owner, 'invite', 'You invited to join ' || md5(n::text),
    now() - n * interval '1 second'
  FROM generate_series(1, :notifications) n;
INSERT INTO accounts_audit (user_id, at, by, action, details)
  SELECT :owner, now() - n * interval '1 second', 'user', 'user_renamed', '{}'::jsonb
  FROM generate_series(1, :audit_rows) n;
"""


@dataclass
class Seen:
    """What was seen in one phase. Latencies in seconds, memory in KiB."""

    name: str
    reads: list[float] = field(default_factory=list)
    sign_ins: list[float] = field(default_factory=list)
    failures: int = 0
    peak: int = 0
    last: int = 0
    most_open: int = 0
    still_open: int = 0
    was_stopped: bool = False

    def told(self) -> str:
        memory = f"{self.peak / 1024:8.0f}{self.last / 1024:8.0f}"
        return (
            f"  {self.name:<22}{_percentiles(self.reads)}{_percentiles(self.sign_ins)}{self.failures:>8}{memory}"
            f"{self.still_open:>7}{'  stopped: too much memory' if self.was_stopped else ''}"
        )


def _percentiles(latencies: list[float]) -> str:
    if len(latencies) < 2:
        return f"{'-':>9}{'-':>9}"
    return f"{statistics.median(latencies) * 1000:9.1f}{statistics.quantiles(latencies, n=20)[-1] * 1000:9.1f}"


class Bystander:
    """Reads, and signs in now and then, one call after another."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token

    def go_on(self, seen: Seen, is_over: threading.Event) -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            is_sign_in = number % SIGN_IN_EVERY == 0
            began = time.perf_counter()
            try:
                if is_sign_in:
                    # of the sessions of a user only the newest are kept
                    self._token = call(self._port, LOGIN, credentials(2))["access_token"]
                else:
                    _get(self._port, ME, self._token)
            except (OSError, RuntimeError, http.client.HTTPException):
                seen.failures += 1
            (seen.sign_ins if is_sign_in else seen.reads).append(time.perf_counter() - began)
            time.sleep(0.02)


def _get(port: int, path: str, token: str) -> bytes:
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"GET {path} answered {answer.status}")
    return body


def _unread(port: int, token: str) -> socket.socket:
    """Ask for the export, and read nothing."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    connection.connect((HOST, port))
    connection.sendall(f"GET {EXPORT} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    return connection


def _is_open(connection: socket.socket) -> bool:
    """Say whether the server still holds the connection; a reset is an error that waits on the socket."""
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


def phase(
    name: str, pid: int, bystander: Bystander, seconds: float, most_mib: int, attack: Callable[[], list[socket.socket]]
) -> Seen:
    """Have the bystander go on for some time, with an attack or without."""
    seen, is_over = Seen(name), threading.Event()
    forget_peak(pid)
    thread = threading.Thread(target=bystander.go_on, args=(seen, is_over))
    thread.start()
    opened = attack()
    ends = time.monotonic() + seconds
    broken: set[int] = set()
    while time.monotonic() < ends:
        seen.last = resident(pid)
        broken |= {place for place, each in enumerate(opened) if place not in broken and not _is_open(each)}
        if seen.last > most_mib * 1024:
            seen.was_stopped = True
            break
        time.sleep(0.2)
    seen.peak, seen.last, seen.still_open = resident(pid, peak=True), resident(pid), len(opened) - len(broken)
    for each in opened:
        each.close()
    is_over.set()
    thread.join()
    return seen


@contextmanager
def sources(folder: str | None) -> Iterator[None]:
    """Have the service run from another copy of the project."""
    if folder is None:
        yield
        return
    root = Path(folder).resolve(strict=True) / "src"  # the service runs in another folder
    os.environ["PYTHONPATH"] = os.pathsep.join(str(each) for each in (root, root / "adapters", root / "entrypoints"))
    try:
        yield
    finally:
        del os.environ["PYTHONPATH"]


def _fill(url: str, owner_email: str) -> None:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        owner = connection.execute(
            sa.text("SELECT id FROM accounts_users WHERE email_key = :email"), {"email": owner_email}
        ).scalar_one()
        values = {
            "owner": owner,
            "interactions": INTERACTIONS,
            "notifications": NOTIFICATIONS,
            "audit_rows": AUDIT_ROWS,
        }
        for statement in FILL.strip().split(";\n"):
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(sa.text(statement.rstrip(";")), used)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))
    engine.dispose()


def _disk(url: str) -> int:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        size: int = connection.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one()
    engine.dispose()
    return size


def measure(folder: Path, url: str, counts: list[int], *, seconds: float, most_mib: int, whole: bool) -> None:
    """Print what was seen, phase by phase; each attack has a service of its own."""
    with serving(folder, url) as (_, port):
        for number in (1, 2):
            call(port, REGISTER, {**credentials(number), "name": f"User Number{number}"})
    _fill(url, credentials(1)["email"])
    print(f"  database {_disk(url) / 1e6:.0f} MB")
    print(f"  {'':<22}{'read ms':>18}{'sign-in ms':>18}{'':>8}{'memory MiB':>16}")
    print(f"  {'':<22}{'p50':>9}{'p95':>9}{'p50':>9}{'p95':>9}{'failed':>8}{'peak':>8}{'last':>8}{'open':>7}")
    for count in [0, *counts]:
        with serving(folder, url) as (pid, port):
            attacker, other = (call(port, LOGIN, credentials(number))["access_token"] for number in (1, 2))
            bystander = Bystander(port, other)
            name = f"{count} unread exports" if count else "nobody attacks"
            seen = phase(
                name,
                pid,
                bystander,
                seconds if count else min(seconds, 10),
                most_mib,
                lambda count=count, port=port, token=attacker: [_unread(port, token) for _ in range(count)],  # type: ignore[misc]
            )
            print(seen.told(), flush=True)
            if not count and whole:
                forget_peak(pid)
                began = time.perf_counter()
                body = _get(port, EXPORT, attacker)
                print(
                    f"  one export, read at once: {len(body) / 1e6:.1f} MB in {time.perf_counter() - began:.1f} s,"
                    f" memory peak {resident(pid, peak=True) / 1024:.0f} MiB,"
                    f" SHA-256 of it without its session {_digest(body)}",
                    flush=True,
                )
    print(f"  database {_disk(url) / 1e6:.0f} MB")


def _digest(body: bytes) -> str:
    """Return a digest of what two versions have to say alike: the big lists, in their order."""
    import msgspec

    document = msgspec.json.decode(body)
    alike = {name: document[name] for name in ("interactions", "notifications", "accounts")}
    alike["names"] = list(document)
    alike["activity"] = [entry["action"] for entry in document["activity"]][-AUDIT_ROWS:]
    for name in ("interactions", "notifications", "accounts"):
        for entry in alike[name]:
            entry.pop("created_at", None)
            entry.get("team", {}).pop("created_at", None)
    return hashlib.sha256(msgspec.json.encode(alike)).hexdigest()[:16]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--counts", default="4,40", help="how many unread exports at once, one attack after another")
    parser.add_argument("--seconds", type=float, default=75, help="for how long each attack goes on")
    parser.add_argument("--most-mib", type=int, default=6000, help="end an attack when the service has so much memory")
    parser.add_argument("--sources", help="another copy of the project to run the service from")
    parser.add_argument("--no-whole", action="store_true", help="do not take one export as a whole")
    given = parser.parse_args()
    from benchmarks.databases import postgres

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="accounts-unread-")))
        url = stack.enter_context(postgres())("accounts")
        stack.enter_context(sources(given.sources))
        counts = [int(count) for count in given.counts.split(",")]
        measure(folder, url, counts, seconds=given.seconds, most_mib=given.most_mib, whole=not given.no_whole)
    return 0


if __name__ == "__main__":
    sys.exit(main())
