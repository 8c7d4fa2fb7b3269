"""What a forked process takes over from its parent, and answers that belong to another question."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core

_SQL: Final = "adapters/accounts_sql"
_FORKING: Final = f"{_SQL}/forking.py"


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
        file=_FORKING,
        old="    _unlock(pool)\n    engine.dispose(close=False)\n",
        new="    keep_forever(pool)\n",
        check=_forks("test_identity.py::test_f1_two_children_and_their_parent_each_get_their_own_person[psycopg]"),
    ),
    Mutant(
        name="fork: a unit of the parent's that goes on in the child",
        file=_FORKING,
        old="        lease.dbapi_connection = severed\n",
        new="        pass\n",
        check=_forks(f"{_OPEN_UNIT}[psycopg-committing]"),
    ),
    Mutant(
        name="fork: SQLite that is open across a fork",
        file=_FORKING,
        old="        for engine in in_files:\n            _retire(engine)\n",
        new="        assert in_files is not None\n",
        check=_forks("test_identity.py::test_f1_two_children_and_their_parent_each_get_their_own_person[sqlite3]"),
    ),
    Mutant(
        name="fork: SQLite that is open across a fork, and used",
        file=_FORKING,
        old="        self._is_barred = self._is_barred or bool(self._open_files() or in_use)\n",
        new="        assert in_use is not None\n",
        check=_forks(f"{_OPEN_UNIT}[sqlite3-committing]"),
    ),
    Mutant(
        name="fork: SQLite that is opened in the middle of a fork",
        file=_FORKING,
        old="        self._gate.acquire()\n        in_files",
        new="        in_files",
        check=_forks("test_inherited.py::test_f1_a_fork_beside_busy_threads_hangs_nobody[sqlite3]"),
    ),
    Mutant(
        name="fork: connections of the parent's that are finalized in the child",
        file="accounts_core/forking.py",
        old="    _kept.extend(things)\n",
        new="    pass\n",
        check=_forks(
            "test_programs.py::test_f1_a_child_that_ends_as_a_program_does_leaves_the_parents_connections_alone"
        ),
    ),
    Mutant(
        name="fork: a child that waits for its parent's hashing threads",
        file="adapters/accounts_argon2/threaded.py",
        old="        keep_forever(self._pool)\n        self._begin()\n",
        new="        keep_forever(self._pool)\n",
        check=_forks("test_adapters.py::test_f1_a_threaded_hasher_has_threads_and_places_of_its_own_in_the_child"),
    ),
    Mutant(
        name="fork: a child that asks Stripe on its parent's connection",
        file="adapters/accounts_stripe/transport.py",
        old="        keep_forever(self._client)\n        self._client = None\n        self._lock = Lock()\n",
        new="        keep_forever(self._client)\n        self._lock = Lock()\n",
        check=_forks("test_adapters.py::test_f1_no_child_reads_an_answer_of_stripes_that_is_anothers"),
    ),
    Mutant(
        name="fork: a child that waits for a lock of its parent's Redis client",
        file="adapters/accounts_redis/forking.py",
        old="            setattr(thing, name, new())\n",
        new="            pass\n",
        check=_forks("test_adapters.py::test_f1_children_count_in_redis_over_connections_of_their_own[ours]"),
    ),
    Mutant(
        name="mixed up: a session that is not the token's",
        file="accounts_core/use_cases/authenticate.py",
        old="compare_digest(session.digest, digest) and session.user_id == user.id",
        new="session.user_id == user.id",
        check=core("use_cases/test_mixed_up_store.py::test_f1_a_mixed_up_answer_is_an_error_and_never_a_person"),
    ),
    Mutant(
        name="mixed up: a user who is not the session's",
        file="accounts_core/use_cases/authenticate.py",
        old="compare_digest(session.digest, digest) and session.user_id == user.id",
        new="compare_digest(session.digest, digest)",
        check=core("use_cases/test_mixed_up_store.py::test_f1_a_mixed_up_answer_is_an_error_and_never_a_person"),
    ),
    Mutant(
        name="mixed up: a row that says again what was asked, and nobody looks",
        file=f"{_SQL}/queries.py",
        old="                if not _is_same(row[place], asked[name]):\n",
        new="                if asked is None:\n",
        check=_mixed_up(f"{_LONE}[sqlite3-on the driver]"),
    ),
    Mutant(
        name="mixed up: a connection that is used again after it",
        file=f"{_SQL}/reading.py",
        old="        except AnswerMismatch as error:\n            discard(pool, lease, error)\n",
        new="        except AnswerMismatch:\n            lease.close()\n",
        check=_mixed_up(f"{_LONE}[psycopg-on the driver]"),
    ),
    Mutant(
        name="mixed up: teams that are another's, whom no column names",
        file=f"{_SQL}/repositories/team_reads.py",
        old='    teams.c.id,\n    rows.team_view,\n    {"viewer": _VIEWER},\n',
        new="    teams.c.id,\n    rows.team_view,\n",
        check=_mixed_up(f"{_LONE}[asyncpg-on the driver]"),
    ),
)
