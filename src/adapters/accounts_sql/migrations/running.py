"""Migrating on an engine, on a connection of the host application, and as printed SQL.

On an engine, all revisions run in one transaction, so a failed one leaves the database unchanged. Only an index that
PostgreSQL builds outside of transactions divides it (`indexes`). Concurrent calls wait for each other, and the later
ones find nothing to do.
"""

import io
import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Final

import attrs
import sqlalchemy as sa
from sqlalchemy.engine.interfaces import IsolationLevel

from accounts_core.errors import ConfigurationError
from accounts_sql.connections.hosts import without_time_limit
from accounts_sql.connections.transactions import transaction
from accounts_sql.connections.translation import translated
from accounts_sql.tables.location import Location

from .history import History, Revision, to_number
from .indexes import build_indexes, can_build
from .placing import LOCK, await_turn, joined, pause, placed, try_turn
from .released import RELEASED
from .state import DatabaseStatus, read_revision
from .steps import offline_operations, operations

_log: Final = logging.getLogger("accounts_sql")
_ISOLATION: Final[dict[str, IsolationLevel]] = {"postgresql": "READ COMMITTED"}
"""A stricter level would read the revision from a snapshot taken before the lock."""


@attrs.frozen
class Migration:
    """Migration of the tables at a location to a revision."""

    revision: str
    location: Location
    history: History = RELEASED

    def on_engine(self, engine: sa.Engine) -> None:
        """Migrate in transactions of one's own. Raises `Unavailable` and `ConfigurationError`."""
        isolation = _ISOLATION.get(engine.dialect.name)
        built = 0
        while True:
            waiting_for: Sequence[Revision] = ()
            with transaction(engine, isolation) as connection, without_time_limit(connection), translated():
                is_our_turn = try_turn(connection)
                if is_our_turn:
                    waiting_for = self._apply(connection, builds=can_build(connection))
                else:
                    pause(connection)
            for revision in waiting_for:
                if built >= len(self.history.revisions):
                    raise ConfigurationError(f"The indexes of revision {revision.number} were built and are not valid.")
                build_indexes(engine, revision.indexes, self.location)
                built += 1
            if is_our_turn and not waiting_for:
                return

    def on_connection(self, connection: sa.Connection) -> None:
        """Migrate in the open transaction of the host application, which only the host application commits.

        Without an open one, in a transaction of its own. A transaction that is left open would keep Alembic, when it
        is configured with the connection afterwards, from committing the host application's migrations.
        """
        own = nullcontext() if connection.in_transaction() else connection.begin()
        with translated(), own, joined(connection), without_time_limit(connection), translated():
            await_turn(connection)
            self._apply(connection, builds=False)

    def _apply(self, connection: sa.Connection, *, builds: bool) -> Sequence[Revision]:
        """Apply revisions, up to one whose indexes have to be built first. Return that one, if there is one."""
        status = get_status(connection, self.location, self.history)
        steps = self._steps(status)
        with placed(connection, self.location):
            op = operations(connection, self.location, self.history)
            for revision, run in steps:
                is_in_use = status.revision is not None and run is revision.upgrade
                if (
                    builds
                    and is_in_use
                    and not all(each.is_valid(connection, self.location) for each in revision.indexes)
                ):
                    return [revision]
                _log.info("Migrating the accounts: %s %s", run.__name__, revision.number)
                run(op)
        return ()

    def _steps(self, status: DatabaseStatus) -> Sequence[tuple[Revision, Callable[..., None]]]:
        revisions = self.history.revisions
        target = self._place(self.revision)
        current = self.history.place(status.revision)
        if current is None:
            if not status.is_served:
                raise ConfigurationError(str(status.notice))
            if target < len(revisions):
                raise ConfigurationError(
                    f"The database is at revision {status.revision} of a later release. Only that release can take it"
                    f" back to {self.revision}."
                )
            _log.warning("%s", status.notice)
            return ()
        if target >= current:
            return [(each, each.upgrade) for each in revisions[current:target]]
        return [(each, each.downgrade) for each in reversed(revisions[target:current])]

    def _place(self, revision: str) -> int:
        if revision == "head":
            return len(self.history.revisions)
        place = self.history.place(None if revision == "base" else to_number(revision))
        if place is None:
            raise ConfigurationError(f"There is no revision {revision!r}; the newest is {self.history.head}.")
        return place

    def as_sql(self, dialect_name: str, start: str) -> str:
        """Return the statements that migrate from the revision `start`."""
        dialect: sa.Dialect = sa.make_url(f"{dialect_name}://").get_dialect()()
        first = self._place(start)
        before = self.history.revisions[first - 1].number if first else None
        status = DatabaseStatus(before, None, self.history.head, is_newer=False)
        buffer = io.StringIO()
        op = offline_operations(dialect, buffer, self.location, self.history)
        op.get_context().opts["accounts_start"] = status.revision
        for revision, run in self._steps(status):
            buffer.write(f"-- {run.__name__} {revision.number}\n\n")
            run(op)
        opening = ["BEGIN IMMEDIATE;" if dialect_name == "sqlite" else "BEGIN;"]
        if dialect_name == "postgresql":
            opening.append(f"SELECT pg_advisory_xact_lock({LOCK});")
        if self.location.schema is not None:
            opening.append(
                f"SET LOCAL search_path TO {dialect.identifier_preparer.quote_identifier(self.location.schema)};"
            )
        return self.location.rename("\n\n".join([*opening, f"{buffer.getvalue()}COMMIT;\n"]))


def get_status(connection: sa.Connection, location: Location, history: History = RELEASED) -> DatabaseStatus:
    """Return the revision of the tables at a location."""
    with translated():
        _require_unicode(connection)
        revision, served_from = read_revision(connection, location)
    return DatabaseStatus(revision, served_from, history.head, is_newer=history.place(revision) is None)


def _require_unicode(connection: sa.Connection) -> None:
    """Raise `ConfigurationError` unless the database stores any text.

    Other encodings than UTF8 reject some characters, and SQL_ASCII validates nothing.
    """
    if connection.dialect.name != "postgresql":
        return
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise ConfigurationError(f"The database's encoding is {encoding}; the accounts need UTF8.")
