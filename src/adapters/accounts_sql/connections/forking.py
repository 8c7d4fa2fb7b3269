"""Fork safety of engines: each process uses connections of its own.

In the child every engine gets a new pool. The parent's connections are neither closed nor finalized there, because that
would write to the parent's socket. A connection that was in use raises `InheritedConnection` for any operation.

SQLite also needs work before the fork. It tracks open and locked files for the whole process: a child that inherits an
open connection takes no lock of its own on that file, and the parent's last close then removes the write-ahead log with
the child's commits (https://www.sqlite.org/howtocorrupt.html, 2.6). So the parent closes its idle connections before
the fork and waits briefly for those in use. If one stays open, the child cannot open any connection to SQLite.
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
from sqlalchemy.util import await_only, queue
from sqlalchemy.util.concurrency import in_greenlet

from accounts_core.errors import ConfigurationError
from accounts_core.forking import WeakList, keep_forever, on_fork

from .urls import is_in_memory

Source: TypeAlias = sa.Engine | sa.Connection | AsyncEngine | AsyncConnection

WAIT_SECONDS: Final = 1.0
"""Maximum wait before a fork for SQLite connections that other threads are using."""
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
    """Make an engine or connection safe for forks from now on. Idempotent."""
    if isinstance(source, AsyncConnection):
        connection, engine = source.sync_connection, source.engine.sync_engine
    elif isinstance(source, AsyncEngine):
        connection, engine = None, source.sync_engine
    else:
        connection, engine = source if isinstance(source, sa.Connection) else None, source.engine
    # an engine from `execution_options` shares its pool with the original
    _guard.watch(getattr(engine, "_proxied", engine))
    if connection is not None and not connection.closed and not connection.invalidated:
        record = getattr(connection.connection, "_connection_record", None)
        if record is not None:
            _guard.note(engine, record)


class _Guard:
    """Registry of the engines in use and the pool entries of their open connections."""

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
        """Delay opening SQLite connections during a fork, and track each one until it is open."""
        if self._is_barred:
            raise InheritedSqlite
        while not self._gate.acquire(blocking=not in_greenlet()):
            await_only(asyncio.sleep(POLL_SECONDS))  # the fork may be waiting for another task on this event loop
        try:
            if record is not None:
                self._opening.add(record)
        finally:
            self._gate.release()

    # ---- before the fork

    def before(self) -> None:
        """Close idle SQLite connections, and wait for those in use."""
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
        """Return whether another thread may still return a SQLite connection."""
        if active_count() == 1:
            return False
        with suppress(RuntimeError):
            asyncio.get_running_loop()
            return False  # this thread's event loop is blocked by the fork
        return bool(self._open_files())

    def in_parent(self) -> None:
        with suppress(RuntimeError):  # not acquired if an earlier hook failed
            self._gate.release()

    # ---- after it, in the child

    def in_child(self) -> None:
        self._gate = RLock()
        in_use = [record for record in self._memory.items() if record.in_use]
        self._is_barred = self._is_barred or bool(self._open_files() or in_use)
        # a loop's finalizer unregisters file descriptors, and both processes share one epoll set in the kernel
        keep_forever(*self._loops.items())
        for records in (self._servers, self._files, self._memory):
            for record in records.items():
                _sever(record)
        self._opening = WeakList()
        failures: list[Exception] = []
        for engine in self._engines.items():
            try:
                _renew(engine)
            except Exception as error:  # noqa: BLE001  a listener of the host application; the other engines must still be renewed
                failures.append(error)
        if failures:
            raise ExceptionGroup("A listener failed after a fork.", failures)


class _Severed:
    """Substitute for a connection of the parent: it can be returned to a pool but not used."""

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
    """Give the engine a new pool. Close the old pool's idle connections now, and the others when they are returned."""
    pool = engine.pool
    if not isinstance(pool, sa.QueuePool):
        return
    engine.dispose(close=False)
    give_back: Callable[[Any], None] = pool._do_return_conn  # noqa: SLF001  no public hook for a returned connection

    def close_and_give_back(record: ConnectionPoolEntry) -> None:
        record.close()
        give_back(record)  # the next checkout reconnects

    vars(pool)["_do_return_conn"] = close_and_give_back
    if not pool.checkedin():
        return
    if isinstance(pool, sa.AsyncAdaptedQueuePool):
        # in a thread without an event loop the driver closes synchronously
        closing = Thread(target=_take_out, args=(pool, _stop))
        closing.start()
        closing.join()
    else:
        _take_out(pool, lambda record: record.close())


def _take_out(pool: Any, close: Callable[[Any], None]) -> None:
    with suppress(queue.Empty):
        while True:
            close(pool._pool.get(False))  # noqa: SLF001  idle connections have no public name


def _stop(record: Any) -> None:
    """Close an aiosqlite connection and wait until its thread has ended."""
    driver: Any = record.driver_connection
    record.invalidate()
    if driver is not None:
        driver._thread.join(WAIT_SECONDS)  # noqa: SLF001  no public way to wait for the close


def _renew(engine: sa.Engine) -> None:
    """Give the engine a new pool, and the old pool new locks: connections in use are still returned to it."""
    pool = engine.pool
    _unlock(pool)
    engine.dispose(close=False)


def _unlock(pool: sa.Pool) -> None:
    keep_forever(pool, dict(vars(pool)))
    vars(pool).update(vars(pool.recreate()))


def _sever(record: Any) -> None:
    """Detach a connection of the parent without closing it; its users get `InheritedConnection`."""
    driver = record.dbapi_connection
    if driver is None or isinstance(driver, _Severed):
        return
    checkout = record.fairy_ref and record.fairy_ref()
    keep_forever(record, driver, checkout)
    record.dbapi_connection = severed = _Severed()
    record.finalize_callback.clear()
    if checkout is not None:
        checkout.dbapi_connection = severed
        _unlock(checkout._pool)  # noqa: SLF001  may be an earlier pool of the engine


_guard: Final = _Guard()
on_fork(_guard, before=_Guard.before, in_parent=_Guard.in_parent, in_child=_Guard.in_child)
