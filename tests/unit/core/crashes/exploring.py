"""Finding the points of a run, breaking it at each of them, and looking at what becomes of it."""

from collections.abc import Callable, Iterable, Iterator

import attrs

from .invariants import violations
from .restarting import Snapshot, World, survived
from .striking import Blow, Fate, Point, blows_at

Act = Callable[[World, Fate], object]
"""Something that runs in a process with this fate."""


@attrs.frozen
class Broken:
    """A run that was broken: `how`, and the world that it left behind."""

    how: str
    left: Snapshot


def points(start: Snapshot, act: Act) -> list[Point]:
    """Run it clean, and return the points that it crosses."""
    fate = Fate()
    _left(start, act, fate)
    return fate.crossed


def broken(start: Snapshot, act: Act, blows: Callable[[Point], Iterable[Blow]] = blows_at) -> Iterator[Broken]:
    """Run it again and again, with every blow at every point."""
    for at, point in enumerate(points(start, act)):
        for blow in blows(point):
            fate = Fate(at, blow)
            left = _left(start, act, fate)
            assert len(fate.crossed) > at, "It took another way than the clean run."
            yield Broken(f"{point.name} (#{at}), {blow.value}", left)


def distinct(runs: Iterable[Broken]) -> list[Broken]:
    """Leave out the runs that left the very same world behind as one before: what comes then is the same, too."""
    seen: list[Broken] = []
    for each in runs:
        if all(each.left != other.left for other in seen):
            seen.append(each)
    return seen


def unrecovered(run: Broken, afterwards: Callable[[World], object]) -> list[str]:
    """Start again where the run broke, let a worker do what is left, and return what does not hold then."""
    world = World.at(run.left)
    afterwards(world)
    world.recover()
    return [f"{run.how}: {sentence}" for sentence in violations(world)]


def _left(start: Snapshot, act: Act, fate: Fate) -> Snapshot:
    world = World.at(start)
    with survived():
        act(world, fate)
    return world.snapshot()
