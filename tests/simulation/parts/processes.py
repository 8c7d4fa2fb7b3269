"""Real processes and databases, killed, paused and starved: what `make chaos` plays."""

from tests.chaos.run import run as play

from .part import Effort, Row

SHORT_KILLS = 10
LONG_KILLS = 1000
SHORT_SECONDS = 60
LONG_SECONDS = 3600
"""At most, for each scenario that kills."""


def run(effort: Effort) -> list[Row]:
    rows = play(
        kills=LONG_KILLS if effort.is_long else SHORT_KILLS,
        seconds=LONG_SECONDS if effort.is_long else SHORT_SECONDS,
        seed=effort.seed + 1,
    )
    return [
        Row(
            part=row.scenario,
            counts={
                "kills": row.kills,
                "acknowledged": row.acknowledged,
                "in doubt": row.in_doubt,
                "settled": row.in_doubt,
            },
            seconds=row.seconds,
            violations=tuple(row.violations),
        )
        for row in rows
    ]
