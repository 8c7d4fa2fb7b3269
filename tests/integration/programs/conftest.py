"""Example programs as a user runs them: a folder, an environment, a server, a signal. See `program`."""

import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.integration.programs.program import (
    PATIENCE_SECONDS,
    UVICORN,
    Program,
    RunScript,
    Start,
    command,
    copied,
    environment,
    launch,
    require_clean,
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, without tables. Override it in a module that needs one of the two."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shop.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def start(tmp_path: Path, database_url: str) -> Iterator[Start]:
    """Start a program of `examples`, or at a path, with `DATABASE_URL` and the settings given; it is ready then.

        start("fastapi_app.py")
        start("fastapi_app.py", "--reload", SMTP_URL="smtp://localhost:1025")    # arguments for uvicorn
        start("fastapi_app.py", "--workers", "2", by=GUNICORN)
        start("worker.py", by=["worker.py"], ready=None)                         # a script that does not listen

    All run in one folder, `tmp_path`, so a second program finds the database and the mails of the first. What still
    runs at the end of the test is killed.
    """
    started: list[Program] = []

    def start_one(
        program: str | Path,
        *arguments: str,
        by: Sequence[str] = UVICORN,
        ready: str | None = "/",
        **settings: str,
    ) -> Program:
        module = copied(program, tmp_path)
        made = launch([*by, *arguments], module, tmp_path, **{"DATABASE_URL": database_url} | settings)
        started.append(made)
        if ready is not None:
            made.wait_until_ready(ready)
        return made

    yield start_one
    for program in started:
        if program.process.poll() is None:
            program.kill()


@pytest.fixture
def run_script(tmp_path: Path, database_url: str) -> RunScript:
    """Run a program of `examples`, or at a path, to its end, and return what it printed; it has to end with 0."""

    def run(program: str | Path, *arguments: str, unclean: str | None = None, **settings: str) -> str:
        module = copied(program, tmp_path)
        done = subprocess.run(
            command(["{module}.py", *arguments], module),
            cwd=tmp_path,
            env=environment(tmp_path, **{"DATABASE_URL": database_url} | settings),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        require_clean(done.stderr, unclean)
        return done.stdout

    return run


@pytest.fixture
def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
