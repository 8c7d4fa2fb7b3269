"""Counting what goes to a database and back, below SQLAlchemy: the drivers' own hooks see the raw path as well."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import attrs
import psycopg
import sqlalchemy as sa
from psycopg.pq import Trace
from sqlalchemy.ext.asyncio import AsyncEngine


@attrs.define
class RoundTrips:
    """What was counted: one for each time that the client waited for the server, `BEGIN` and `COMMIT` included.

    On SQLite, where nothing travels, each statement counts. On asyncpg the preparing of a statement, which each
    connection does once, is not seen: warm up before you count.
    """

    count: int = 0
    statements: list[str] = attrs.field(factory=list)
    """What was sent; empty on psycopg, where libpq counts."""

    def saw(self, statement: str) -> None:
        self.count += 1
        self.statements.append(statement)


class RoundTripCounter:
    """Counts on every connection that `engine` opens from now on: make it before the engine connects.

    with RoundTripCounter(engine) as counter:
        ...
        with counter.counting() as trips:
            await accounts.authenticate(token)
        assert trips.count == 1
    """

    def __init__(self, engine: sa.Engine | AsyncEngine) -> None:
        self._engine = engine.sync_engine if isinstance(engine, AsyncEngine) else engine
        self._trips: RoundTrips | None = None
        self._traces: list[_Trace] = []

    def __enter__(self) -> Self:
        pool = self._engine.pool
        assert isinstance(pool, sa.QueuePool)
        assert pool.checkedin() + pool.checkedout() == 0, "what is connected already would not be counted"
        sa.event.listen(self._engine, "connect", self._hook)
        if self._engine.dialect.driver == "asyncpg":
            sa.event.listen(self._engine, "before_cursor_execute", self._saw_execution)
        return self

    def __exit__(self, *_: object) -> None:
        sa.event.remove(self._engine, "connect", self._hook)
        if self._engine.dialect.driver == "asyncpg":
            sa.event.remove(self._engine, "before_cursor_execute", self._saw_execution)
        for trace in self._traces:
            trace.close()

    @contextmanager
    def counting(self) -> Iterator[RoundTrips]:
        """Count until the end of the block; what was counted is complete then."""
        assert self._trips is None
        self._trips = trips = RoundTrips()
        before = sum(trace.round_trips() for trace in self._traces)
        try:
            yield trips
        finally:
            self._trips = None
            trips.count += sum(trace.round_trips() for trace in self._traces) - before

    def _hook(self, connection: Any, _record: object) -> None:
        driver = getattr(connection, "driver_connection", connection)
        if isinstance(driver, psycopg.Connection):
            self._traces.append(_Trace(driver))
        elif hasattr(driver, "add_query_logger"):  # asyncpg
            driver.add_query_logger(lambda logged: self._saw(logged.query))
        else:
            getattr(driver, "_conn", driver).set_trace_callback(self._saw)

    def _saw(self, statement: str) -> None:
        if self._trips is not None:
            self._trips.saw(statement)

    def _saw_execution(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        # asyncpg's hook sees what is run on the connection; SQLAlchemy runs its statements as prepared ones
        self._saw(statement)


class _Trace:
    """libpq's own trace of one connection. The server says `ReadyForQuery` once at the end of each round trip."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  open for as long as the connection
        connection.pgconn.trace(self._file.fileno())
        connection.pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)

    def round_trips(self) -> int:
        self._file.seek(0)
        return self._file.read().count(b"ReadyForQuery")

    def close(self) -> None:
        if not self._connection.closed:
            self._connection.pgconn.untrace()
        self._file.close()
