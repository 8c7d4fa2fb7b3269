"""A3: in which order jobs are served, counted in places and never in seconds."""

from collections.abc import Iterator

import pytest

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.fair_queue import FairQueue
from accounts_core.model.requester import Requester

FLOOD = 220
BYSTANDER = "the bystander's"
LANES = [1, 2, 4]


def queue(lanes: int = 1, waiting: int = 1000, each: int = 1000) -> FairQueue[str]:
    return FairQueue(lanes=lanes, max_waiting=waiting, max_waiting_each=each)


def requester(account: str, client: str | None = "192.0.2.1") -> tuple[str, ...]:
    return Requester.of(EmailAddress(f"{account}@example.org"), client).keys


def begun(jobs: FairQueue[str]) -> list[str]:
    """Let whatever may begin do so, and return it in order."""
    found = []
    while (job := jobs.begin()) is not None:
        found.append(job)
    return found


def served(jobs: FairQueue[str], running: list[str]) -> Iterator[str]:
    """End one running job after the other, the oldest first, and give what begins, until all have ended."""
    while running:
        jobs.leave(running.pop(0))
        for job in begun(jobs):
            running.append(job)
            yield job


def flooded(jobs: FairQueue[str], kind: str) -> None:
    """Have an attacker send many jobs at once."""
    for number in range(FLOOD):
        match kind:
            case "of one account from one client":
                keys = requester("victim")
            case "of one account from many clients":
                keys = requester("victim", f"198.51.100.{number}")
            case "of many accounts from one client":
                keys = requester(f"user{number}")
            case "of many accounts from one IPv6 network":
                keys = requester(f"user{number}", f"2001:db8:0:1::{number:x}")
            case "from nobody who is known":
                keys = ()
            case _:
                raise AssertionError(kind)
        assert jobs.enter(f"flood {number}", keys)


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize(
    "kind",
    [
        "of one account from one client",
        "of one account from many clients",
        "of many accounts from one client",
        "of many accounts from one IPv6 network",
        "from nobody who is known",
    ],
)
def test_a3_whoever_comes_during_a_flood_is_next(kind: str, lanes: int) -> None:
    """They wait for one of the jobs that run already to end, and for none of those that wait."""
    jobs = queue(lanes)
    flooded(jobs, kind)
    running = begun(jobs)
    assert len(running) == lanes

    jobs.enter(BYSTANDER, requester("jane", "203.0.113.9"))

    assert next(served(jobs, running)) == BYSTANDER


@pytest.mark.parametrize("lanes", LANES)
def test_a3_whoever_comes_again_is_next_again(lanes: int) -> None:
    """A sign-in can be two hashes, one after the other: to verify, and to hash anew under today's parameters."""
    jobs = queue(lanes)
    flooded(jobs, "of one account from one client")
    running = begun(jobs)
    order = served(jobs, running)
    for number in range(10):
        job = f"{BYSTANDER} {number}"
        jobs.enter(job, requester("jane", "203.0.113.9"))
        assert next(order) == job
        while job in running:
            next(order)


def test_a3_several_who_send_many_are_served_in_turn() -> None:
    jobs = queue()
    for name in ("a", "b", "c"):
        for number in range(3):
            jobs.enter(f"{name}{number}", requester(name, f"client of {name}"))

    assert [*begun(jobs)] == ["a0"]
    assert [*served(jobs, ["a0"])] == ["b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]


def test_a3_whoever_has_more_waiting_is_not_starved_by_those_who_keep_coming() -> None:
    """An office behind one address has two sign-ins waiting, while somebody new comes before each turn."""
    jobs = queue()
    for number in range(3):
        jobs.enter(f"office {number}", requester(f"clerk{number}", "192.0.2.1"))
    running, order = begun(jobs), list[str]()
    for number in range(6):
        jobs.enter(f"new {number}", requester(f"new{number}", f"203.0.113.{number}"))
        jobs.leave(running.pop())
        running = begun(jobs)
        order += running

    assert order == ["new 0", "office 1", "new 1", "new 2", "office 2", "new 3"]


def test_a3_one_has_so_many_places_and_then_others_still_get_in() -> None:
    jobs = queue(lanes=2, waiting=10, each=3)
    taken = [jobs.enter(f"flood {n}", requester("victim", f"198.51.100.{n}")) for n in range(FLOOD)]

    assert taken.count(True) == 2 + 3
    assert not jobs.enter("one more client of the account", requester("victim", "203.0.113.9"))
    assert jobs.enter(BYSTANDER, requester("jane", "203.0.113.9"))


def test_a3_all_together_have_so_many_places() -> None:
    jobs = queue(lanes=2, waiting=10, each=3)

    taken = [jobs.enter(f"job {n}", requester(f"user{n}", f"198.51.100.{n}")) for n in range(FLOOD)]

    assert taken.count(True) == 2 + 10


def test_those_who_are_not_known_are_bounded_together_with_all_alone() -> None:
    jobs = queue(lanes=2, waiting=10, each=3)

    assert [jobs.enter(f"job {n}", ()) for n in range(FLOOD)].count(True) == 2 + 10


def test_a3_a_job_that_does_not_wait_any_more_frees_its_place() -> None:
    jobs = queue(lanes=1, waiting=2, each=1)
    assert jobs.enter("runs", requester("jane"))
    assert begun(jobs) == ["runs"]
    assert jobs.enter("waits", requester("jane"))
    assert not jobs.enter("is refused", requester("jane"))

    jobs.leave("waits")

    assert jobs.enter("waits instead", requester("jane"))
    jobs.leave("runs")
    assert begun(jobs) == ["waits instead"]
    jobs.leave("waits instead")
    assert len(jobs) == 0


def test_whoever_has_no_job_any_more_is_forgotten() -> None:
    """Whatever addresses are tried, nothing of them stays."""
    jobs = queue()
    flooded(jobs, "of many accounts from one client")
    for job in (f"flood {n}" for n in range(FLOOD)):
        jobs.leave(job)

    assert (jobs._served, dict(jobs._places), jobs._waiting, jobs._running) == ({}, {}, {}, {})
