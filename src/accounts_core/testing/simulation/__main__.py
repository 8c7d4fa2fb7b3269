"""Play the histories of a setting: `python -m accounts_core.testing.simulation shop:Shop --seeds 0:1000`."""

import argparse
import importlib
import sys
from pathlib import Path

from .histories import Played, Simulation
from .plans import Plan


def main() -> int:
    """Return 0 if every check held, else print a shrunk history, which can be replayed, and return 1."""
    parser = argparse.ArgumentParser(prog="python -m accounts_core.testing.simulation", description=__doc__)
    parser.add_argument("setting", help="where it is: module:Class")
    parser.add_argument("--seed", type=int, help="play the history of this seed, and show its schedule")
    parser.add_argument("--seeds", default="0:100", help="play these, such as 0:1000, until one fails")
    parser.add_argument("--replay", type=Path, help="play the plan in this file")
    parser.add_argument("--operations", type=int, default=Simulation.__attrs_attrs__.operations.default)
    arguments = parser.parse_args()
    module, _, name = arguments.setting.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    simulation = Simulation(make=getattr(importlib.import_module(module), name), operations=arguments.operations)
    if arguments.replay is not None:
        return _show(simulation.replay(Plan.loads(arguments.replay.read_text())))
    if arguments.seed is not None:
        return _show(simulation.play(arguments.seed))
    first, last = map(int, arguments.seeds.split(":"))
    for seed in range(first, last):
        played = simulation.play(seed)
        if played.violated is not None:
            sys.stdout.write(f"Seed {seed}, shrunk:\n")
            return _show(simulation.shrink(played))
    sys.stdout.write(f"Everything held in {last - first} histories.\n")
    return 0


def _show(played: Played) -> int:
    sys.stdout.write(f"{played.schedule()}\n\n{played.violated or 'Everything held.'}\n")
    if played.violated is None:
        return 0
    sys.stdout.write(f"\nTo replay it, keep this in a file:\n{played.plan.dumps()}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
