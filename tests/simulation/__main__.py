"""`make simulate`: run every part and print the table; or play one history again."""

import argparse
import sys
from pathlib import Path

from accounts_core.testing.simulation import Plan, Played

from .parts import PARTS, SHORT, histories
from .parts.part import Effort
from .table import rendered


def main() -> int:
    arguments = _parsed()
    if arguments.replay:
        path = Path(arguments.replay)
        text = arguments.replay if arguments.replay.startswith("{") else path.read_text()
        return _told(histories.SIMULATION.replay(Plan.loads(text)), None)
    if arguments.seed is not None and not arguments.histories:
        return _told(histories.SIMULATION.play(arguments.seed), arguments.seed)
    effort = Effort(
        is_long=arguments.long,
        seconds=arguments.seconds,
        histories=arguments.histories,
        seed=arguments.seed or 0,
        processes=arguments.processes or Effort().processes,
    )
    rows = []
    for name in arguments.parts or (PARTS if arguments.long else SHORT):
        for row in PARTS[name].run(effort):
            rows.append(row)
            sys.stdout.write(f"{row.part}: {row.seconds:.0f} s, {len(row.violations)} violations\n")
            sys.stdout.flush()
    sys.stdout.write(rendered(rows))
    return 1 if any(row.violations for row in rows) else 0


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        help=f"which of {', '.join(PARTS)}; all of them with --long, else all but processes, if none is named",
    )
    parser.add_argument("--long", action="store_true", help="all second faults, a million histories, a thousand kills")
    parser.add_argument("--seconds", type=float, default=60, help="how long random histories are played for")
    parser.add_argument("--histories", type=int, help="how many are played, instead")
    parser.add_argument("--processes", type=int, help="how many processes; one a processor if nothing is said")
    parser.add_argument("--seed", type=int, help="play this history; with --histories, begin with this seed")
    parser.add_argument("--replay", help="play this plan: the text of one, or a file with it")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return arguments


def _told(played: Played, seed: int | None) -> int:
    sys.stdout.write(f"{played.schedule()}\n")
    if played.violated is None:
        sys.stdout.write(f"Everything holds, in {len(played.steps)} steps with {played.faults} faults.\n")
        return 0
    sys.stdout.write(f"{played.violated}\n\nThe same, shrunk:\n\n{histories.told_in_full(played, seed)}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
