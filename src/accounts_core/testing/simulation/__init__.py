"""A deterministic world."""

from .clock import ProcessClock, WorldClock
from .decisions import PEACE, START, Chance, Decider, Script
from .exploring import Explorer, Ran
from .faults import Cancelled, Crash, Fault, Point, Port, faults_at
from .histories import Played, Setting, Simulation, Violated
from .plans import Draw, Operation, Plan
from .processes import Process, Task
from .scheduler import Scheduler, Starter, Step
from .shrinking import shrunk
from .watching import watched, watched_store

__all__ = [
    "PEACE",
    "START",
    "Cancelled",
    "Chance",
    "Crash",
    "Decider",
    "Draw",
    "Explorer",
    "Fault",
    "Operation",
    "Plan",
    "Played",
    "Point",
    "Port",
    "Process",
    "ProcessClock",
    "Ran",
    "Scheduler",
    "Script",
    "Setting",
    "Simulation",
    "Starter",
    "Step",
    "Task",
    "Violated",
    "WorldClock",
    "faults_at",
    "shrunk",
    "watched",
    "watched_store",
]
