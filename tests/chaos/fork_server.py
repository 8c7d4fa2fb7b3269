"""A process that has everything imported already and forks into `accounts` commands, as often as it is asked.

Importing takes ten times as long as starting: a service that is to be killed a thousand times is started this way. What
runs is the whole command in a process of its own, as from a terminal; only the modules were read beforehand, and
neither a thread nor a loop nor a connection was made.

Each line on standard input is a program: its arguments, its settings, its folder, the file for what it says. Each
line on standard output is the process id of one. Whoever closes standard input kills them all.
"""

import json
import os
import signal
import sys
from importlib import import_module
from typing import Any, Final, NoReturn

AHEAD: Final = (
    "accounts_cli.commands",
    "accounts_service.startup",
    "accounts_service.worker",
    "accounts_sql.migrating",
    "accounts_smtp.smtp",
    "aiosqlite",
    "asyncpg",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "stripe",
    "structlog",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.httptools_impl",
    "uvloop",
)


def main() -> None:
    for name in AHEAD:
        import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who ended is not waited for
    started: list[int] = []
    for line in sys.stdin:
        program = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(program)
        started.append(pid)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    for pid in started:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _become(program: dict[str, Any]) -> NoReturn:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(program["folder"])
    os.environ.update(program["settings"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    said = os.open(program["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(said, 1)
    os.dup2(said, 2)
    from accounts_cli import main as accounts

    try:
        code = accounts(program["arguments"])
    except BaseException:  # noqa: BLE001  nothing of this process may go on as the one that it was forked from
        import traceback

        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
