"""One task at a time, from one await on a port to the next, with whatever is decided to go wrong there."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts_core import run_sync
from accounts_core.errors import ConfigurationError, Conflict, ProviderAmbiguous, ProviderBusy, Suspended, Unavailable
from accounts_core.testing.builders import NOON, a_user
from accounts_core.testing.simulation import (
    PEACE,
    Cancelled,
    Crash,
    Decider,
    Fault,
    Point,
    Port,
    Process,
    Scheduler,
    Script,
    Task,
    WorldClock,
    faults_at,
    watched,
    watched_store,
)
from accounts_memory import MemoryStore


class Provider:
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def ask(self, what: str, *, key: str | None = None) -> str:
        self.asked.append(what)
        return f"{what} is done"


def scheduled(decider: Decider = PEACE) -> tuple[Scheduler, Process, Provider, Provider]:
    scheduler = Scheduler(WorldClock(NOON), decider)
    process, provider = scheduler.process("one"), Provider()
    return scheduler, process, provider, watched(process, provider, Port.GATEWAY)


def struck(fault: Fault, *, key: str | None = None) -> tuple[Task, Provider]:
    scheduler, process, provider, seen = scheduled(Script({("ask", 1): fault}))
    task = process.spawn("ask", seen.ask("it", key=key))
    scheduler.run()
    return task, provider


def test_a_task_runs_to_its_end() -> None:
    scheduler, process, provider, seen = scheduled()
    task = process.spawn("ask", seen.ask("it"))

    scheduler.run()

    assert task.result() == "it is done"
    assert provider.asked == ["it"]


def test_tasks_take_turns_only_where_it_is_decided() -> None:
    async def twice(seen: Provider, name: str) -> None:
        await seen.ask(f"{name}1")
        await seen.ask(f"{name}2")

    for switches, expected in (({}, ["a1", "a2", "b1", "b2"]), ({("a", 2): "b"}, ["a1", "b1", "b2", "a2"])):
        scheduler, process, provider, seen = scheduled(Script({}, switches))
        for name in ("a", "b"):
            process.spawn(name, twice(seen, name))
        scheduler.run()

        assert provider.asked == expected


@pytest.mark.parametrize(
    ("fault", "error", "asked"),
    [
        (Fault.FAIL, ProviderAmbiguous, 0),
        (Fault.ANSWER_LOST, ProviderAmbiguous, 1),
        (Fault.LATE, ProviderAmbiguous, 1),
        (Fault.BUSY, ProviderBusy, 0),
        (Fault.CRASH_BEFORE, Crash, 0),
        (Fault.CRASH_AFTER, Crash, 1),
        (Fault.CANCEL_BEFORE, Cancelled, 0),
        (Fault.CANCEL_AFTER, Cancelled, 1),
        (Fault.REPEATED, None, 2),
    ],
)
def test_each_fault_does_and_says_what_it_is_called(
    fault: Fault, error: type[BaseException] | None, asked: int
) -> None:
    task, provider = struck(fault)

    assert (None if task.error is None else type(task.error)) is error
    assert len(provider.asked) == asked


@pytest.mark.parametrize(("fault", "asked"), [(Fault.FAILURE_KEPT_BEFORE, 0), (Fault.FAILURE_KEPT_AFTER, 1)])
def test_a_failure_that_is_kept_for_a_key_comes_again(fault: Fault, asked: int) -> None:
    scheduler, process, provider, seen = scheduled(Script({("ask", 1): fault}))
    first = process.spawn("ask", seen.ask("it", key="k"))
    second = process.spawn("again", seen.ask("it", key="k"))
    other = process.spawn("other", seen.ask("it", key="l"))

    scheduler.run()

    for task in (first, second):
        assert isinstance(task.error, ProviderAmbiguous)
        assert task.error.replays
    assert other.error is None
    assert len(provider.asked) == asked + 1


def test_what_comes_late_comes_when_it_is_decided_and_before_the_end_at_the_latest() -> None:
    async def gives_up(seen: Provider) -> None:
        with pytest.raises(ProviderAmbiguous):
            await seen.ask("late")
        await seen.ask("next")
        await seen.ask("last")

    for switches, expected in (
        ({}, ["next", "last", "late"]),
        ({("a", 2): "late:a.1"}, ["late", "next", "last"]),
        ({("a", 3): "late:a.1"}, ["next", "late", "last"]),
    ):
        scheduler, process, provider, seen = scheduled(Script({("a", 1): Fault.LATE}, switches))
        process.spawn("a", gives_up(seen))
        scheduler.run()

        assert provider.asked == expected


def test_a_process_that_dies_takes_its_tasks_along_and_others_go_on() -> None:
    scheduler, process, provider, seen = scheduled(Script({("a", 1): Fault.CRASH_BEFORE}, {("b", 2): "a"}))
    other = scheduler.process("two")

    async def two(seen: Provider) -> None:
        await seen.ask("first")
        await seen.ask("second")

    beside = process.spawn("b", two(seen))
    process.spawn("a", seen.ask("never"))
    elsewhere = other.spawn("c", watched(other, provider, Port.GATEWAY).ask("elsewhere"))
    scheduler.run()

    assert provider.asked == ["first", "elsewhere"]
    assert isinstance(beside.error, Crash)
    assert elsewhere.result() == "elsewhere is done"
    assert scheduler.kills == 1


def test_what_a_dead_process_still_tries_is_not_done() -> None:
    async def holds_on(seen: Provider) -> None:
        try:
            await seen.ask("first")
        finally:
            await seen.ask("in passing")

    for fault, expected in ((Fault.CRASH_BEFORE, []), (Fault.CANCEL_BEFORE, ["in passing"])):
        scheduler, process, provider, seen = scheduled(Script({("a", 1): fault}))
        process.spawn("a", holds_on(seen))
        scheduler.run()

        assert provider.asked == expected


def test_a_coroutine_that_waits_for_something_else_is_refused() -> None:
    class Waiting:
        def __await__(self):  # type: ignore[no-untyped-def]  # yields what no simulation knows
            yield "something"

    async def wait() -> None:
        await Waiting()

    scheduler, process, *_ = scheduled()
    task = process.spawn("a", wait())
    scheduler.run()

    assert isinstance(task.error, Suspended)


# ---- a store


def stored(decider: Decider = PEACE) -> tuple[Scheduler, MemoryStore, Callable[[], Process]]:
    scheduler, store = Scheduler(WorldClock(NOON), decider), MemoryStore()
    return scheduler, store, lambda: scheduler.process("one")


async def add_user(process: Process, store: MemoryStore) -> None:
    async with watched_store(process, store).begin() as work:
        await work.users.add(a_user())


def is_there(store: MemoryStore) -> bool:
    async def find() -> bool:
        async with store.reader() as reader:
            return await reader.users.find(a_user().id) is not None

    return run_sync(find())


def test_the_points_of_a_unit_are_its_beginning_its_methods_and_the_commit() -> None:
    scheduler, store, process = stored()
    process().spawn("a", add_user(process(), store))

    scheduler.run()

    assert [step.point and step.point.name for step in scheduler.steps] == ["begin", "work.users.add", "commit"]
    assert is_there(store)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("fault", Fault)
def test_a_unit_takes_effect_only_where_its_commit_does(number: int, fault: Fault) -> None:
    scheduler, store, process = stored(Script({("a", number): fault}))
    one = process()
    task = one.spawn("a", add_user(one, store))
    scheduler.run()

    strikes = task.error is not None
    is_after = fault.is_done or fault is Fault.LATE
    assert is_there(store) == (not strikes or (number == 3 and is_after))
    if fault is Fault.CONFLICT:
        assert isinstance(task.error, Conflict)
    if fault is Fault.FAIL:
        assert isinstance(task.error, Unavailable)


def test_a_commit_that_comes_late_holds_nothing_up() -> None:
    """And one that lost a race meanwhile does not come at all."""

    async def twice(process: Process, store: MemoryStore) -> None:
        with pytest.raises(Unavailable):
            await add_user(process, store)
        await add_user(process, store)

    scheduler, store, process = stored(Script({("a", 3): Fault.LATE}))
    one = process()
    task = one.spawn("a", twice(one, store))
    scheduler.run()

    assert task.error is None
    assert is_there(store)


def test_units_do_not_nest() -> None:
    async def nested(process: Process, store: MemoryStore) -> None:
        async with watched_store(process, store).begin():
            await add_user(process, store)

    scheduler, store, process = stored()
    one = process()
    task = one.spawn("a", nested(one, store))
    scheduler.run()

    assert isinstance(task.error, ConfigurationError)


# ---- points and time


def test_what_can_go_wrong_depends_on_where() -> None:
    everywhere = {Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.CANCEL_BEFORE, Fault.CANCEL_AFTER, Fault.FAIL}

    assert set(faults_at(Point(Port.HASHER, "hasher.hash"))) == everywhere
    assert set(faults_at(Point(Port.GATEWAY, "gateway.hold", has_key=True))) == set(Fault) - {Fault.CONFLICT}
    assert set(faults_at(Point(Port.STORE, "commit", in_unit=True))) == everywhere | {
        Fault.ANSWER_LOST,
        Fault.LATE,
        Fault.CONFLICT,
    }


def test_a7_a_machines_clock_may_be_off_and_jumps_ahead_and_back_while_time_goes_on() -> None:
    env = WorldClock(NOON)
    scheduler = Scheduler(env)
    process = scheduler.process("one", off=timedelta(hours=1))
    seen = [process.clock.now()]

    process.clock.jump(-timedelta(days=1))
    seen.append(process.clock.now())
    env.advance(timedelta(days=2))
    seen.append(process.clock.now())

    assert seen == [NOON + timedelta(hours=hours) for hours in (1, -23, 25)]
    with pytest.raises(ValueError, match="never goes back"):
        env.advance(-timedelta(seconds=1))
