"""`accounts worker`: a worker in a process of its own, on as many machines as wanted."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from accounts_cli.composition import describe, open_service
from accounts_cli.logs import log_to_stderr
from accounts_cli.settings import Settings
from accounts_cli.streams import announce, say
from accounts_system import Worker


async def run_worker(settings: Settings, *, once: bool) -> None:
    """Run `accounts worker`. SIGTERM and SIGINT let it finish the jobs in hand; a second one ends it at once."""
    log_to_stderr(settings.secrets())
    async with open_service(settings) as service:
        worker = Worker(service.accounts)
        with _stopped_by_signals(worker):
            if once:
                ran = await worker.run_once()
                say(f"Done: {ran.done}. Put off: {ran.rescheduled}. Parked: {ran.dead_lettered}.")
                return
            for line in describe(settings):
                announce(line)
            announce("Working.")
            await worker.run()
    announce("Stopped.")


@contextmanager
def _stopped_by_signals(worker: Worker) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    before: dict[signal.Signals, Any] = {}

    def stop(_: int, __: FrameType | None) -> None:
        for each, handler in before.items():
            signal.signal(each, handler)  # the second time, what it was
        loop.call_soon_threadsafe(worker.stop)

    before.update({each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)})
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
