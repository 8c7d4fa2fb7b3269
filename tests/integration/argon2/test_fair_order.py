"""A3: whoever floods the hashers waits for themself. In which order passwords are hashed is counted, not how fast."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, Thread

import pytest

from accounts_argon2 import Argon2Hasher, AsyncArgon2Hasher, Cost
from accounts_argon2.engine import Argon2
from accounts_core.errors import Unavailable
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.passwords import Password
from accounts_core.model.requester import Requester
from accounts_core.model.secret_values import PasswordHash
from accounts_core.sync import run_sync

CHEAP = Cost(memory_kib=8, passes=1)
FLOOD = 220
EACH = 5
PATIENCE_SECONDS = 30
BYSTANDER = Requester.of(EmailAddress("jane@example.org"), "203.0.113.9")


def one_account(_: int) -> Requester:
    return Requester.of(EmailAddress("victim@example.org"), "192.0.2.1")


def one_client(number: int) -> Requester:
    return Requester.of(EmailAddress(f"user{number}@example.org"), f"2001:db8:0:1::{number:x}")


def one_account_of_many_clients(number: int) -> Requester:
    return Requester.of(EmailAddress("victim@example.org"), f"198.51.100.{number}")


FLOODS = [one_account, one_client, one_account_of_many_clients]


class Gated(Argon2):
    """Hashes nothing. Each call says that it has begun, and ends when the test lets it."""

    def __init__(self) -> None:
        super().__init__(CHEAP, 1)
        object.__setattr__(self, "begun", SimpleQueue[str]())
        object.__setattr__(self, "ends", SimpleQueue[None]())

    begun: "SimpleQueue[str]"
    ends: "SimpleQueue[None]"

    def hash(self, password: Password) -> PasswordHash:
        self.begun.put(password.text)
        self.ends.get(timeout=PATIENCE_SECONDS)
        return PasswordHash(password.text)

    def let_all_end(self) -> None:
        for _ in range(2 * FLOOD):
            self.ends.put(None)


async def next_begun(engine: Gated) -> str:
    return await asyncio.to_thread(engine.begun.get, timeout=PATIENCE_SECONDS)


@pytest.mark.parametrize("flooder", FLOODS)
def test_a3_beside_an_event_loop_a_bystander_is_hashed_next(flooder: Callable[[int], Requester]) -> None:
    async def flood() -> None:
        engine = Gated()
        async with AsyncArgon2Hasher(CHEAP, max_concurrent=1, max_waiting=100, max_waiting_each=EACH) as hasher:
            hasher._engine = engine
            tasks = [
                asyncio.ensure_future(hasher.hash(Password(f"flood {n}"), requester=flooder(n))) for n in range(FLOOD)
            ]
            assert await next_begun(engine) == "flood 0"
            tasks.append(asyncio.ensure_future(hasher.hash(Password("bystander"), requester=BYSTANDER)))
            await asyncio.sleep(0)
            engine.ends.put(None)

            assert await next_begun(engine) == "bystander"

            engine.let_all_end()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            assert outcomes[-1] == PasswordHash("bystander")
            refused = [outcome for outcome in outcomes if isinstance(outcome, Unavailable)]
            assert len(refused) == FLOOD - (1 + EACH)

    asyncio.run(flood())


def test_a3_a_waiting_task_that_is_cancelled_frees_its_requesters_place() -> None:
    async def cancel() -> None:
        engine = Gated()
        async with AsyncArgon2Hasher(CHEAP, max_concurrent=1, max_waiting=100, max_waiting_each=1) as hasher:
            hasher._engine = engine
            running = asyncio.ensure_future(hasher.hash(Password("running"), requester=BYSTANDER))
            waiting = asyncio.ensure_future(hasher.hash(Password("waiting"), requester=BYSTANDER))
            assert await next_begun(engine) == "running"
            with pytest.raises(Unavailable):
                await hasher.hash(Password("refused"), requester=BYSTANDER)

            waiting.cancel()
            await asyncio.sleep(0)
            instead = asyncio.ensure_future(hasher.hash(Password("instead"), requester=BYSTANDER))
            await asyncio.sleep(0)
            engine.let_all_end()

            assert await running == PasswordHash("running")
            assert await instead == PasswordHash("instead")
            assert [engine.begun.get_nowait()] == ["instead"]
            assert engine.begun.empty()

    asyncio.run(cancel())


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.mark.parametrize("flooder", FLOODS)
def test_a3_between_threads_a_bystander_is_hashed_next(flooder: Callable[[int], Requester]) -> None:
    hasher, engine = Argon2Hasher(CHEAP, max_concurrent=1, max_waiting=100, max_waiting_each=EACH), Gated()
    object.__setattr__(hasher, "_engine", engine)
    refused = SimpleQueue[Exception]()

    def work(name: str, requester: Requester) -> None:
        try:
            run_sync(hasher.hash(Password(name), requester=requester))
        except Unavailable as error:
            refused.put(error)

    threads = [Thread(target=work, args=(f"flood {n}", flooder(n))) for n in range(20)]
    for thread in threads:
        thread.start()
    until(lambda: len(hasher._lanes._queue) == 1 + EACH and refused.qsize() == 20 - (1 + EACH))
    threads.append(Thread(target=work, args=("bystander", BYSTANDER)))
    threads[-1].start()
    until(lambda: len(hasher._lanes._queue) == 1 + EACH + 1)
    engine.ends.put(None)

    assert engine.begun.get(timeout=PATIENCE_SECONDS).startswith("flood")
    assert engine.begun.get(timeout=PATIENCE_SECONDS) == "bystander"

    engine.let_all_end()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert len(hasher._lanes._queue) == 0


def test_no_more_threads_hash_at_once_than_there_are_lanes() -> None:
    hasher, engine = Argon2Hasher(CHEAP, max_concurrent=2), Gated()
    object.__setattr__(hasher, "_engine", engine)
    threads = [Thread(target=lambda: run_sync(hasher.hash(Password("x")))) for _ in range(12)]
    for thread in threads:
        thread.start()
    until(lambda: len(hasher._lanes._queue) == 12 and engine.begun.qsize() == 2)

    engine.let_all_end()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert engine.begun.qsize() == 12


FORKED = """
import os, threading
from accounts_argon2 import Argon2Hasher, Cost
from accounts_core import run_sync
from accounts_core.model import Password

hasher = Argon2Hasher(Cost(memory_kib=8, passes=1), max_concurrent=1)
held, over = threading.Event(), threading.Event()

def hold():
    with hasher._lanes.lane(None):
        held.set()
        over.wait()

thread = threading.Thread(target=hold)
thread.start()
held.wait()
child = os.fork()
if child == 0:
    os._exit(0 if run_sync(hasher.hash(Password("x"))).reveal().startswith("$argon2id$") else 1)
status = os.waitpid(child, 0)[1]
over.set()
thread.join()
raise SystemExit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_forked_process_does_not_wait_for_its_parents_hashes() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], check=True, timeout=PATIENCE_SECONDS)


def test_a_begin_that_never_came_is_not_waited_for() -> None:
    """A thread that is interrupted while it waits leaves the queue."""
    hasher = Argon2Hasher(CHEAP, max_concurrent=1)
    lanes, turn = hasher._lanes, Event()
    running = lanes.enter(turn.set, None)
    waiting = lanes.enter(lambda: pytest.fail("its turn came"), None)

    lanes.leave(waiting)
    lanes.leave(running)

    assert turn.is_set()
    assert run_sync(hasher.hash(Password("x"))).reveal().startswith("$argon2id$")
