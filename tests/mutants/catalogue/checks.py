"""How checks are named."""

from typing import Final

_FAULTS: Final = "tests/simulation/test_faults.py"


def faults(scenario: str) -> str:
    """Every fault at every await of this scenario."""
    return f"{_FAULTS}::test_every_fault_at_every_await_is_recovered_from[{scenario}]"


def race(first: str) -> str:
    """Everything that may come between, at every await of this act."""
    return f"{_FAULTS}::test_whatever_comes_between_it_is_as_if_one_came_after_the_other[{first}]"


def first_card(second: str) -> str:
    """This act, at every await of the verification of a first card."""
    return f"{_FAULTS}::test_what_comes_between_while_a_first_card_is_verified[{second}]"


def proven(first: str) -> str:
    """What may come between a proof by password and what it is for."""
    return f"{_FAULTS}::test_what_was_proven_a_moment_ago_is_proven_still[{first}]"


def found(story: str) -> str:
    return f"tests/simulation/test_found.py::{story}"


def memory_contract(test: str) -> str:
    """A contract over the adapters in memory: class and test."""
    return f"tests/unit/core/test_memory_contracts.py::{test}"


def sql_contract(test: str) -> str:
    """A contract over the databases: class, test and driver."""
    return f"tests/integration/sql/test_contracts.py::{test}"


def locks(test: str) -> str:
    """A wait on a database that is cut short: test and driver."""
    return f"tests/integration/sql/test_locks.py::{test}"


def http(test: str) -> str:
    """A test of the service's edge: file and test."""
    return f"tests/integration/http/{test}"


def core(test: str) -> str:
    """A test of one use case or value: file and test."""
    return f"tests/unit/core/{test}"


ONE_CARD_AT_ONCE: Final = f"{_FAULTS}::test_two_who_verify_one_card_at_once_verify_it_once"
ONLY_CARD: Final = f"{_FAULTS}::test_the_only_card_is_removed_while_another_is_verified[removing]"
ONLY_CARD_LATER: Final = f"{_FAULTS}::test_the_only_card_is_removed_while_another_is_verified[verifying]"
WORKER: Final = f"{_FAULTS}::test_the_worker_settles_the_races_that_it_loses"
LOCKSTEP: Final = (
    "tests/simulation/lockstep/test_lockstep.py::test_the_same_steps_give_the_same_results_and_the_same_state"
)
