"""The functions of a revision: they apply its changes and record it.

`upgrade(op)` and `downgrade(op)` are called by `accounts_sql.migrate`, with operations of its own. Called without an
argument, as the Alembic command of a host application does, they act on that command's connection. Either way they
record the revision in `accounts_alembic_version`, and skip what is recorded there already, so that both ways agree.

A host application's `context.configure` may have `accounts_schema` and `accounts_prefix`.
"""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Final, Protocol

import sqlalchemy as sa
from alembic import op as _proxy
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from accounts_core.errors import ConfigurationError
from accounts_sql.connections.translation import translated
from accounts_sql.tables.location import PREFIX, Location
from accounts_sql.tables.versions import versions

from .history import LABEL, Change, History, Revision, to_number
from .placing import await_turn, joined, placed
from .state import read_revision

_log: Final = logging.getLogger("accounts_sql")
_ID: Final = re.compile(rf"{LABEL}_\d{{4}}")
_FIRST_WITH_SERVED_FROM: Final = "0011"
_TAKEN: Final = frozenset({"42P07", "42710"})
"""PostgreSQL's codes of a relation and of another object that exists already."""


class Run(Protocol):
    """A revision's function."""

    def __call__(self, op: Operations | None = None) -> None: ...


def operations(connection: sa.Connection, location: Location, history: History) -> Operations:
    """Return the operations of a migration. Alembic's module `op` is one for the whole process."""
    opts = {"accounts_location": location, "accounts_history": history}
    return Operations(MigrationContext.configure(connection, opts=opts))


def offline_operations(dialect: sa.Dialect, buffer: Any, location: Location, history: History) -> Operations:
    """Return operations that write SQL to a buffer."""
    opts = {"accounts_location": location, "accounts_history": history}
    opts |= {"as_sql": True, "output_buffer": buffer, "literal_binds": True}
    return Operations(MigrationContext.configure(dialect=dialect, opts=opts))


def upgrades_to(revision: str) -> Callable[[Change], Run]:
    """Make the `upgrade` of a revision."""
    return _step(revision, _upgrade)


def downgrades_from(revision: str) -> Callable[[Change], Run]:
    """Make the `downgrade` of a revision."""
    return _step(revision, _downgrade)


def _step(revision: str, apply: Callable[[Operations, Revision, Change], None]) -> Callable[[Change], Run]:
    def decorate(change: Change) -> Run:
        @wraps(change)
        def run(op: Operations | None = None) -> None:
            with _of_the_host() if op is None else _given(op) as ours:
                history: History = ours.get_context().opts["accounts_history"]
                apply(ours, history.get(to_number(revision)), change)

        return run

    return decorate


def require_no_rows(op: Operations, revision: str) -> None:
    """Raise `ConfigurationError` for a revision that changes rows by code, unless it is printed for a new database."""
    if op.get_context().opts.get("accounts_start") is not None:
        raise ConfigurationError(
            f"Revision {to_number(revision)} reads rows, which printed SQL cannot: migrate to it with"
            " `accounts migrate`, or print what follows it."
        )


@contextmanager
def _given(op: Operations) -> Iterator[Operations]:
    yield op


@contextmanager
def _of_the_host() -> Iterator[Operations]:
    """Return operations on what the Alembic command of a host application migrates.

    They have a context of their own: a naming convention of the host application is not for these tables.
    """
    context = _proxy.get_context()
    history = _history(context)
    location = Location(context.opts.get("accounts_schema"), context.opts.get("accounts_prefix", PREFIX))
    if context.as_sql:
        if location != Location():
            raise ConfigurationError("Offline, a schema or prefix is for `accounts migrate --sql`.")
        ours = offline_operations(context.dialect, context.output_buffer, location, history)
        ours.get_context().opts["accounts_start"] = _start(context, history)
        yield ours
        return
    connection = context.connection
    assert connection is not None
    with joined(connection), translated():
        await_turn(connection)
        with placed(connection, location):
            yield operations(connection, location, history)


def _history(context: MigrationContext) -> History:
    """Return our revisions among those of the host application's command."""
    assert context.script is not None
    ours = {each.revision: each.module for each in context.script.walk_revisions() if _ID.fullmatch(each.revision)}
    return History.of(ours[revision] for revision in sorted(ours))


def _start(context: MigrationContext, history: History) -> str | None:
    """Return our revision from which a host application's command prints; None for a database without tables."""
    ours = [to_number(each) for each in context.get_current_heads() if _ID.fullmatch(each)]
    return next((each for each in ours if history.place(each) is not None), None)


def _upgrade(op: Operations, revision: Revision, change: Change) -> None:
    if not op.get_context().as_sql:
        history, place, current = _places(op, revision)
        if current is None or current >= place:
            _log.debug("Revision %s is applied already.", revision.number)
            return
        # `migrate` took back what the host application's command had recorded
        for missing in history.revisions[current : place - 1]:
            missing.upgrade(op)
    with _naming_what_is_taken(op):
        if revision.before is None:
            op.execute(sa.schema.CreateTable(_before_served_from(), if_not_exists=True))
        change(op)
        _record(op, revision.before, revision)


def _downgrade(op: Operations, revision: Revision, change: Change) -> None:
    history: History = op.get_context().opts["accounts_history"]
    if not op.get_context().as_sql:
        _, place, current = _places(op, revision)
        if current is None:
            raise ConfigurationError("A later release migrated the database. Only that one can take it back.")
        if current < place:
            _log.debug("Revision %s is not applied.", revision.number)
            return
        # `migrate` went on from what the host application's command had recorded
        for later in reversed(history.revisions[place:current]):
            later.downgrade(op)
    change(op)
    _record(op, revision.number, None if revision.before is None else history.get(revision.before))


def _places(op: Operations, revision: Revision) -> tuple[History, int, int | None]:
    """Return the history, and the places in it of a revision and of the database: None if a later release was there."""
    opts = op.get_context().opts
    history: History = opts["accounts_history"]
    connection = op.get_bind()
    assert isinstance(connection, sa.Connection)
    current, _ = read_revision(connection, opts["accounts_location"])
    place = history.place(revision.number)
    assert place is not None
    return history, place, history.place(current)


def _record(op: Operations, before: str | None, after: Revision | None) -> None:
    is_before = versions.c.version_num == before
    if after is None:
        op.execute(versions.delete().where(is_before))
        return
    values = {"version_num": after.number}
    if after.number >= _FIRST_WITH_SERVED_FROM:
        values["served_from"] = after.served_from or after.number
    op.execute((versions.insert() if before is None else versions.update().where(is_before)).values(values))


def _before_served_from() -> sa.Table:
    """Return the table as the first revision makes it."""
    constraint = sa.PrimaryKeyConstraint("version_num", name=str(versions.primary_key.name))
    return sa.Table(versions.name, sa.MetaData(), sa.Column("version_num", sa.String(32), nullable=False), constraint)


@contextmanager
def _naming_what_is_taken(op: Operations) -> Iterator[None]:
    """Raise `ConfigurationError` with the ways out when a name is taken."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        prefix = op.get_context().opts["accounts_location"].prefix
        name = re.search(rf"\b(?:(?:pk|fk|uq|ix|ck)_)?{prefix}\w+", str(error.orig))
        code = getattr(error.orig, "sqlstate", None)
        if name is None or not (code in _TAKEN or (code is None and "already exists" in str(error.orig))):
            raise
        raise ConfigurationError(
            f"{name[0]} exists already in this database, and no migration of the accounts made it. Give the accounts"
            ' other names with prefix="auth_", or on PostgreSQL a schema of their own with schema="auth", in migrate'
            " and in the store and rate limiter; in the service with ACCOUNTS_DATABASE_PREFIX or"
            " ACCOUNTS_DATABASE_SCHEMA. If it is the accounts' own, the row of their revision is missing in"
            f" {prefix}alembic_version."
        ) from error
