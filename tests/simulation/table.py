"""The table that `make simulate` prints."""

from collections.abc import Sequence
from typing import Final

from .parts.part import Row

HEADINGS: Final = (
    "use cases",
    "scenarios",
    "awaits",
    "possible faults",
    "tried",
    "histories",
    "a second",
    "steps",
    "faults",
    "kills",
    "acknowledged",
    "in doubt",
    "settled",
    "states",
    "recoveries",
)


def rendered(rows: Sequence[Row]) -> str:
    """Return the rows under their headings, what is empty left out, and every violation after them."""
    headings = [each for each in HEADINGS if any(each in row.counts for row in rows)]
    table = [["", *headings, "covered", "violations", "seconds"]]
    for row in rows:
        counts = [f"{row.counts[each]:,}" if each in row.counts else "" for each in headings]
        table.append([row.part, *counts, _covered(row), str(len(row.violations)), f"{row.seconds:.0f}"])
    widths = [max(len(line[place]) for line in table) for place in range(len(table[0]))]
    lines = [
        "  ".join(
            [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        )
        for line in table
    ]
    told = [f"{row.part}: {violation}" for row in rows for violation in row.violations]
    return "\n".join(["", *lines, "", *told, ""])


def _covered(row: Row) -> str:
    possible = row.counts.get("possible faults")
    return f"{100 * row.counts['tried'] / possible:.0f} %" if possible else ""
