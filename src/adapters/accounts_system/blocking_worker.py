"""Worker for applications without an event loop: threads that run the jobs of the outbox."""

import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, Final

from accounts_core import BlockingAccounts, run_sync
from accounts_core.model.jobs import JobKind
from accounts_core.results import OverdueJobs, TimesRepairResult, WorkerRun
from accounts_system.care import Care
from accounts_system.reports import LaneReport
from accounts_system.worker import AT_ONCE, IDLE_SECONDS

STOP_SECONDS: Final = 30.0
"""Maximum wait of `running` for jobs in progress at its end."""


class BlockingWorker:
    """Worker that runs jobs on threads until `stop`.

    Args:
        accounts: Facade that runs the jobs, on an engine that threads may share. Topics without a handler are not
            claimed.
        idle_seconds: Pause when no job is due.
        at_once: Number of concurrent jobs for each kind. A missing kind is not run here.

    """

    def __init__(
        self,
        accounts: BlockingAccounts[Any],
        *,
        idle_seconds: float = IDLE_SECONDS,
        at_once: Mapping[JobKind, int] = AT_ONCE,
    ) -> None:
        self._accounts = _Awaitable(accounts)
        self._idle_seconds = idle_seconds
        self._at_once = dict(at_once)
        self._stopping = Event()
        self._woken: list[Event] = []

    def wake(self) -> None:
        """Look for due jobs now."""
        for woken in self._woken:
            woken.set()

    def stop(self) -> None:
        """Finish the jobs in progress, and claim no others."""
        self._stopping.set()
        self.wake()

    def run(self) -> None:
        """Run jobs until `stop`, each kind on its own threads. No error ends it. It can be run again afterwards."""
        care = Care(self._accounts)
        loops = [(kind.value, self._step_of(kind), count) for kind, count in self._at_once.items()]
        loops.append(("cleanup", lambda: run_sync(care.step()), 1))
        threads = []
        for name, step, count in loops:
            for _ in range(count):
                woken = Event()
                self._woken.append(woken)
                threads.append(Thread(target=self._go, args=(name, step, woken), name=f"accounts-{name}", daemon=True))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._woken.clear()
        self._stopping.clear()

    @contextmanager
    def running(self) -> Iterator["BlockingWorker"]:
        """Run the worker on its own threads during the `with` block, then finish the jobs in progress."""
        thread = Thread(target=self.run, name="accounts-worker", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.stop()
            thread.join(STOP_SECONDS)

    def run_once(self) -> WorkerRun:
        """Run the due jobs in this thread, one kind after another, and return the result.

        Raises:
            InfrastructureError: The database is unavailable.

        """
        run_sync(self._accounts.run_cleanup())
        total = WorkerRun()
        for kind in self._at_once:
            step = self._step_of(kind)
            while not self._stopping.is_set() and (ran := step()).total:
                total += ran
        return total

    def _step_of(self, kind: JobKind) -> Callable[[], WorkerRun]:
        # one job each time, so that `stop` has no claimed jobs to wait for
        return lambda: run_sync(self._accounts.run_due(limit=1, kinds=frozenset({kind})))

    def _go(self, name: str, step: Callable[[], WorkerRun], woken: Event) -> None:
        report = LaneReport(name, idle_seconds=self._idle_seconds)
        while not self._stopping.is_set():
            woken.clear()
            try:
                ran = step()
            except BaseException as error:  # noqa: BLE001  nothing may end it: `SystemExit` of a job would, in silence
                self._pause(report.failed(error), woken)
            else:
                report.ran(ran)
                if not ran.total:
                    self._pause(self._idle_seconds, woken)

    def _pause(self, seconds: float, woken: Event) -> None:
        if not self._stopping.is_set():
            woken.wait(seconds * random.uniform(0.8, 1.2))  # noqa: S311  not a secret


class _Awaitable:
    """Adapter of a blocking facade, with coroutine functions that never suspend."""

    def __init__(self, accounts: BlockingAccounts[Any]) -> None:
        self._accounts = accounts

    async def run_due(self, *, limit: int, kinds: Collection[JobKind]) -> WorkerRun:
        return self._accounts.run_due(limit=limit, kinds=kinds)

    async def repair_times(self) -> TimesRepairResult:
        return self._accounts.repair_times()

    async def run_cleanup(self) -> object:
        return self._accounts.run_cleanup()

    async def list_overdue_jobs(self) -> Sequence[OverdueJobs]:
        return self._accounts.list_overdue_jobs()
