"""On SQLite an answer is sent when what it says is on the disk: the system calls of the service are looked at."""

import asyncio
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final

import attrs
import pytest
from tests.chaos.journal import LIMITS, PATIENCE_SECONDS, Environment
from tests.chaos.simulated_user import SimulatedUser
from tests.integration.cli.harness import COMMAND, Served

CALLS: Final = "fdatasync,fsync,pwrite64,write,writev,sendto,sendmsg,read,recvfrom,recvmsg"
REQUEST: Final = re.compile(r'"(?:POST|PUT|DELETE) (\S+) HTTP')
ANSWER: Final = re.compile(r'"HTTP/1\.1 (\d+)')
WRITTEN: Final = re.compile(r"pwrite64\(\d+<[^>]*-wal>")
SYNCED: Final = re.compile(r"(?:fdatasync|fsync)\(\d+<[^>]*-wal>")


def why_not_traced() -> str | None:
    """Return why system calls cannot be looked at here."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return f"strace may not trace here: {tried.stderr}" if tried.returncode else None


REASON: Final = why_not_traced()


@attrs.frozen
class Exchange:
    """A write, its answer, and what happened to the write-ahead log in between."""

    path: str
    status: int
    log: str
    """A W for each write, and an S for each sync, in order."""


def exchanges(trace: Path) -> Iterator[Exchange]:
    """Yield every write that was answered. There was one request at a time."""
    path, log = None, ""
    for line in unbroken(trace.read_text(errors="replace").splitlines()):
        if asked := REQUEST.search(line):
            path, log = asked[1], ""
        elif WRITTEN.search(line):
            log += "W"
        elif SYNCED.search(line):
            log += "S"
        elif path is not None and (answered := ANSWER.search(line)):
            yield Exchange(path, int(answered[1]), log)
            path = None


def unbroken(lines: list[str]) -> Iterator[str]:
    """Yield each call when it ends, and an answer when it begins; strace breaks a line that others come between."""
    begun: dict[str, str] = {}
    for line in lines:
        thread, _, call = line.partition(" ")
        if call.endswith("<unfinished ...>"):
            is_answer = ANSWER.search(call) is not None
            if is_answer:
                yield call
            begun[thread] = "" if is_answer else call
        elif " resumed>" in call:
            yield begun.pop(thread, "") + call.partition(" resumed>")[2]
        else:
            yield call


@contextmanager
def serving(*command: str, folder: Path, **settings: str) -> Iterator[Served]:
    """Run a command in a folder; what still runs at the end is killed."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={**os.environ, **settings},
    )
    service = Served(process)
    threading.Thread(target=service._read).start()
    yield service
    if process.poll() is None:
        process.kill()
        process.wait()


async def write_one_after_another(url: str, database: Path) -> None:
    env = Environment.of(1)
    await env.connection.open(url)
    jane = SimulatedUser(env, Random(1))
    await jane.sign_up()
    # none of the rest leaves anything to the worker, whose writes would come in between
    await no_work_left(database)
    for do in (jane.rename, jane.found_team, jane.write_interaction, jane.rename, jane.sign_out, jane.dissolve_team):
        await do()
        await no_work_left(database)
    await jane.check()
    await env.connection.aclose()
    assert env.journal.violations == []


async def no_work_left(database: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    while connection.execute("SELECT count(*) FROM accounts_outbox").fetchone() != (0,):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    connection.close()


@pytest.mark.skipif(REASON is not None, reason=str(REASON))
def test_each_acknowledged_write_was_synced_between_the_request_and_the_answer(tmp_path: Path) -> None:
    database, trace = tmp_path / "accounts.db", tmp_path / "trace"
    settings = {"ACCOUNTS_DATABASE_URL": f"sqlite:///{database}", "ACCOUNTS_LIMITS": LIMITS}
    tracing = ("strace", "-f", "--seccomp-bpf", "-y", "-s", "64", "-e", f"trace={CALLS}", "-o", str(trace))
    with serving(*tracing, *COMMAND, "serve", "--port", "0", folder=tmp_path, **settings) as service:
        asyncio.run(write_one_after_another(service.url, database))
        os.kill(int(trace.read_text().split()[0]), signal.SIGTERM)  # the service's own, the first to be traced
        assert service.end() == 0, service.lines

    seen = [each for each in exchanges(trace) if each.path != "/api/auth/register"]
    assert len(seen) >= 8, seen
    assert {each.status for each in seen} <= {200, 201, 204}
    unsafe = [each for each in seen if not re.search("WS+$", each.log)]
    assert unsafe == []
