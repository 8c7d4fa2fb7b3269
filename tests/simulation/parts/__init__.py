"""The parts of the simulation, in the order in which they are run. Each is a module with `run(effort) -> rows`."""

from typing import Final

from . import faults, histories, lockstep, races
from .part import Part

PARTS: Final[dict[str, Part]] = {
    "faults": faults,
    "races": races,
    "histories": histories,
    "lockstep": lockstep,
}
