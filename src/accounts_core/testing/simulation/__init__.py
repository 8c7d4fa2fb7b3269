"""A deterministic world, in which processes die, answers are lost and clocks are wrong; `docs/simulation.md` shows how.

- `Scheduler` runs tasks of any number of `Process`es, one at a time, from one await on a port to the next;
- `watched` and `watched_store` give a process its ports, so that each await on them is a `Point`;
- `Fault` is what can go wrong, `faults_at(point)` what can go wrong there;
- `Explorer` finds every point of a task and strikes at each;
- `Simulation` plays random histories in a `Setting`, from a seed or from a `Plan`, and shrinks what fails.
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
