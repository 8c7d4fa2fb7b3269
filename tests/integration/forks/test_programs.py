"""F1: the examples of docs/forking.md under the real servers, and children that end as programs do."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx
import pytest
from tests.documents import ROOT, programs
from tests.integration.forks.drivers import opened
from tests.integration.postgres import PostgresServer

SECONDS: Final = 60

Tokens = Mapping[str, str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the document's examples."""
    examples = {program.file: program.text for program in programs(ROOT / "docs" / "forking.md")}
    assert set(examples) == {"shop.py", "tasks.py", "report.py"}
    for name, text in examples.items():
        (tmp_path / str(name)).write_text(text)
    return tmp_path


def people(url: str) -> Tokens:
    """Register two people in a database, and return the token of each."""
    with opened("psycopg" if url.startswith("postgresql") else "sqlite3", url) as backend:
        return backend.sign_up("jane", "john")


def settings(url: str, **more: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": url, **more}


@contextmanager
def running(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """Run a server in a session of its own, and end all of it."""
    log = folder / "log"
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder,
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    try:
        yield process
        process.terminate()
        assert process.wait(SECONDS) == 0, log.read_text()
    except BaseException as error:
        error.add_note(log.read_text())
        raise
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_f1_gunicorns_preloaded_workers_answer_everybody_with_themselves(
    folder: Path, postgres_server: PostgresServer
) -> None:
    url = postgres_server.create_database()
    tokens = people(url)
    # says which worker answered
    (folder / "shown.py").write_text(
        "import os, shop\n"
        "def application(environ, start):\n"
        "    def say(status, headers): return start(status, [*headers, ('X-Worker', str(os.getpid()))])\n"
        "    return shop.application(environ, say)\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    bind = f"127.0.0.1:{port}"
    command = ["gunicorn", "--preload", "--workers", "2", "--bind", bind, "--no-control-socket", "shown:application"]
    workers = set()

    def ask(email: str) -> str:
        answer = httpx.get(f"http://{bind}", headers={"Authorization": f"Bearer {tokens[email]}"}, timeout=SECONDS)
        workers.add(answer.headers["x-worker"])
        return answer.text

    with running(command, folder, settings(url)):
        wait_for(port)
        asked = list(tokens) * 60
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(ask, asked)) == asked
        assert len(workers) == 2
        assert httpx.get(f"http://{bind}", timeout=SECONDS).status_code == 401
    postgres_server.drop_database(url)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server does not listen")


@pytest.mark.long
def test_f1_celerys_prefork_pool_answers_everybody_with_themselves(folder: Path) -> None:
    from celery import Celery

    url = f"sqlite:///{folder}/shop.db"
    tokens = people(url)
    for name in ("broker", "results"):
        (folder / name).mkdir()
    conf = {
        "broker_url": "filesystem://",
        "broker_transport_options": {
            "data_folder_in": str(folder / "broker"),
            "data_folder_out": str(folder / "broker"),
            "control_folder": str(folder / "control"),
            "polling_interval": 0.02,
        },
        "result_backend": f"file://{folder}/results",
        "worker_prefetch_multiplier": 1,
    }
    (folder / "configured.py").write_text(f"from tasks import app\napp.conf.update({conf!r})\n")
    quick = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    command = ["celery", "-A", "configured:app", "worker", "--pool", "prefork", "--concurrency", "2", *quick]
    client = Celery("client")
    client.conf.update(conf)
    with running(command, folder, settings(url)):
        asked = list(tokens) * 10
        answers = [client.send_task("tasks.email_of", [tokens[email]]) for email in asked]
        assert [answer.get(timeout=SECONDS, interval=0.02) for answer in answers] == asked
    client.close()


def test_f1_multiprocessings_children_answer_everybody_with_themselves(
    folder: Path, postgres_server: PostgresServer
) -> None:
    url = postgres_server.create_database()
    tokens = people(url)
    asked = list(tokens) * 20
    done = subprocess.run(
        [sys.executable, "report.py", *(tokens[email] for email in asked)],
        cwd=folder,
        env=settings(url),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == asked
    postgres_server.drop_database(url)


ENDING: Final = """
import asyncio, gc, os, sys
from contextlib import ExitStack
from tests.documents import ROOT, programs
from tests.integration.forks.drivers import opened

with ExitStack() as stack:
    backends = [stack.enter_context(opened(*pair.split("|"))) for pair in sys.argv[1:]]
    tokens = [backend.sign_up("jane")["jane@example.org"] for backend in backends]

    def connections():
        for backend in backends:
            record = backend.engine.pool._pool.queue[0] if backend.driver == "psycopg" else None
            if "async" in backend.driver:
                record = backend.engine.pool._pool._queue._queue[0]
            if record is not None:
                yield record.driver_connection

    before = {id(connection): connection for connection in connections()}
    child = os.fork()
    if not child:
        with ExitStack() as own:
            before.clear()
            for backend, token in zip(backends, tokens):
                with backend.anew() as drive:
                    assert drive(backend.who(token, 2)) == {"jane@example.org": 2}
        # what a child closes by itself of an event loop of its parent's is missing there, as asyncio has it
        asyncio.Runner.close = lambda runner: None
        stack.pop_all()
        del backends, backend
        gc.collect()
        sys.exit(0)  # everything that is left is finalized
    assert os.waitpid(child, 0)[1] == 0
    for backend, token in zip(backends, tokens):
        assert backend.drive(backend.who(token, 5)) == {"jane@example.org": 5}, backend.driver
    # the parent's connections are the ones of before
    print(*(id(connection) in before for connection in connections()))
"""


@pytest.mark.long
def test_f1_a_child_that_ends_as_a_program_does_leaves_the_parents_connections_alone(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    urls = [postgres_server.create_database() for _ in range(3)]
    pairs = [f"aiosqlite|sqlite:///{tmp_path}/a.db", f"sqlite3|sqlite:///{tmp_path}/b.db"]
    pairs += [f"{driver}|{url}" for driver, url in zip(("psycopg", "asyncpg", "psycopg async"), urls, strict=True)]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::ResourceWarning", "-c", ENDING, *pairs],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([".", os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["True", "True", "True"]
    for url in urls:
        postgres_server.drop_database(url)
