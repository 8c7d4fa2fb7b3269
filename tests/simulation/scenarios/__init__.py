"""What people, operators, the provider's dashboard and the worker do: run once clean, then once for every fault."""

from typing import Final

from .accounts import ACCOUNTS
from .cards import CARDS
from .scenario import Scenario
from .teams import TEAMS

SCENARIOS: Final = (*CARDS, *ACCOUNTS, *TEAMS)

__all__ = ["SCENARIOS", "Scenario"]
