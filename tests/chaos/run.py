"""The long form: the same scenarios, with as many kills as there is time for. `make chaos KILLS=1000` runs it.

`run` returns the rows of a table. Each round has a new database and a seed, which stands before its violations.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, TypeAlias

import attrs
import sqlalchemy as sa
from tests.chaos.bouncer import find_pgbouncer, running_pgbouncer
from tests.chaos.cluster import Cluster, following, running_cluster, server_folder, url_of_either
from tests.chaos.disasters import Disaster, database_killed, disk_filled, nothing, primary_lost, under_load
from tests.chaos.disks import small_disk, why_no_disk
from tests.chaos.journal import Journal
from tests.chaos.killing import kill_over_and_over
from tests.chaos.services import ForkServer, Programs, running_fork_server
from tests.chaos.sharing import pause_a_service, run_dry, share_the_work
from tests.integration.processes.programs import StripeServer

KILLS_A_ROUND: Final = 50
DATABASE_KILLS_A_ROUND: Final = 10
DATABASE_KILLS_SHARE: Final = 10
"""PostgreSQL is killed once where the service on it is killed ten times."""
ANSWERS: Final = 400
PAUSES: Final = 40
DRY_SECONDS: Final = 15.0
SMALL_SERVER: Final = {"min_wal_size": "2MB", "max_wal_size": "8MB", "shared_buffers": "1MB"}
WALK: Final = Path(__file__).resolve().parents[2] / "examples/walk.sh"
MOST_VIOLATIONS: Final = 100


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
        self.in_doubt += journal.settled
        self.had_happened += journal.had_happened.total()
        self.checks += journal.checks
        self.violations += [f"{self.scenario}, seed {seed}: {text}" for text in journal.violations]


@attrs.frozen
class Stage:
    """What a scenario is played on."""

    folder: Path
    server: ForkServer
    cluster: Cluster
    """A server that no scenario may harm."""

    @contextmanager
    def set_up(self) -> Iterator[tuple[Programs, StripeServer]]:
        programs = Programs(Path(tempfile.mkdtemp(dir=self.folder)), self.server)
        try:
            with StripeServer.at(programs.start("stripe-simulator", "--port", "0").wait_until_it_listens()) as stripe:
                yield programs, stripe
        finally:
            programs.end()


Scenario: TypeAlias = Callable[[Stage, int, int], tuple[Journal, int]]
"""Plays a round with a seed and at most so many kills; returns what was seen and how many kills there were."""


def service_killed(on: str) -> Scenario:
    def play(stage: Stage, seed: int, kills: int) -> tuple[Journal, int]:
        with stage.set_up() as (programs, stripe):
            url = stage.cluster.create_database() if on == "PostgreSQL" else f"sqlite:///{programs.folder}/accounts.db"
            killing = kill_over_and_over(programs, stripe, url, kills=min(kills, KILLS_A_ROUND), seed=seed)
        return killing.env.journal, killing.kills

    return play


def postgresql_killed(stage: Stage, seed: int, kills: int) -> tuple[Journal, int]:
    kills = min(kills, DATABASE_KILLS_A_ROUND)
    with stage.set_up() as (programs, stripe), server_folder() as folder, running_cluster(folder) as cluster:
        disaster = database_killed(cluster, kills=kills)
        return under_load(programs, stripe, cluster.create_database(), disaster, seed=seed).journal, kills


def standby_promoted(*, hung: bool) -> Scenario:
    def play(stage: Stage, seed: int, kills: int) -> tuple[Journal, int]:
        with ExitStack() as stack:
            programs, stripe = stack.enter_context(stage.set_up())
            folders = [stack.enter_context(server_folder()) for _ in range(2)]
            primary = stack.enter_context(running_cluster(folders[0]))
            standby = stack.enter_context(following(primary, folders[1]))
            url = url_of_either(primary.create_database(), standby)
            disaster = primary_lost(primary, standby, hung=hung)
            return under_load(programs, stripe, url, disaster, seed=seed).journal, 0 if hung else 1

    return play


def sqlite_without_room(stage: Stage, seed: int, kills: int) -> tuple[Journal, int]:
    with stage.set_up() as (programs, stripe), server_folder() as folder, small_disk(folder, megabytes=16) as disk:
        return under_load(programs, stripe, f"sqlite:///{folder}/a.db", disk_filled(disk), seed=seed).journal, 0


def postgresql_without_room(stage: Stage, seed: int, kills: int) -> tuple[Journal, int]:
    with ExitStack() as stack:
        programs, stripe = stack.enter_context(stage.set_up())
        folder = stack.enter_context(server_folder())
        disk = stack.enter_context(small_disk(folder, megabytes=80))
        cluster = stack.enter_context(running_cluster(folder, "--wal-segsize=1", **SMALL_SERVER))
        disaster: Disaster = disk_filled(disk, cluster)
        return under_load(programs, stripe, cluster.create_database(), disaster, seed=seed).journal, 0


def behind_pgbouncer(stage: Stage, seed: int, kills: int) -> tuple[Journal, int]:
    """A crowd, and then the walk over every call."""
    program = find_pgbouncer()
    assert program is not None
    with (
        stage.set_up() as (programs, stripe),
        server_folder() as folder,
        running_pgbouncer(program, stage.cluster, folder, connections=3) as port,
    ):
        urls = [
            sa.make_url(stage.cluster.create_database()).set(port=port).update_query_dict({"pgbouncer": "true"})
            for _ in range(2)
        ]
        crowded, walked = (url.render_as_string(hide_password=False) for url in urls)
        journal = under_load(programs, stripe, crowded, nothing(ANSWERS), seed=seed).journal
        settings = {"ACCOUNTS_DATABASE_URL": walked}
        address = programs.start("serve", "--port", "0", **settings).wait_until_it_listens()
        walk = subprocess.run(
            [WALK, address, str(Path(sys.executable).parent / "accounts")],
            env={"PATH": "/usr/bin:/bin", **settings},
            cwd=programs.folder,
            check=False,
            text=True,
            capture_output=True,
            timeout=600,
        )
        if walk.stderr or not walk.stdout.endswith("The walk is done.\n"):
            journal.violation(f"the walk: {walk.stderr} {walk.stdout[-500:]}")
        return journal, 0


def work_shared(stage: Stage, seed: int, kills: int) -> tuple[Journal, int]:
    with stage.set_up() as (programs, stripe):
        url = stage.cluster.create_database()
        return share_the_work(stage.server, programs, stripe, url, answers=ANSWERS, seed=seed).journal, 0


def service_paused(stage: Stage, seed: int, kills: int) -> tuple[Journal, int]:
    with stage.set_up() as (programs, stripe):
        env, _ = pause_a_service(programs, stripe, stage.cluster.create_database(), rounds=PAUSES, seed=seed)
        return env.journal, 0


def pool_run_dry(stage: Stage, seed: int, kills: int) -> tuple[Journal, int]:
    with stage.set_up() as (programs, stripe):
        url = stage.cluster.create_database()
        env, writes, reads = run_dry(programs, stripe, url, seconds=DRY_SECONDS, seed=seed)
        if (writes.keys() | reads.keys()) - {200, 409, 503}:
            env.journal.violation(f"from a dry pool: {writes} for writes, {reads} for reads")
        return env.journal, 0


def scenarios(kills: int) -> Iterator[tuple[str, Scenario, int]]:
    """Yield each scenario's name, and how many kills are wanted; none means that it is played once."""
    yield "service killed, SQLite", service_killed("SQLite"), kills
    yield "service killed, PostgreSQL", service_killed("PostgreSQL"), kills
    yield "PostgreSQL killed", postgresql_killed, max(1, kills // DATABASE_KILLS_SHARE)
    yield "primary killed, standby promoted", standby_promoted(hung=False), 0
    yield "primary hung, standby promoted", standby_promoted(hung=True), 0
    if why_no_disk() is None:
        yield "disk full, SQLite", sqlite_without_room, 0
        yield "disk full, PostgreSQL", postgresql_without_room, 0
    if find_pgbouncer() is not None:
        yield "behind PgBouncer", behind_pgbouncer, 0
    yield "two services, two workers", work_shared, 0
    yield "service paused", service_paused, 0
    yield "pool run dry", pool_run_dry, 0


def run(*, kills: int, seconds: float, seed: int = 1, tell: Callable[[str], object] = sys.stderr.write) -> list[Row]:
    """Play every scenario, those that kill until so many kills or, each, so many seconds; return a row for each."""
    rows = []
    with (
        tempfile.TemporaryDirectory() as folder,
        running_fork_server() as server,
        server_folder() as place,
        running_cluster(place) as cluster,
    ):
        stage = Stage(Path(folder), server, cluster)
        for name, play, wanted in scenarios(kills):
            row, began, round_seed = Row(scenario=name), time.monotonic(), seed
            rows.append(row)
            while True:
                journal, killed = play(stage, round_seed, wanted - row.kills)
                row.add(journal, kills=killed, seed=round_seed)
                row.seconds = time.monotonic() - began
                round_seed += 1
                tell(f"{table([row])}\n")
                if row.kills >= wanted or row.seconds >= seconds or len(row.violations) >= MOST_VIOLATIONS:
                    break
    return rows


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text, under their headings."""
    cells = [
        ("scenario", "kills", "acknowledged", "refused", "in doubt", "had happened", "checks", "violations", "seconds"),
        *(
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
        ),
    ]
    return "\n".join(f"{name!s:34}" + "".join(f"{cell!s:>14}" for cell in line) for name, *line in cells)


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
