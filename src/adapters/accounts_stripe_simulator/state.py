"""Where the simulator keeps what it knows: SQLite from the standard library, in memory or in a file.

Every object is one row: `body` is what the API shows, `hidden` what it does not. Each request is one transaction, so
a process that is killed leaves whole requests behind and nothing else. Several processes may share a file.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Any, Final, NewType, NoReturn, Self

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
"""How long a request waits for another process that is in the same file."""
FORK_WAIT_SECONDS: Final = 1.0
"""How long a fork waits for a request that is being answered."""

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
    """An object as it is stored.

    `live` says that it still waits for something: a hold that can lapse, a webhook that was not taken.
    """

    kind: Kind
    body: Json
    hidden: Json = attrs.field(factory=dict)
    live: bool = False
    seq: int = 0

    @property
    def id(self) -> str:
        return str(self.body["id"])

    @property
    def owner(self) -> str | None:
        """The customer whose lists the object is in, after it was detached as well as before."""
        owner: str | None = self.hidden.get("owner") or self.body.get("customer")
        return owner


@attrs.frozen
class Answer:
    """What a key replays: the request it belongs to, written as one text, and what was answered."""

    request: str
    status: int
    body: str


@attrs.frozen
class Transaction:
    """The objects and keys inside one transaction."""

    _connection: sqlite3.Connection

    def add(self, record: Record) -> Record:
        """Store a new object; it is the newest of its kind."""
        cursor = self._connection.execute(
            "INSERT INTO objects (kind, id, owner, created, live, body, hidden) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (record.kind, record.id, record.owner, record.body.get("created", 0), *_written(record)),
        )
        record.seq = cursor.lastrowid or 0
        return record

    def save(self, record: Record) -> None:
        """Store a changed object."""
        self._connection.execute(
            "UPDATE objects SET owner = ?, live = ?, body = ?, hidden = ? WHERE id = ?",
            (record.owner, *_written(record), record.id),
        )

    def find(self, kind: Kind, id: str) -> Record | None:
        return next(self._read("kind = ? AND id = ?", (kind, id)), None)

    def newest_first(self, kind: Kind, *, owner: str | None = None) -> Iterator[Record]:
        """Yield the objects of a kind, those of one customer if `owner` is given."""
        if owner is None:
            return self._read("kind = ? ORDER BY seq DESC", (kind,))
        return self._read("kind = ? AND owner = ? ORDER BY seq DESC", (kind, owner))

    def live(self, kind: Kind) -> Sequence[Record]:
        """Return the objects that still wait for something, oldest first."""
        return list(self._read("kind = ? AND live ORDER BY seq", (kind,)))

    def remove(self, record: Record) -> None:
        self._connection.execute("DELETE FROM objects WHERE id = ?", (record.id,))

    def answer(self, key: str, *, now: int) -> Answer | None:
        """Return what `key` replays, unless its life is over."""
        self._connection.execute("DELETE FROM keys WHERE key = ? AND expires <= ?", (key, now))
        row = self._connection.execute("SELECT request, status, body FROM keys WHERE key = ?", (key,)).fetchone()
        return Answer(*row) if row else None

    def keep_answer(self, key: str, answer: Answer, *, expires: int) -> None:
        self._connection.execute(
            "INSERT INTO keys (key, request, status, body, expires) VALUES (?, ?, ?, ?, ?)",
            (key, answer.request, answer.status, answer.body, expires),
        )

    def undo_on_error(self) -> "Undo":
        """Return a block: an error that leaves it takes back what was done inside."""
        return Undo(self._connection)

    def _read(self, where: str, values: tuple[object, ...]) -> Iterator[Record]:
        # `where` is one of the texts above, never anything that a client sent
        rows = self._connection.execute(f"SELECT kind, body, hidden, live, seq FROM objects WHERE {where}", values)  # noqa: S608
        for kind, body, hidden, live, seq in rows.fetchall():
            yield Record(Kind(kind), json.loads(body), json.loads(hidden), bool(live), seq)


class Undo:
    """A savepoint: an error that leaves the block takes back what was done in it."""

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
    """Everything that the simulator knows. Safe to share between threads; a file also between processes."""

    def __init__(self, connection: sqlite3.Connection, path: str | Path | None = None) -> None:
        """Use `State.in_memory` or `State.open`."""
        self._connection = connection
        self._path = path
        self._is_between = False
        self._lock = RLock()
        connection.executescript(_SCHEMA)
        on_fork(self, before=State._before_fork, in_parent=State._in_parent, in_child=State._in_child)

    @classmethod
    def in_memory(cls) -> Self:
        """Return an empty state that is gone with the process."""
        return cls(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False))

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Return the state kept in the file at `path`; the file is made when there is none.

        Raises `sqlite3.Error` when the file cannot be opened or is no such state.
        """
        connection = _opened(path)
        try:
            return cls(connection, path)
        except BaseException:
            connection.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction that commits on a clean exit and rolls back otherwise. One at a time."""
        with self._lock:
            if self._is_between:
                assert self._path is not None
                self._connection, self._is_between = _opened(self._path), False
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(self._connection)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        with self._lock:
            self._connection.close()
            self._is_between = False

    # ---- a process and those forked from it never have one connection of SQLite's open: it loses what it locked

    def _before_fork(self) -> None:
        if not self._lock.acquire(timeout=FORK_WAIT_SECONDS):
            return
        try:
            if self._path is not None and not self._connection.in_transaction:
                self._connection.close()
                self._is_between = True
        except sqlite3.ProgrammingError:
            return  # it was closed already

    def _in_parent(self) -> None:
        with suppress(RuntimeError):  # somebody else had it for too long
            self._lock.release()

    def _in_child(self) -> None:
        self._lock = RLock()
        if self._path is not None and not self._is_between:
            keep_forever(self._connection)
            self._connection = _Inherited()  # type: ignore[assignment]


class _Inherited:
    """Stands in for a connection that was in use when the process was forked."""

    in_transaction = True

    def close(self) -> None:
        """Do nothing: the connection is the parent's."""

    def __getattr__(self, name: str) -> NoReturn:
        raise sqlite3.OperationalError("The simulator's state was in use when this process was forked.")


def _opened(path: str | Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _written(record: Record) -> tuple[int, str, str]:
    return int(record.live), json.dumps(record.body), json.dumps(record.hidden)
