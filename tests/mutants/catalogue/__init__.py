"""The faults that are put into the product: each one that a person could make, and the check that has to see it.

Where it can, that check is the simulation's. What only a contract or a test of its own can see names that.
"""

from typing import Final

from tests.mutants.mutant import Mutant

from .cards import CARDS
from .deletion import DELETION
from .idempotency import IDEMPOTENCY
from .identity import IDENTITY
from .limits import LIMITS
from .memory import MEMORY
from .money import MONEY
from .outbox import OUTBOX
from .requests import REQUESTS
from .sql import SQL

MUTANTS: Final[tuple[Mutant, ...]] = (
    *MONEY,
    *CARDS,
    *DELETION,
    *IDENTITY,
    *OUTBOX,
    *REQUESTS,
    *IDEMPOTENCY,
    *LIMITS,
    *MEMORY,
    *SQL,
)

__all__ = ["MUTANTS"]
