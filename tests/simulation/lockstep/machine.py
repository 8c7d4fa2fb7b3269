"""Every rule in one machine, and a run of it."""

import attrs
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.simulation.lockstep.account_rules import AccountRules
from tests.simulation.lockstep.card_and_team_rules import CardRules, TeamRules
from tests.simulation.lockstep.environments import Databases
from tests.simulation.lockstep.operation_rules import EnvironmentRules, OperationRules
from tests.simulation.lockstep.steps import Tally

from accounts_core import BlockingAccounts
from accounts_core.facade import methods


class LockstepMachine(AccountRules, CardRules, TeamRules, OperationRules, EnvironmentRules):
    """Memory, SQLite and PostgreSQL, step by step."""


def rules() -> set[str]:
    """Return the names of all rules."""
    return {rule.function.__name__ for rule in LockstepMachine.setup_state().rules}


def use_cases() -> set[str]:
    """Return the names of all use cases."""
    return methods(BlockingAccounts).keys() - {"stream_personal_data"}  # the export reads it


@attrs.frozen
class Violation:
    """What differed, and the shortest way to it that was found."""

    seed: int
    what: str
    reproduction: str


def play(databases: Databases, tally: Tally, *, seeded: int, examples: int, steps: int) -> Violation | None:
    """Run so many examples of so many steps each, the same ones for the same seed; stop at the first violation."""

    class Machine(LockstepMachine):
        pass

    Machine.__name__ = Machine.__qualname__ = LockstepMachine.__name__  # which is what a reproduction shows
    Machine.databases, Machine.tally = databases, tally
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        phases=[Phase.generate, Phase.shrink],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        report_multiple_bugs=False,
    )
    try:
        run_state_machine_as_test(seed(seeded)(Machine), settings=chosen)
    except Exception as error:  # noqa: BLE001  whatever ends it is what was looked for
        return Violation(seeded, f"{type(error).__name__}: {error}", "\n".join(getattr(error, "__notes__", ())))
    return None
