"""The long form: as many steps as one has the time for."""

import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from time import monotonic
from typing import Final, TypeAlias

import attrs
from tests.simulation.lockstep.environments import opened
from tests.simulation.lockstep.machine import Violation, play, use_cases
from tests.simulation.lockstep.steps import Tally

Row: TypeAlias = tuple[str, int | str]

EXAMPLES: Final = 25
"""In one go, between two looks at the clock."""
STEPS: Final = 150
"""Of one example: enough for what was made to be used, few enough for an example to be read."""
ENOUGH: Final = 3
"""So many violations, and a part of the run ends: most of them are one bug, seen again."""


@attrs.define
class LockstepRun:
    """What a run came to."""

    tally: Tally = attrs.field(factory=Tally)
    violations: list[Violation] = attrs.field(factory=list)
    elapsed_seconds: float = 0.0


def run(*, steps: int = 100_000, seconds: float | None = None, seed: int = 0, processes: int = 1) -> Sequence[Row]:
    """Take at least `steps` steps in lock-step, unless `seconds` are over before; return what to print of it.

    The same `seed` and `processes` take the same steps. Each process has databases of its own.
    """
    return rows(explore(steps=steps, seconds=seconds, seed=seed, processes=processes))


def explore(*, steps: int, seconds: float | None, seed: int, processes: int, chatty: bool = False) -> LockstepRun:
    """Do as `run` does, and return all that was found; `chatty` tells on stderr how far it is."""
    begun = monotonic()
    until = None if seconds is None else begun + seconds
    if processes == 1:
        whole = _explore(steps, until, seed, 0, 1, chatty)
    else:
        whole = LockstepRun()
        with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
            share = -(-steps // processes)
            parts = [pool.submit(_explore, share, until, seed, place, processes, chatty) for place in range(processes)]
            for part in parts:
                ran = part.result()
                whole.tally.add(ran.tally)
                whole.violations += ran.violations
    whole.elapsed_seconds = monotonic() - begun
    return whole


def _explore(steps: int, until: float | None, seed: int, place: int, processes: int, chatty: bool) -> LockstepRun:
    ran = LockstepRun()
    seeded = seed * 1_000_000 + place
    with opened() as databases:
        while ran.tally.steps < steps and (until is None or monotonic() < until) and len(ran.violations) < ENOUGH:
            examples = min(EXAMPLES, -(-(steps - ran.tally.steps) // STEPS))
            found = play(databases, ran.tally, seeded=seeded, examples=examples, steps=STEPS)
            if found is not None:
                ran.violations.append(found)
            seeded += processes
            if chatty:
                so_far = f"{ran.tally.steps} of {steps} steps, {len(ran.violations)} violations"
                sys.stderr.write(f"part {place + 1} of {processes}: {so_far}\n")
    return ran


def rows(ran: LockstepRun) -> list[Row]:
    """Return a table of it."""
    every, tally = use_cases(), ran.tally
    return [
        ("use cases", len(every)),
        ("use cases taken", f"{len(every & tally.taken)} ({_missing(every - tally.taken)})"),
        ("use cases that gave an answer", f"{len(every & tally.answered)} ({_missing(every - tally.answered)})"),
        ("kinds of outcome seen", len(tally.outcomes)),
        ("examples", tally.examples),
        ("steps on each of three stores", tally.steps),
        ("seconds", round(ran.elapsed_seconds)),
        ("steps a second", round(tally.steps / max(ran.elapsed_seconds, 0.001))),
        ("violations", len(ran.violations)),
        *((f"violation, seed {each.seed}", f"{each.what}\n{each.reproduction}") for each in ran.violations),
    ]


def _missing(names: set[str]) -> str:
    return f"not: {', '.join(sorted(names))}" if names else "all"
