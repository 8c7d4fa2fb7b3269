"""The pytest plugin that drives the contract suites: `pytest_plugins = ["accounts_core.testing.plugin"]`.

It runs only coroutine tests that use its `drive` fixture, so it can be combined with other plugins for asynchronous
tests.
"""

import inspect
import sys
from threading import Barrier, Thread
from typing import Any, cast

import pytest

from accounts_core.sync import run_sync
from accounts_core.testing.harness import Concurrently, Drive, Thunk

SWITCH_SECONDS = 1e-6
"""Switch interval of threads. With the default of 5 ms short calls would not overlap, and races would go unnoticed."""

START_SECONDS = 10
"""Maximum time that concurrent calls wait for each other to start."""


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test through its `drive` fixture; leave every other test alone."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj) or "drive" not in pyfuncitem.fixturenames:
        return None
    drive = cast("Drive", pyfuncitem.funcargs["drive"])
    names = inspect.signature(pyfuncitem.obj).parameters
    drive(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.fixture
def drive() -> Drive:
    """Return the default driver, `run_sync`. It needs adapters that never suspend."""
    return run_sync


@pytest.fixture
def concurrently() -> Concurrently:
    """Return the default `in_threads`. It needs adapters that never suspend."""
    return in_threads


async def in_threads(*thunks: Thunk) -> list[Any]:
    """Run the coroutine of each thunk in its own thread; return the result or the exception of each, in order."""
    outcomes: list[Any] = [None] * len(thunks)
    start = Barrier(len(thunks))

    def run(place: int, thunk: Thunk) -> None:
        try:
            start.wait(START_SECONDS)
            outcomes[place] = run_sync(thunk())
        except BaseException as error:  # noqa: BLE001  returned as the outcome
            outcomes[place] = error

    threads = [Thread(target=run, args=(place, thunk)) for place, thunk in enumerate(thunks)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    return outcomes
