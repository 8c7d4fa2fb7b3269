"""What a forked process takes over from its parent, and answers that belong to another question."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core

_SQL: Final = "adapters/accounts_sql"
_FORKING: Final = f"{_SQL}/connections/forking.py"


def _forks(test: str) -> str:
    """A test with real forks: file and test."""
    return f"tests/integration/forks/{test}"


def _mixed_up(test: str) -> str:
    return f"tests/integration/sql/test_mixed_up.py::test_f1_{test}"


_OPEN_UNIT: Final = "test_inherited.py::test_f1_an_open_unit_is_the_parents_and_an_error_in_the_child"
_LONE: Final = "a_lone_read_that_is_answered_with_anothers_is_an_error"

FORKS: Final = (
    Mutant(
        name="fork: a child that reads on its parent's connections",
        at=f"{_FORKING}::_renew",
        old=("_unlock(pool)\nengine.dispose(close=False)"),
        new="keep_forever(pool)",
        check=_forks("test_identity.py::test_f1_two_children_and_their_parent_each_get_their_own_person[psycopg]"),
    ),
    Mutant(
        name="fork: a unit of the parent's that goes on in the child",
        at=f"{_FORKING}::_sever",
        old="checkout.dbapi_connection = severed",
        new="",
        check=_forks(f"{_OPEN_UNIT}[psycopg-committing]"),
    ),
    Mutant(
        name="fork: SQLite that is open across a fork",
        at=f"{_FORKING}::_Guard.before",
        old=("for engine in in_files:\n    _retire(engine)"),
        new="assert in_files is not None",
        check=_forks("test_identity.py::test_f1_two_children_and_their_parent_each_get_their_own_person[sqlite3]"),
    ),
    Mutant(
        name="fork: SQLite that is open across a fork, and used",
        at=f"{_FORKING}::_Guard.in_child",
        old="self._is_barred = self._is_barred or bool(self._open_files() or in_use)",
        new="assert in_use is not None",
        check=_forks(f"{_OPEN_UNIT}[sqlite3-committing]"),
    ),
    Mutant(
        name="fork: SQLite that is opened in the middle of a fork",
        at=f"{_FORKING}::_Guard.before",
        old="self._gate.acquire()",
        new="",
        check=_forks("test_inherited.py::test_f1_a_fork_beside_busy_threads_hangs_nobody[sqlite3]"),
    ),
    Mutant(
        name="fork: connections of the parent's that are finalized in the child",
        at="accounts_core/forking.py::keep_forever",
        old="_kept.extend(things)",
        new="",
        check=_forks(
            "test_programs.py::test_f1_a_child_that_ends_as_a_program_does_leaves_the_parents_connections_alone"
        ),
    ),
    Mutant(
        name="fork: a child that waits for its parent's hashing threads",
        at="adapters/accounts_argon2/threaded.py::AsyncArgon2Hasher._begin_again",
        old="self._begin()",
        new="",
        check=_forks("test_adapters.py::test_f1_a_threaded_hasher_has_threads_and_places_of_its_own_in_the_child"),
    ),
    Mutant(
        name="fork: a child that asks Stripe on its parent's connection",
        at="adapters/accounts_stripe/transport.py::BlockingTransport._drop",
        old="self._client = None",
        new="",
        check=_forks("test_adapters.py::test_f1_no_child_reads_an_answer_of_stripes_that_is_anothers"),
    ),
    Mutant(
        name="fork: a child that waits for a lock of its parent's Redis client",
        at="adapters/accounts_redis/forking.py::_unlock",
        old="setattr(thing, name, new())",
        new="",
        check="tests/integration/redis/test_forks.py::test_f1_children_count_in_redis_over_connections_of_their_own[ours]",
    ),
    Mutant(
        name="mixed up: a session that is not the token's",
        at="accounts_core/use_cases/sessions/authenticate.py::check_answer",
        old="compare_digest(session.digest.reveal(), digest.reveal()) and session.user_id == user.id",
        new="session.user_id == user.id",
        check=core("use_cases/test_mixed_up_store.py::test_f1_a_mixed_up_answer_is_an_error_and_never_a_person"),
    ),
    Mutant(
        name="mixed up: a user who is not the session's",
        at="accounts_core/use_cases/sessions/authenticate.py::check_answer",
        old="compare_digest(session.digest.reveal(), digest.reveal()) and session.user_id == user.id",
        new="compare_digest(session.digest.reveal(), digest.reveal())",
        check=core("use_cases/test_mixed_up_store.py::test_f1_a_mixed_up_answer_is_an_error_and_never_a_person"),
    ),
    Mutant(
        name="mixed up: a row that says again what was asked, and nobody looks",
        at="adapters/accounts_sql/statements/queries.py::Query.check",
        old="not _is_same(row[place], asked[name])",
        new="asked is None",
        check=_mixed_up(f"{_LONE}[sqlite3-on the driver]"),
    ),
    Mutant(
        name="mixed up: a connection that is used again after it",
        at="adapters/accounts_sql/connections/reading.py::DriverFetcher._run",
        old=(
            "try:\n"
            "    driver = checkout.driver_connection\n"
            "    with driver_defaults(driver, self._engine.dialect.driver):\n"
            "        rows = self._execute(driver, sql, parameters)\n"
            "    query.check(rows, asked)\n"
            "except AnswerMismatch as error:\n"
            "    discard(pool, checkout, error)\n"
            "    raise\n"
            "except Exception as error:\n"
            "    if is_broken(error) or isinstance(translate(error), StaleStatement):\n"
            "        discard(pool, checkout, error)\n"
            "        raise BrokenCheckout from error\n"
            "    checkout.close()\n"
            "    raise\n"
            "except BaseException as error:\n"
            "    checkout.invalidate(error)\n"
            "    raise"
        ),
        new=(
            "try:\n"
            "    driver = checkout.driver_connection\n"
            "    with driver_defaults(driver, self._engine.dialect.driver):\n"
            "        rows = self._execute(driver, sql, parameters)\n"
            "    query.check(rows, asked)\n"
            "except AnswerMismatch:\n"
            "    checkout.close()\n"
            "    raise\n"
            "except Exception as error:\n"
            "    if is_broken(error) or isinstance(translate(error), StaleStatement):\n"
            "        discard(pool, checkout, error)\n"
            "        raise BrokenCheckout from error\n"
            "    checkout.close()\n"
            "    raise\n"
            "except BaseException as error:\n"
            "    checkout.invalidate(error)\n"
            "    raise"
        ),
        check=_mixed_up(f"{_LONE}[psycopg-on the driver]"),
    ),
    Mutant(
        name="mixed up: teams that are another's, whom no column names",
        at="adapters/accounts_sql/repositories/team_reader.py",
        old=(
            "Numbered(\n"
            '    sa.select(*rows.TEAM, _ROLE.label("role"), _VIEWER).where(teams.c.id.in_(_SEEN)),\n'
            "    teams.c.id,\n"
            "    rows.team_view,\n"
            '    {"viewer": _VIEWER},\n'
            ")"
        ),
        new=(
            "Numbered(\n"
            '    sa.select(*rows.TEAM, _ROLE.label("role"), _VIEWER).where(teams.c.id.in_(_SEEN)),\n'
            "    teams.c.id,\n"
            "    rows.team_view,\n"
            ")"
        ),
        check=_mixed_up(f"{_LONE}[asyncpg-on the driver]"),
    ),
)
