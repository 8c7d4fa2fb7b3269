"""A4: who takes nothing of an answer is cut off; who takes it slowly is not."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import attrs
import pytest

from accounts_service.stalled_readers import MIN_BYTES, CountedTransport, ReaderWatch


@attrs.define
class Transport:
    """A transport whose client takes what a test says."""

    buffered: int = 0
    aborted: bool = False

    def write(self, data: bytes) -> None:
        self.buffered += len(data)

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def get_extra_info(self, name: str) -> Any:
        return None

    def abort(self) -> None:
        self.aborted = True

    close = is_closing = pause_reading = resume_reading = abort


@attrs.define
class Loop:
    """Runs a callback when a test says that its time has come."""

    waiting: list[Callable[[], None]] = attrs.field(factory=list)

    def call_later(self, delay: float, callback: Callable[[], None]) -> Any:
        self.waiting.append(callback)
        return self

    def cancel(self) -> None:
        self.waiting.clear()

    def pass_by(self) -> None:
        waiting, self.waiting = self.waiting, []
        for callback in waiting:
            callback()


@attrs.define
class Watched:
    """A connection under watch."""

    under: Transport
    transport: CountedTransport
    loop: Loop
    stalled: list[bool]

    def write(self, size: int) -> None:
        self.transport.write(b"x" * size)

    def take(self, size: int) -> None:
        self.under.buffered -= size

    def after_an_interval(self) -> bool:
        self.loop.pass_by()
        return bool(self.stalled)


@pytest.fixture
def watched() -> Watched:
    under, loop, stalled = Transport(), Loop(), list[bool]()
    transport = CountedTransport(cast("asyncio.Transport", under))
    watch = ReaderWatch(transport, 30, lambda: stalled.append(True), loop=cast("asyncio.AbstractEventLoop", loop))
    watch.start()
    return Watched(under, transport, loop, stalled)


def test_who_takes_nothing_for_an_interval_has_stalled(watched: Watched) -> None:
    watched.write(100_000)

    assert [watched.after_an_interval() for _ in range(2)] == [False, True]
    assert watched.loop.waiting == []


def test_an_answer_is_given_a_whole_interval_whenever_it_was_written(watched: Watched) -> None:
    watched.after_an_interval()
    watched.write(100_000)

    assert not watched.after_an_interval()


def test_who_takes_little_but_enough_is_waited_for(watched: Watched) -> None:
    watched.write(100_000)
    watched.after_an_interval()

    for _ in range(10):
        watched.take(MIN_BYTES)
        assert not watched.after_an_interval()


def test_who_takes_less_than_that_has_stalled(watched: Watched) -> None:
    watched.write(100_000)
    watched.after_an_interval()

    watched.take(MIN_BYTES - 1)

    assert watched.after_an_interval()


def test_who_took_all_that_was_waiting_has_not_stalled_however_little_it_was(watched: Watched) -> None:
    watched.write(10)
    watched.after_an_interval()

    watched.take(10)
    watched.write(10)

    assert not watched.after_an_interval()


def test_what_is_written_meanwhile_is_nothing_that_was_taken(watched: Watched) -> None:
    watched.write(10)
    watched.after_an_interval()

    watched.write(100_000)

    assert watched.after_an_interval()


def test_where_nothing_waits_nobody_has_stalled(watched: Watched) -> None:
    assert not any(watched.after_an_interval() for _ in range(5))
    assert len(watched.loop.waiting) == 1
