"""The faults that are put into the product: each one that a person could make, and the check that has to see it.

Where it can, that check is the simulation's. What only a contract or a test of its own can see names that.
"""

from typing import Final

from tests.mutants.mutant import Mutant

from .access import ACCESS
from .asvs import ASVS
from .cards import CARDS
from .clock import CLOCK
from .deletion import DELETION
from .export import EXPORT
from .fairness import FAIRNESS
from .fastapi import FASTAPI
from .forks import FORKS
from .hosting import HOSTING
from .http_calls import HTTP_CALLS
from .http_profile_data import HTTP_PROFILE_DATA
from .idempotency import IDEMPOTENCY
from .identity import IDENTITY
from .kit import KIT
from .limits import LIMITS
from .lists import LISTS
from .mail_texts import MAIL_TEXTS
from .mails import MAILS
from .memory import MEMORY
from .migrations import MIGRATIONS
from .money import MONEY
from .mounting import MOUNTED
from .operators import OPERATORS
from .outbox import OUTBOX
from .outcomes import OUTCOMES
from .parsers import PARSERS
from .profile_data import PROFILE_DATA
from .provider import PROVIDER
from .reasons import REASONS
from .requests import REQUESTS
from .sign_ups import SIGN_UPS
from .sql import SQL
from .teams import TEAMS

MUTANTS: Final[tuple[Mutant, ...]] = (
    *MONEY,
    *CARDS,
    *DELETION,
    *IDENTITY,
    *OUTBOX,
    *REQUESTS,
    *SIGN_UPS,
    *IDEMPOTENCY,
    *LIMITS,
    *EXPORT,
    *LISTS,
    *FAIRNESS,
    *MEMORY,
    *SQL,
    *MIGRATIONS,
    *PARSERS,
    *FORKS,
    *FASTAPI,
    *CLOCK,
    *ASVS,
    *HTTP_CALLS,
    *ACCESS,
    *MAILS,
    *MAIL_TEXTS,
    *OUTCOMES,
    *REASONS,
    *PROVIDER,
    *PROFILE_DATA,
    *OPERATORS,
    *TEAMS,
    *KIT,
    *HOSTING,
    *MOUNTED,
    *HTTP_PROFILE_DATA,
)

__all__ = ["MUTANTS"]
