"""The same steps on memory, SQLite and PostgreSQL give the same results and the same state.

This is the short form; the long one is `python -m tests.simulation.lockstep`.
"""

from collections.abc import Mapping
from typing import Any, Final

import attrs
import pytest
from tests.simulation.lockstep.environments import POLICIES, Databases, Environment
from tests.simulation.lockstep.machine import Violation, play, rules, use_cases
from tests.simulation.lockstep.reference import Broken
from tests.simulation.lockstep.running import LockstepRun, rows, run
from tests.simulation.lockstep.steps import Difference, Lockstep, Tally

from accounts_core.errors import Conflict, EmailTaken
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.ports.mailer import MailKind, MailMessage
from accounts_core.testing.builders import NOON
from accounts_memory.calls import Call

STEPS: Final = 1000
EXAMPLES, LENGTH = 6, 80
MOST_GOES: Final = 12

WITHOUT_A_RULE: Final[Mapping[str, str]] = {}
"""Use cases that no rule takes, each with the reason."""

PASSWORD = "correct horse battery staple"


def test_every_use_case_has_a_rule() -> None:
    assert use_cases() - rules() == set(WITHOUT_A_RULE)
    assert all(WITHOUT_A_RULE.values())


def test_the_same_steps_give_the_same_results_and_the_same_state(databases: Databases) -> None:
    """Always the same steps: so many, and more while some use case was not among them."""
    tally = Tally()
    for go in range(MOST_GOES):
        violation = play(databases, tally, seeded=go, examples=EXAMPLES, steps=LENGTH)
        assert violation is None, f"{violation.what}\n{violation.reproduction}"
        if tally.steps >= STEPS and use_cases() <= tally.taken:
            break

    assert use_cases() - tally.taken == set(WITHOUT_A_RULE)


@pytest.mark.long
def test_the_long_form_takes_its_steps_in_as_many_processes_as_it_is_told() -> None:
    printed = dict(run(steps=2, seed=7, processes=2))

    assert printed["violations"] == 0
    assert printed["use cases"] == len(use_cases())
    assert int(printed["examples"]) >= 2
    assert int(printed["steps on each of three stores"]) >= 2


def test_a_violation_is_in_the_table_with_its_reproduction() -> None:
    found = LockstepRun(
        tally=Tally(), violations=[Violation(seed=3, what="Difference: ...", reproduction="state.run_cleanup()")]
    )

    assert ("violation, seed 3", "Difference: ...\nstate.run_cleanup()") in rows(found)


# ---- what is the same passes, and what is not is seen


@pytest.fixture
def lockstep(databases: Databases) -> Lockstep:
    """Three environments in which Jane has signed up."""
    lockstep = Lockstep(databases.envs(POLICIES["as it comes"]), Tally())
    lockstep.step("register", register)
    return lockstep


def register(env: Environment, email: str = "jane@example.org") -> Any:
    return env.accounts.register(email=email, password=PASSWORD, name="Jane Doe")


@pytest.mark.parametrize("nth", [0, 1, 2])
def test_another_answer_is_seen(lockstep: Lockstep, nth: int) -> None:
    odd = lockstep.envs[nth]

    with pytest.raises(Difference, match="profile came to"):
        lockstep.step("profile", lambda env: attrs.evolve(env.accounts.profile(UserId(1)), balance=int(env is odd)))


def test_another_error_is_seen_and_the_words_of_a_conflict_are_not(lockstep: Lockstep) -> None:
    def conflicting(env: Environment) -> None:
        raise Conflict(f"{env.name} was late.")

    def taken(env: Environment) -> None:
        raise EmailTaken(f"{env.name}@example.org")

    lockstep.step("conflict", conflicting)
    with pytest.raises(Difference, match="taken came to"):
        lockstep.step("taken", taken)


def test_an_error_that_is_no_callers_is_seen_though_it_is_the_same_everywhere(lockstep: Lockstep) -> None:
    def break_down(env: Environment) -> None:
        raise ZeroDivisionError

    with pytest.raises(Difference, match="what no caller may meet"):
        lockstep.step("break_down", break_down)


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE accounts_users SET name = 'Jane Roe'",
        "UPDATE accounts_users SET email_key = 'JANE@example.org'",
        'UPDATE accounts_outbox SET payload = \'{"user": "2"}\'',
        "DELETE FROM accounts_audit",
        "INSERT INTO accounts_provider_events (id, received_at) SELECT 'evt_1', created_at FROM accounts_users",
        "DELETE FROM accounts_attempts",
    ],
)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_another_row_is_seen_at_the_next_step(databases: Databases, lockstep: Lockstep, kind: str, tamper: str) -> None:
    engine = getattr(databases, kind)
    with engine.begin() as connection:
        connection.exec_driver_sql(tamper)

    with pytest.raises(Difference, match=r"the table \w+ differs"):
        lockstep.step("list_activity", lambda env: None)


def test_another_question_to_the_provider_and_another_mail_are_seen(lockstep: Lockstep) -> None:
    odd = lockstep.envs[2]
    notice = MailMessage(id="job_1", to=EmailAddress("jane@example.org"), kind=MailKind.ALREADY_REGISTERED, values={})

    def ask(env: Environment) -> None:
        if env is odd:
            env.gateway.calls.append(Call("detach", ("pm_1",)))

    def mail(env: Environment) -> None:
        if env is odd:
            env.mailer.delivered.append(notice)

    with pytest.raises(Difference, match="the provider was asked"):
        lockstep.step("ask", ask)
    odd.gateway.calls.clear()
    with pytest.raises(Difference, match="there was mail"):
        lockstep.step("mail", mail)


def test_three_that_are_wrong_alike_are_seen(databases: Databases, lockstep: Lockstep) -> None:
    """Nothing differs when the same row is lost everywhere; and yet the trail is only added to."""

    def forget(env: Environment) -> None:
        store: Any = env.accounts._store
        if env is lockstep.first:
            store._state = attrs.evolve(store._state, audit=attrs.evolve(store._state.audit, rows={}))

    for engine in (databases.sqlite, databases.postgres):
        with engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM accounts_audit")
    with pytest.raises(Broken, match="the audit trail is only added to"):
        lockstep.step("forget", forget)


def test_numbers_that_a_refused_unit_lost_are_evened_out(lockstep: Lockstep) -> None:
    refused = lockstep.step("register", register)
    entered = lockstep.step("register", lambda env: register(env, "john@example.org"))

    assert (refused.kind, entered.value.id) == ("EmailTaken", 2)
    assert {env.clock.now() for env in lockstep.envs} == {NOON}
