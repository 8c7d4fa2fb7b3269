"""The pytest plugin that drives the contract suites: `pytest_plugins = ["accounts_core.testing.plugin"]`.

It touches only coroutine tests that use its `drive` fixture, so it lives beside any other plugin for asynchronous
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
"""How often threads take turns. At the interpreter's usual 5 ms, what is quick runs alone, and no race is ever seen."""
# before anybody imports them: so that a failing assertion of a suite shows its values in every adapter's tests
pytest.register_assert_rewrite("accounts_core.testing.contracts")

START_SECONDS = 10
"""The longest that concurrent calls wait for each other to start."""


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
    """Run a coroutine to its end. This one needs adapters that never suspend."""
    return run_sync


@pytest.fixture
def concurrently() -> Concurrently:
    """Drive coroutines at the same time. This one gives each a thread, and needs adapters that never suspend."""
    return in_threads


async def in_threads(*thunks: Thunk) -> list[Any]:
    """Drive what each thunk returns in a thread of its own; return each result, or the exception in its place."""
    outcomes: list[Any] = [None] * len(thunks)
    start = Barrier(len(thunks))

    def run(place: int, thunk: Thunk) -> None:
        try:
            start.wait(START_SECONDS)
            outcomes[place] = run_sync(thunk())
        except BaseException as error:  # noqa: BLE001  an outcome like any other: the test looks at it
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
