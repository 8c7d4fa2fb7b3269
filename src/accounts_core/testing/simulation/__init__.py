"""Deterministic simulation of crashing processes, lost answers and wrong clocks; see `docs/simulation.md`.

- `Scheduler` runs the tasks of any number of `Process`es, one at a time, from one await on a port to the next;
- `watched` and `watched_store` give a process its ports, so that each await on them is a `Point`;
- `Fault` lists the faults, and `faults_at(point)` those that can occur at a point;
- `Explorer` finds every point of a task and injects each fault at each point;
- `Simulation` plays random histories in a `Setting`, from a seed or from a `Plan`, and shrinks those that fail.
"""

from .clock import ProcessClock, WorldClock
from .decisions import PEACE, START, Chance, Decider, Script
from .exploring import ExploredRun, Explorer
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
    "ExploredRun",
    "Explorer",
    "Fault",
    "Operation",
    "Plan",
    "Played",
    "Point",
    "Port",
    "Process",
    "ProcessClock",
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
