"""Run a worker in a process of its own, beside those of the service."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from accounts_core.results import WorkerRun
from accounts_service.composition import describe, open_service
from accounts_service.logs import log_to_stderr
from accounts_service.settings import Settings
from accounts_system import Worker


async def run_worker(settings: Settings, *, announce: Callable[[str], None]) -> None:
    """Run a worker until SIGTERM or SIGINT, after which it finishes its jobs; a second signal ends it at once.

    Args:
        settings: The settings of the service.
        announce: Takes each line that says how the worker runs.

    Raises:
        ServiceError: A part of the service cannot be opened.

    """
    log_to_stderr(settings.secrets())
    async with open_service(settings) as service:
        worker = Worker(service.accounts)
        with _stopped_by_signals(worker):
            for line in describe(settings):
                announce(line)
            announce("Working.")
            await worker.run()
    announce("Stopped.")


async def run_worker_once(settings: Settings) -> WorkerRun:
    """Run the jobs that are due, and return how many that were. Signals and errors are those of `run_worker`."""
    log_to_stderr(settings.secrets())
    async with open_service(settings) as service:
        worker = Worker(service.accounts)
        with _stopped_by_signals(worker):
            return await worker.run_once()


@contextmanager
def _stopped_by_signals(worker: Worker) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    before: dict[signal.Signals, Any] = {}

    def stop(_: int, __: FrameType | None) -> None:
        for each, handler in before.items():
            signal.signal(each, handler)  # the second signal is handled as it was before
        loop.call_soon_threadsafe(worker.stop)

    before.update({each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)})
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
