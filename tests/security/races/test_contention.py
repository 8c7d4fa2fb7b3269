"""Losing a race to another transaction is nobody's fault: it is tried again, so often and no oftener, and done once.

On PostgreSQL alone: on SQLite there is one writer at a time, and in memory nobody waits.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import Thread
from typing import Final

import pytest
import sqlalchemy as sa
from tests.security.races.actions import delete, rename, write
from tests.security.races.arena import PASSWORD, Arena, await_that
from tests.security.races.pool import PROCESSES

from accounts_core.services.retry import ATTEMPTS

pytestmark = pytest.mark.parametrize("arena", ["postgresql"], indirect=True)

CALLS: Final = 60
REFUSING: Final = """
CREATE SEQUENCE asked;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('asked') <= {times} THEN RAISE serialization_failure; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON accounts_users FOR EACH ROW EXECUTE FUNCTION refuse();
"""
NO_LONGER: Final = "DROP TRIGGER refuse ON accounts_users; DROP FUNCTION refuse; DROP SEQUENCE asked;"


@pytest.fixture
def engine(raced_postgres: str) -> Iterator[sa.Engine]:
    """A way into the database beside the accounts: somebody else who uses it."""
    engine = sa.create_engine(sa.make_url(raced_postgres).set(drivername="postgresql+psycopg"))
    yield engine
    engine.dispose()


@contextmanager
def refusing(engine: sa.Engine, times: int) -> Iterator[None]:
    """Let PostgreSQL refuse so many changes of users, whoever makes them, as it refuses what it cannot serialize."""
    with engine.begin() as connection:
        connection.exec_driver_sql(REFUSING.format(times=times))
    yield
    with engine.begin() as connection:
        connection.exec_driver_sql(NO_LONGER)


def changes(arena: Arena) -> int:
    """Return how many renames users and audit trail tell of: they have to say the same."""
    renames: int = sum(entry.action == "user_renamed" for entry in arena.rows("audit"))
    assert sum(user.version for user in arena.rows("users")) == renames
    return renames


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_changes_at_a_hosts_stricter_level_are_each_there_once_or_refused(arena: Arena, level: str) -> None:
    jane = arena.sign_up("jane", is_verified=False)
    team = arena.accounts.create_team(jane.id, name="Dev team").team.id
    renames = [partial(rename, user_id=jane.id, name=f"Jane {number}") for number in range(CALLS)]
    writes = [partial(write, user_id=jane.id, team_id=team, body=f"number {number}") for number in range(CALLS)]

    told = arena.race(*renames, *writes, isolation_level=level)

    assert {each.outcome for each in told} <= {"done", "Conflict"}
    renamed = [each for each in told[:CALLS] if each.error is None]
    written = [each.value for each in told[CALLS:] if each.error is None]
    assert renamed
    assert written
    assert changes(arena) == len(renamed)
    assert sorted(row.id for row in arena.rows("interactions")) == sorted(written)


def test_what_is_refused_a_few_times_is_tried_again_and_done_once(arena: Arena, engine: sa.Engine) -> None:
    people = [arena.sign_up(f"jane{number}", is_verified=False) for number in range(2 * PROCESSES)]

    with refusing(engine, times=ATTEMPTS - 1):
        told = arena.race(*[partial(rename, user_id=user.id, name="Jane Roe") for user in people])

    assert [each.outcome for each in told] == ["done"] * len(people)
    assert changes(arena) == len(people)


def test_what_is_always_refused_is_given_up_after_a_bounded_number_of_tries(arena: Arena, engine: sa.Engine) -> None:
    people = [arena.sign_up(f"jane{number}", is_verified=False) for number in range(2 * PROCESSES)]

    with refusing(engine, times=1_000_000):
        told = arena.race(*[partial(rename, user_id=user.id, name="Never") for user in people])
        with engine.connect() as connection:
            asked = connection.scalar(sa.text("SELECT last_value FROM asked"))

    assert [each.outcome for each in told] == ["Conflict"] * len(people)
    assert asked == ATTEMPTS * len(people)
    assert changes(arena) == 0


def test_a_deadlock_is_got_out_of_and_the_deletion_done_once(arena: Arena, engine: sa.Engine) -> None:
    """Deleting locks a user, then their teams. Somebody else goes the other way, and is not the one to give in."""
    people = [arena.sign_up(f"jane{number}") for number in range(PROCESSES)]
    teams = [arena.accounts.create_team(user.id, name="Dev team").team.id for user in people]
    before = deadlocks(engine)
    with ExitStack() as stack:
        for user, team in zip(people, teams, strict=True):
            stack.enter_context(_Crossing(engine, user=user.id, team=team))

        told = arena.race(*[partial(delete, user_id=user.id, password=PASSWORD) for user in people])

    assert [each.outcome for each in told] == ["done"] * len(people)
    for table in ("users", "teams", "sessions"):
        assert not arena.rows(table), table
    assert sum(entry.action == "user_deleted" for entry in arena.rows("audit")) == len(people)
    await_that(lambda: deadlocks(engine) - before == len(people), "not every deletion met its deadlock")


def deadlocks(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        counted = sa.text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(connection.scalar(counted) or 0)


class _Crossing:
    """Locks a team, waits until a deletion waits for it, then wants the user that the deletion has locked."""

    def __init__(self, engine: sa.Engine, *, user: int, team: int) -> None:
        self._engine, self._user, self._team = engine, user, team
        self._thread = Thread(target=self._cross)
        self._failure: BaseException | None = None

    def __enter__(self) -> None:
        self._connection = self._engine.connect()
        # PostgreSQL sends back whoever looks for the deadlock: that is not to be us
        self._connection.execute(sa.text("SET deadlock_timeout = '1h'"))
        self._connection.execute(sa.text("SELECT id FROM accounts_teams WHERE id = :id FOR UPDATE"), {"id": self._team})
        self._pid = self._connection.scalar(sa.text("SELECT pg_backend_pid()"))
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._connection.close()
        assert self._failure is None, self._failure

    def _cross(self) -> None:
        try:
            await_that(self._is_waited_for, "the deletion does not come to wait")
            self._connection.execute(
                sa.text("SELECT id FROM accounts_users WHERE id = :id FOR UPDATE"), {"id": self._user}
            )
        except BaseException as failure:  # noqa: BLE001  shown at the end
            self._failure = failure
        finally:
            self._connection.rollback()
            self._connection.invalidate()

    def _is_waited_for(self) -> bool:
        with self._engine.connect() as connection:
            waiting = sa.text("SELECT count(*) FROM pg_stat_activity WHERE :ours = ANY(pg_blocking_pids(pid))")
            return bool(connection.scalar(waiting, {"ours": self._pid}))
