"""`make mutants`: put every fault of the catalogue into the product, one at a time, and see each caught.

Exits with 1 when one survives: that is a hole in the checks, to be closed there.
"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests.mutants.catalogue import MUTANTS
from tests.mutants.running import Verdict, sound, verdict


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="only the mutants whose name holds one of these")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once")
    arguments = parser.parse_args()
    chosen = [each for each in MUTANTS if not arguments.words or any(word in each.name for word in arguments.words)]
    checks = sorted({each.check for each in chosen})
    began = time.monotonic()
    with ThreadPoolExecutor(arguments.jobs) as pool:
        portions = [checks[first :: arguments.jobs] for first in range(min(arguments.jobs, len(checks)))]
        if not all(list(pool.map(sound, portions))):
            sys.stderr.write("The checks fail on the product as it is.\n")
            return 1
        verdicts = [_told(each) for each in pool.map(verdict, chosen)]
    caught = sum(each.is_caught for each in verdicts)
    sys.stdout.write(f"{caught} of {len(verdicts)} caught, in {time.monotonic() - began:.0f} s\n")
    return 0 if caught == len(verdicts) else 1


def _told(each: Verdict) -> Verdict:
    sys.stdout.write(f"{each.mutant.name}\n    {each.by or 'SURVIVED ' + each.mutant.check}\n")
    sys.stdout.flush()
    return each


if __name__ == "__main__":
    sys.exit(main())
