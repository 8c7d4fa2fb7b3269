"""PgBouncer in front of a server, pooling by transaction."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg
from tests.chaos.cluster import PATIENCE_SECONDS, SUPERUSER, Cluster, as_nobody, free_port, give_to_nobody

_CONFIGURATION: Final = """
[databases]
* = host=127.0.0.1 port={server_port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 500
logfile =
log_connections = 0
log_disconnections = 0
"""


def find_pgbouncer() -> str | None:
    """Return where the program is; Debian puts it where only root looks."""
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def running_pgbouncer(program: str, cluster: Cluster, folder: Path, *, connections: int) -> Iterator[int]:
    """Run it with so many connections to the server; give its port."""
    port, users = free_port(), folder / "users.txt"
    users.write_text(f'"{SUPERUSER}" ""\n')
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        _CONFIGURATION.format(server_port=cluster.port, port=port, users=users, connections=connections)
    )
    for file in (users, configuration):
        give_to_nobody(file)
    with (folder / "pgbouncer.log").open("wb") as log:
        process = subprocess.Popen([program, str(configuration)], stdout=log, stderr=log, cwd=folder, **as_nobody())
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _answers(port):
            assert process.poll() is None, (folder / "pgbouncer.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield port
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    try:
        with psycopg.connect(f"postgresql://{SUPERUSER}@127.0.0.1:{port}/postgres", prepare_threshold=None):
            return True
    except psycopg.OperationalError:
        return False
