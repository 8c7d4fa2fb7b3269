"""The state of a simulator in SQLite, in memory or in a file.

Every object is one row: the API shows its `body` and not its `hidden` part. Each request is one transaction, so a
killed process leaves no half of a request behind. Several processes may share a file.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Any, Final, NewType, NoReturn, Self
from weakref import finalize

import attrs

from accounts_core.forking import keep_forever, on_fork

Json = dict[str, Any]
Kind = NewType("Kind", str)

CUSTOMER: Final = Kind("customer")
PAYMENT_METHOD: Final = Kind("payment_method")
PAYMENT_INTENT: Final = Kind("payment_intent")
SUBSCRIPTION: Final = Kind("subscription")
EVENT: Final = Kind("event")
DELIVERY: Final = Kind("delivery")

BUSY_SECONDS: Final = 30.0
"""The time that a request waits for another process that uses the same file."""
FORK_WAIT_SECONDS: Final = 1.0
"""The time that a fork waits for a running request."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    owner TEXT,
    created INTEGER NOT NULL,
    live INTEGER NOT NULL,
    body TEXT NOT NULL,
    hidden TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS objects_by_owner ON objects (kind, owner, seq);
CREATE INDEX IF NOT EXISTS live_objects ON objects (kind, seq) WHERE live;
CREATE TABLE IF NOT EXISTS keys (
    key TEXT PRIMARY KEY,
    request TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""


@attrs.define
class Record:
    """A stored object.

    `live` marks an object that is still pending: a hold that can expire, or an event that was not delivered.
    """

    kind: Kind
    body: Json
    hidden: Json = attrs.field(factory=dict)
    live: bool = False
    seq: int = 0

    @property
    def id(self) -> str:
        """The id of the object."""
        return str(self.body["id"])

    @property
    def owner(self) -> str | None:
        """The customer that lists the object belongs to, also after it was detached."""
        owner: str | None = self.hidden.get("owner") or self.body.get("customer")
        return owner


@attrs.frozen
class Answer:
    """The response that is stored under an idempotency key, and the fingerprint of its request."""

    request: str
    status: int
    body: str


@attrs.frozen
class Transaction:
    """The objects and keys inside one transaction."""

    _connection: sqlite3.Connection

    def add(self, record: Record) -> Record:
        """Store a new object and return it with its sequence number."""
        cursor = self._connection.execute(
            "INSERT INTO objects (kind, id, owner, created, live, body, hidden) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (record.kind, record.id, record.owner, record.body.get("created", 0), *_to_columns(record)),
        )
        record.seq = cursor.lastrowid or 0
        return record

    def save(self, record: Record) -> None:
        """Save a changed object."""
        self._connection.execute(
            "UPDATE objects SET owner = ?, live = ?, body = ?, hidden = ? WHERE id = ?",
            (record.owner, *_to_columns(record), record.id),
        )

    def find(self, kind: Kind, id: str) -> Record | None:
        """Return the object with this kind and id, or None."""
        return next(self._read("kind = ? AND id = ?", (kind, id)), None)

    def list_newest_first(self, kind: Kind, *, owner: str | None = None) -> Iterator[Record]:
        """Yield the objects of a kind, or of a kind and a customer, newest first."""
        if owner is None:
            return self._read("kind = ? ORDER BY seq DESC", (kind,))
        return self._read("kind = ? AND owner = ? ORDER BY seq DESC", (kind, owner))

    def list_live(self, kind: Kind) -> Sequence[Record]:
        """Return the pending objects of a kind, oldest first."""
        return list(self._read("kind = ? AND live ORDER BY seq", (kind,)))

    def remove(self, record: Record) -> None:
        """Delete an object."""
        self._connection.execute("DELETE FROM objects WHERE id = ?", (record.id,))

    def find_answer(self, key: str, *, now: int) -> Answer | None:
        """Return the response stored under a key, or None if there is none or it has expired at `now`."""
        self._connection.execute("DELETE FROM keys WHERE key = ? AND expires <= ?", (key, now))
        row = self._connection.execute("SELECT request, status, body FROM keys WHERE key = ?", (key,)).fetchone()
        return Answer(*row) if row else None

    def add_answer(self, key: str, answer: Answer, *, expires: int) -> None:
        """Store a response under a key until `expires`, in seconds since 1970."""
        self._connection.execute(
            "INSERT INTO keys (key, request, status, body, expires) VALUES (?, ?, ?, ?, ?)",
            (key, answer.request, answer.status, answer.body, expires),
        )

    def savepoint(self) -> "Savepoint":
        """Return a context manager that rolls back its block on an error."""
        return Savepoint(self._connection)

    def _read(self, where: str, values: tuple[object, ...]) -> Iterator[Record]:
        # `where` is one of the texts above and contains no client input
        rows = self._connection.execute(f"SELECT kind, body, hidden, live, seq FROM objects WHERE {where}", values)  # noqa: S608
        for kind, body, hidden, live, seq in rows.fetchall():
            yield Record(Kind(kind), json.loads(body), json.loads(hidden), bool(live), seq)


class Savepoint:
    """A context manager that rolls back its block on an error."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> Self:
        self._connection.execute("SAVEPOINT here")
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is not None:
            self._connection.execute("ROLLBACK TO here")
        self._connection.execute("RELEASE here")


class State:
    """The stored objects and idempotency keys of a simulator. Safe to share between threads.

    Several processes may each open the same file.
    """

    def __init__(self, connection: sqlite3.Connection, path: str | Path | None = None) -> None:
        """Use `State.in_memory` or `State.open` instead."""
        self._connection = connection
        self._path = path
        self._is_set_aside = False
        self._lock = RLock()
        connection.executescript(_SCHEMA)
        on_fork(self, before=State._before_fork, in_parent=State._in_parent, in_child=State._in_child)

    @classmethod
    def in_memory(cls) -> Self:
        """Return an empty state in memory."""
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        state = cls(connection)
        finalize(state, connection.close)  # a simulator in memory need not be closed
        return state

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open the state in the file at `path`. The file is created if there is none.

        Raises:
            sqlite3.Error: The file cannot be opened, or is not a state of the simulator.

        """
        connection = _connect(path)
        try:
            return cls(connection, path)
        except BaseException:
            connection.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction, which commits at the end of the block and rolls back on an error. One runs at a time."""
        with self._lock:
            if self._is_set_aside:
                assert self._path is not None
                self._connection, self._is_set_aside = _connect(self._path), False
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(self._connection)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the connection. What is in a file is opened again by the next use; what is in memory is gone."""
        with self._lock:
            self._connection.close()
            self._is_set_aside = self._path is not None

    # ---- an SQLite connection that is open in a process and its fork loses its locks, so it is closed before a fork

    def _before_fork(self) -> None:
        if not self._lock.acquire(timeout=FORK_WAIT_SECONDS):
            return
        try:
            if self._path is not None and not self._connection.in_transaction:
                self._connection.close()
                self._is_set_aside = True
        except sqlite3.ProgrammingError:
            return  # it was closed already

    def _in_parent(self) -> None:
        with suppress(RuntimeError):  # another thread kept the lock for too long
            self._lock.release()

    def _in_child(self) -> None:
        self._lock = RLock()
        if self._path is not None and not self._is_set_aside:
            keep_forever(self._connection)
            self._connection = _Inherited()  # type: ignore[assignment]  # it refuses every use


class _Inherited:
    """Replaces a connection that was in use when the process was forked, and raises on use."""

    in_transaction = True

    def close(self) -> None:
        """Do nothing, because the connection belongs to the parent process."""

    def __getattr__(self, name: str) -> NoReturn:
        raise sqlite3.OperationalError("The simulator's state was in use when this process was forked.")


def _connect(path: str | Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _to_columns(record: Record) -> tuple[int, str, str]:
    return int(record.live), json.dumps(record.body), json.dumps(record.hidden)
