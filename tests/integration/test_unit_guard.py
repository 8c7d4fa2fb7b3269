"""The guard over the unit tests (tests/unit/conftest.py), held against tests that break its rule.

Each entry is a unit test's body, run in a copy of the tree by a pytest of its own.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import pytest

GUARD = Path(__file__).parents[1] / "unit" / "conftest.py"
REFUSAL = "A unit test touches no network, file or event loop"

REFUSED = {
    "opens_a_socket": "import socket; socket.socket()",
    "looks_a_name_up": "import socket; socket.getaddrinfo('localhost', 80)",
    "writes_a_file": "open('out.txt', 'w')",
    "writes_where_it_may_read": "open(__file__, 'a')",
    "writes_a_file_below_the_io_module": "import os; os.open('out.txt', os.O_CREAT | os.O_WRONLY)",
    "reads_a_file_of_the_host": "open('/etc/hosts').read()",
    "asks_for_a_temporary_file": "import tempfile; tempfile.TemporaryFile()",
    "makes_a_folder": "import os; os.mkdir('folder')",
    "removes_a_file": "import os; os.remove('out.txt')",
    "opens_a_database_file": "import sqlite3; sqlite3.connect('accounts.db')",
    "starts_a_process": "import subprocess; subprocess.run(['true'])",
    "makes_an_event_loop": "import asyncio; asyncio.new_event_loop()",
    "runs_a_coroutine_in_a_loop": "import asyncio\nwith asyncio.Runner() as runner: runner.get_loop()",
    "swallows_the_refusal": "try:\n    open('out.txt', 'w')\nexcept BaseException:\n    pass",
    "leaves_it_to_a_thread": (
        "import threading\n"
        "def write():\n"
        "    try:\n        open('out.txt', 'w')\n    except BaseException:\n        pass\n"
        "thread = threading.Thread(target=write)\nthread.start()\nthread.join()"
    ),
}
ALLOWED = {
    "imports_late": "import wsgiref.simple_server",
    "reads_its_own_source": "open(__file__).read()",
    "throws_output_away": "import os\nwith open(os.devnull, 'w') as sink: sink.write('x')",
    "uses_sqlite_in_memory": "import sqlite3; sqlite3.connect(':memory:').close()",
    "starts_a_thread": (
        "import threading\nthread = threading.Thread(target=len, args=('x',))\nthread.start()\nthread.join()"
    ),
}
LONGER = """
import socket
import threading

import pytest

@pytest.fixture
def file_at_setup():
    open('out.txt', 'w').close()

@pytest.fixture
def file_at_teardown():
    yield
    open('out.txt', 'w').close()

def test_has_a_fixture_that_writes_a_file(file_at_setup):
    pass

def test_has_a_fixture_that_writes_a_file_at_the_end(file_at_teardown):
    pass

asked, answered = threading.Event(), threading.Event()

def serve():
    asked.wait()
    socket.socket().close()
    answered.set()

threading.Thread(target=serve, daemon=True).start()

def test_runs_beside_a_server_that_was_there_before():
    asked.set()
    assert answered.wait(5)
"""
OUTSIDE = """
import asyncio, socket

def test_is_no_unit_test():
    asyncio.run(asyncio.sleep(0))
    socket.socket().close()
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The line that pytest's summary gives each test, by the test's name."""
    root = tmp_path_factory.mktemp("guarded")
    unit = root / "tests" / "unit"
    unit.mkdir(parents=True)
    shutil.copy(GUARD, unit)
    bodies = {**REFUSED, **ALLOWED}
    written = "\n\n".join(f"def test_{name}():\n{indent(body, '    ')}" for name, body in bodies.items())
    (unit / "test_written.py").write_text(f"{written}\n{LONGER}", encoding="utf-8")
    (root / "tests" / "test_outside.py").write_text(OUTSIDE, encoding="utf-8")

    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", str(root / "tests")]
    environment = {"COLUMNS": "1000", "PYTHONPATH": ""}
    run = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)

    summary = {match[1]: match[0] for match in re.finditer(r"^[A-Z]+ \S+::test_(\w+).*$", run.stdout, re.MULTILINE)}
    assert summary, run.stdout + run.stderr
    return summary


@pytest.mark.parametrize("name", REFUSED)
def test_a_unit_test_fails_when_it(outcomes: dict[str, str], name: str) -> None:
    assert outcomes[name].startswith("FAILED")
    assert REFUSAL in outcomes[name]


@pytest.mark.parametrize("name", ["has_a_fixture_that_writes_a_file", "has_a_fixture_that_writes_a_file_at_the_end"])
def test_a_unit_test_errs_when_it(outcomes: dict[str, str], name: str) -> None:
    assert REFUSAL in outcomes[name]


@pytest.mark.parametrize("name", [*ALLOWED, "runs_beside_a_server_that_was_there_before"])
def test_a_unit_test_passes_though_it(outcomes: dict[str, str], name: str) -> None:
    assert outcomes[name].startswith("PASSED")


def test_other_tests_go_unguarded(outcomes: dict[str, str]) -> None:
    assert outcomes["is_no_unit_test"].startswith("PASSED")
