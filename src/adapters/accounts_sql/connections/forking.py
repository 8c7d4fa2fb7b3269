"""Engines across a fork: each process has connections of its own.

In the child every engine gets a new pool. What the parent had open is neither closed nor finalized there, because that
would be written to the parent's socket, and a connection that was in use answers `InheritedConnection` to everything.

SQLite needs more, and before the fork. It keeps for the whole process which files are open and locked. A child that
inherits an open connection takes no lock of its own on that file, and the parent's last close then removes the
write-ahead log with what the child has committed (https://www.sqlite.org/howtocorrupt.html, 2.6). So the parent
closes its idle connections first, and waits a moment for those in use. Where one stays open, no connection to SQLite
can be opened in the child.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from threading import RLock, Thread, active_count
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import queue
from sqlalchemy.util.concurrency import await_, in_greenlet

from accounts_core.errors import ConfigurationError
from accounts_core.forking import WeakList, keep_forever, on_fork

from .urls import is_in_memory

Source: TypeAlias = sa.Engine | sa.Connection | AsyncEngine | AsyncConnection

WAIT_SECONDS: Final = 1.0
"""How long a fork waits for SQLite connections that other threads are using."""
POLL_SECONDS: Final = 0.001


class InheritedConnection(ConfigurationError, sa.exc.DontWrapMixin):
    """The connection was in use when the process was forked: it belongs to the parent process."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(
            message
            or "This connection was in use when the process was forked, and belongs to the parent process."
            " Begin a new unit of work in the child."
        )


class InheritedSqlite(InheritedConnection):
    """A SQLite connection was in use when the process was forked: this process cannot use SQLite."""

    def __init__(self) -> None:
        super().__init__(
            "A SQLite connection was in use when this process was forked, and SQLite does not work in such a process."
            " Fork while no unit of work is open, or start the process with the method 'spawn'."
        )


def protect(source: Source) -> None:
    """Give each process that is forked from now on connections of its own; done twice, it is done once."""
    if isinstance(source, AsyncConnection):
        connection, engine = source.sync_connection, source.engine.sync_engine
    elif isinstance(source, AsyncEngine):
        connection, engine = None, source.sync_engine
    else:
        connection, engine = source if isinstance(source, sa.Connection) else None, source.engine
    # one with options of its own shares everything else with the engine that it was made of
    _guard.watch(getattr(engine, "_proxied", engine))
    if connection is not None and not connection.closed and not connection.invalidated:
        record = getattr(connection.connection, "_connection_record", None)
        if record is not None:
            _guard.note(engine, record)


class _Guard:
    """Every engine in use, and the pool entries of the connections that they have opened."""

    def __init__(self) -> None:
        self._engines: WeakList[sa.Engine] = WeakList()
        self._servers: WeakList[ConnectionPoolEntry] = WeakList()
        self._files: WeakList[ConnectionPoolEntry] = WeakList()
        self._memory: WeakList[ConnectionPoolEntry] = WeakList()
        self._opening: WeakList[ConnectionPoolEntry] = WeakList()
        self._loops: WeakList[asyncio.AbstractEventLoop] = WeakList()
        self._gate = RLock()  # a signal handler may fork in the middle of anything
        self._is_barred = False

    def watch(self, engine: sa.Engine) -> None:
        if engine in self._engines:
            return
        self._engines.add(engine)
        if engine.dialect.is_async:
            sa.event.listen(engine, "connect", self._note_loop)
        if engine.dialect.name != "sqlite":
            sa.event.listen(engine, "connect", self._note_server)
            return
        sa.event.listen(engine, "do_connect", self._admit)
        sa.event.listen(engine, "connect", self._note_memory if is_in_memory(engine.url) else self._note_file)

    def note(self, engine: sa.Engine, record: ConnectionPoolEntry) -> None:
        if engine.dialect.name != "sqlite":
            self._servers.add(record)
        elif is_in_memory(engine.url):
            self._memory.add(record)
        else:
            self._files.add(record)

    def _note_loop(self, *_: object) -> None:
        self._loops.add(asyncio.get_running_loop())

    def _note_server(self, _: object, record: ConnectionPoolEntry) -> None:
        self._servers.add(record)

    def _note_memory(self, _: object, record: ConnectionPoolEntry) -> None:
        self._memory.add(record)
        self._opening.discard(record)

    def _note_file(self, _: object, record: ConnectionPoolEntry) -> None:
        self._files.add(record)
        self._opening.discard(record)

    def _admit(self, _dialect: object, record: ConnectionPoolEntry | None, *_: object) -> None:
        """Let nobody open a SQLite database in the middle of a fork; remember what is being opened until it is open."""
        if self._is_barred:
            raise InheritedSqlite
        while not self._gate.acquire(blocking=not in_greenlet()):
            await_(asyncio.sleep(POLL_SECONDS))  # others on this event loop may be what the fork waits for
        try:
            if record is not None:
                self._opening.add(record)
        finally:
            self._gate.release()

    # ---- before the fork

    def before(self) -> None:
        """Close SQLite's idle connections, and wait for those in use."""
        self._gate.acquire()
        in_files = [e for e in self._engines.items() if e.dialect.name == "sqlite" and not is_in_memory(e.url)]
        for engine in in_files:
            _retire(engine)
        deadline = time.monotonic() + WAIT_SECONDS
        while self._can_come_back() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

    def _open_files(self) -> list[ConnectionPoolEntry]:
        records = [record for record in self._files.items() if record.dbapi_connection is not None]
        return records + self._opening.items()

    def _can_come_back(self) -> bool:
        """Say whether another thread may still give back what it has of SQLite's."""
        if active_count() == 1:
            return False
        with suppress(RuntimeError):
            asyncio.get_running_loop()
            return False  # whatever this thread's event loop would do, it waits for us
        return bool(self._open_files())

    def in_parent(self) -> None:
        with suppress(RuntimeError):  # it was never taken, when something before it failed
            self._gate.release()

    # ---- after it, in the child

    def in_child(self) -> None:
        self._gate = RLock()
        in_use = [record for record in self._memory.items() if record.in_use]
        self._is_barred = self._is_barred or bool(self._open_files() or in_use)
        # the finalizer of a loop takes off what it waits for, and that is one list in the kernel for both processes
        keep_forever(*self._loops.items())
        for records in (self._servers, self._files, self._memory):
            for record in records.items():
                _sever(record)
        self._opening = WeakList()
        failures: list[Exception] = []
        for engine in self._engines.items():
            try:
                _renew(engine)
            except Exception as error:  # noqa: BLE001  a listener of the host's; the other engines have their turn
                failures.append(error)
        if failures:
            raise ExceptionGroup("A listener failed after a fork.", failures)


class _Severed:
    """Stands in for a connection of the parent's: it can be given back, and used for nothing."""

    def rollback(self) -> None:
        """Do nothing: the transaction is the parent's."""

    def close(self) -> None:
        """Do nothing: the connection is the parent's."""

    def terminate(self) -> None:
        """Do nothing: the connection is the parent's."""

    @property
    def _connection(self) -> "_Severed":
        return self

    def __getattr__(self, name: str) -> Any:
        raise InheritedConnection


def _retire(engine: sa.Engine) -> None:
    """Give the engine another pool. Of the one before, close what is idle now, and the rest when it is given back."""
    pool = engine.pool
    if not isinstance(pool, sa.QueuePool):
        return
    engine.dispose(close=False)
    give_back: Callable[[Any], None] = pool._do_return_conn  # noqa: SLF001  what a pool does with a connection

    def close_and_give_back(record: ConnectionPoolEntry) -> None:
        record.close()
        give_back(record)  # whoever waits for it opens it anew

    vars(pool)["_do_return_conn"] = close_and_give_back
    if not pool.checkedin():
        return
    if isinstance(pool, sa.AsyncAdaptedQueuePool):
        # in a thread without an event loop the driver closes without one
        closing = Thread(target=_take_out, args=(pool, _stop))
        closing.start()
        closing.join()
    else:
        _take_out(pool, lambda record: record.close())


def _take_out(pool: Any, close: Callable[[Any], None]) -> None:
    with suppress(queue.Empty):
        while True:
            close(pool._pool.get(False))  # noqa: SLF001  no public name for what is idle


def _stop(record: Any) -> None:
    """Close aiosqlite's connection, which its own thread does, and wait for that."""
    driver: Any = record.driver_connection
    record.invalidate()
    if driver is not None:
        driver._thread.join(WAIT_SECONDS)  # noqa: SLF001  nothing public says when it is closed


def _renew(engine: sa.Engine) -> None:
    """Give the engine a new pool, and the one before new locks: what was in use is still given back to that."""
    pool = engine.pool
    _unlock(pool)
    engine.dispose(close=False)


def _unlock(pool: sa.Pool) -> None:
    keep_forever(pool, dict(vars(pool)))
    vars(pool).update(vars(pool.recreate()))


def _sever(record: Any) -> None:
    """Keep a connection of the parent's as it is, and have whoever was using it get `InheritedConnection`."""
    driver = record.dbapi_connection
    if driver is None or isinstance(driver, _Severed):
        return
    lease = record.fairy_ref and record.fairy_ref()
    keep_forever(record, driver, lease)
    record.dbapi_connection = severed = _Severed()
    record.finalize_callback.clear()
    if lease is not None:
        lease.dbapi_connection = severed
        _unlock(lease._pool)  # noqa: SLF001  which may be one before the engine's


_guard: Final = _Guard()
on_fork(_guard, before=_Guard.before, in_parent=_Guard.in_parent, in_child=_Guard.in_child)
