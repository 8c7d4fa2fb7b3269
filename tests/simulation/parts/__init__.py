"""The parts of the simulation, in the order in which they are run. Each is a module with `run(effort) -> rows`."""

from typing import Final

from . import faults, histories, lockstep, processes, races
from .part import Part

PARTS: Final[dict[str, Part]] = {
    "faults": faults,
    "races": races,
    "histories": histories,
    "lockstep": lockstep,
    "processes": processes,
}
SHORT: Final = ("faults", "races", "histories", "lockstep")
"""What is run when nothing is named and time is short: processes take as long again as all the rest."""
