"""Runs the `accounts` command in forks of one process that has it imported already.

To import it takes longer than most commands do, so a process of its own for each odd environment would take minutes. A
fork is given what the interpreter would find at its start: streams that are closed, full or of another encoding, a
working folder, an environment, limits. Reads a JSON object a line, and answers each with one.
"""

import ctypes
import io
import json
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from accounts_cli import main

NOBODY: Final = 65534
PATIENCE_SECONDS: Final = 20
PRELOADED: Final = (
    *(f"accounts_cli.{name}" for name in ("audit", "cards", "commands", "outbox", "users")),
    *(f"accounts_service.{name}" for name in ("simulator", "startup", "worker")),
    *("accounts_smtp.smtp", "aiosqlite", "asyncpg", "psycopg", "sqlalchemy.dialects.postgresql.asyncpg"),
    *("sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite.aiosqlite"),
)
"""What each fork would import again."""


def serve() -> None:
    for name in PRELOADED:
        import_module(name)
    for line in sys.stdin:
        case = json.loads(line)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if child == 0:
                run(case, out.fileno(), err.fileno())
            _, status = os.waitpid(child, 0)
            said = {}
            for name, file in (("out", out), ("err", err)):
                file.seek(0)
                said[name] = file.read().decode("utf-8", "backslashreplace")
        sys.stdout.write(json.dumps({"code": os.waitstatus_to_exitcode(status), **said}) + "\n")
        sys.stdout.flush()


def run(case: Mapping[str, Any], out: int, err: int) -> None:
    """Be the command. Ends as the interpreter does at its end: what cannot be flushed then is told, as 120."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: no longer than the tests
    signal.alarm(PATIENCE_SECONDS)
    code: Any = 1
    try:
        os.environ.clear()
        os.environ.update(case["environment"])
        os.chdir(case["folder"])
        if case.get("is_gone"):
            Path(case["folder"]).rmdir()
        os.umask(case.get("umask", 0o022))
        open_streams(case, out, err)
        if "files" in case:
            resource.setrlimit(resource.RLIMIT_NOFILE, (case["files"], case["files"]))
        if case.get("nice"):
            os.nice(case["nice"])
        if case.get("is_nobody"):
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        if case.get("interrupt"):
            signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.setitimer(signal.ITIMER_REAL, case["interrupt"])
        code = main([os.fsdecode(bytes.fromhex(each)) for each in case["arguments"]])
        signal.setitimer(signal.ITIMER_REAL, 0)
    except SystemExit as stop:
        code = stop.code
    except BaseException as error:  # noqa: BLE001  as the interpreter does
        sys.excepthook(type(error), error, error.__traceback__)
        code = 70
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            code = 120
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def open_streams(case: Mapping[str, Any], out: int, err: int) -> None:
    """Open the three as the case says, and make of them what the interpreter makes."""
    wanted = {0: case.get("stdin", ""), 1: case.get("stdout", "file"), 2: case.get("stderr", "file")}
    encoding, _, errors = case["environment"].get("PYTHONIOENCODING", "utf-8").partition(":")
    for number, kind in wanted.items():
        match kind:
            case "closed":
                continue
            case "file":
                os.dup2(out if number == 1 else err, number)
            case "full":
                os.dup2(os.open("/dev/full", os.O_WRONLY), number)
            case "unread":
                reading, writing = os.pipe()
                os.dup2(writing, number)
                os.close(reading)
                os.close(writing)
            case text:
                reading, writing = os.pipe()
                os.write(writing, bytes.fromhex(text))
                os.close(writing)
                os.dup2(reading, number)
                os.close(reading)
    for number, kind in wanted.items():
        if kind == "closed":
            os.close(number)
    # as the interpreter leaves them
    sys.stdin = None if wanted[0] == "closed" else io.TextIOWrapper(io.FileIO(0), encoding, errors or "strict")
    sys.stdout = None if wanted[1] == "closed" else open(1, "w", encoding=encoding, errors=errors or "strict")  # noqa: SIM115  open until the process ends
    sys.stderr = None if wanted[2] == "closed" else open(2, "w", buffering=1, errors="backslashreplace")  # noqa: SIM115  as above


if __name__ == "__main__":
    serve()
