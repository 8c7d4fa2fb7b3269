"""The long form: the same scenarios with as many kills as there is time for. `make chaos KILLS=1000` runs it.

`run` returns the rows of a table; a violation is printed with the seed of its round.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs
from tests.chaos.cluster import Cluster, running_cluster, server_folder
from tests.chaos.journal import Journal
from tests.chaos.killing import kill_over_and_over
from tests.chaos.services import ForkServer, Programs, running_fork_server
from tests.integration.processes.programs import StripeServer

KILLS_A_ROUND: Final = 50
"""Each round has a new database and a seed of its own."""


@attrs.define(kw_only=True)
class Row:
    """What one scenario saw."""

    scenario: str
    kills: int = 0
    acknowledged: int = 0
    refused: int = 0
    in_doubt: int = 0
    had_happened: int = 0
    checks: int = 0
    seconds: float = 0.0
    violations: list[str] = attrs.field(factory=list)

    def add(self, journal: Journal, *, kills: int, seed: int) -> None:
        self.kills += kills
        self.acknowledged += journal.acknowledged.total()
        self.refused += journal.refused.total()
        self.in_doubt += journal.in_doubt.total()
        self.had_happened += journal.had_happened.total()
        self.checks += journal.checks
        self.violations += [f"seed {seed}: {text}" for text in journal.violations]

    @property
    def is_over(self) -> bool:
        return len(self.violations) > 100


def run(*, kills: int, seconds: float, seed: int = 1) -> list[Row]:
    """Kill the service so often on each database, or until the seconds for each are over; return a row for each."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_fork_server() as server,
        server_folder() as servers,
        running_cluster(servers) as cluster,
    ):
        return [
            _killed(name, Path(folder), server, cluster if name == "PostgreSQL" else None, kills, seconds, seed)
            for name in ("SQLite", "PostgreSQL")
        ]


def _killed(
    database: str, folder: Path, server: ForkServer, cluster: Cluster | None, kills: int, seconds: float, seed: int
) -> Row:
    row, began = Row(scenario=f"service killed, {database}"), time.monotonic()
    while row.kills < kills and row.seconds < seconds and not row.is_over:
        place = Path(tempfile.mkdtemp(dir=folder))
        url = cluster.create_database() if cluster else f"sqlite:///{place}/accounts.db"
        programs = Programs(place, server)
        try:
            with StripeServer.at(programs.start("stripe-simulator", "--port", "0").wait_until_it_listens()) as stripe:
                wanted = min(KILLS_A_ROUND, kills - row.kills)
                killing = kill_over_and_over(programs, stripe, url, kills=wanted, seed=seed)
            row.add(killing.world.journal, kills=killing.kills, seed=seed)
        finally:
            programs.end()
        row.seconds = time.monotonic() - began
        sys.stderr.write(f"{table([row])}\n")
        seed += 1
    return row


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text, under their headings."""
    headings = ("scenario", "kills", "acknowledged", "refused", "in doubt", "had happened", "checks", "violations", "s")
    lines = [
        (
            row.scenario,
            row.kills,
            row.acknowledged,
            row.refused,
            row.in_doubt,
            row.had_happened,
            row.checks,
            len(row.violations),
            round(row.seconds),
        )
        for row in rows
    ]
    return "\n".join(f"{name!s:32}" + "".join(f"{cell!s:>14}" for cell in cells) for name, *cells in (headings, *lines))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows = run(kills=options.kills, seconds=options.seconds, seed=options.seed)
    sys.stdout.write(f"{table(rows)}\n")
    violations = [text for row in rows for text in row.violations]
    for text in violations:
        sys.stdout.write(f"{text}\n")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
