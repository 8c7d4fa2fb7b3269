"""Run the long form: `python -m tests.simulation.lockstep --steps 100000`."""

import argparse
import sys

from tests.simulation.lockstep.running import explore, rows


def main() -> int:
    """Print the table; 1 when the stores differed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.lockstep", description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000, help="how many at least (default: %(default)s)")
    parser.add_argument("--seconds", type=float, help="end when they are over, whatever was reached")
    parser.add_argument("--seed", type=int, default=0, help="another one takes other steps (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=1, help="each with its own databases (default: %(default)s)")
    given = parser.parse_args()
    ran = explore(steps=given.steps, seconds=given.seconds, seed=given.seed, processes=given.processes, chatty=True)
    for name, figure in rows(ran):
        sys.stdout.write(f"{name:32} {figure}\n")
    return 1 if ran.violations else 0


if __name__ == "__main__":
    sys.exit(main())
