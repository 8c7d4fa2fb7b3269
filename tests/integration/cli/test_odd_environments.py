"""Every command in odd environments: never a traceback, one line on standard error at most, and the exit code right.

`make test` runs each environment with the commands that it is about; `make long` runs every one with every command.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import attrs
import pytest
from tests.integration.cli.harness import COMMAND

ROOT: Final = Path(__file__).resolve().parents[3]
PASSWORD: Final = b"correct horse battery staple\n".hex()
HUGE: Final = "9" * 4400
PATIENCE_SECONDS: Final = 60

CREATE: Final = ("users", "create", "--email", "john@example.org", "--name", "John", "--password-stdin")
COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "help": ("--help",),
    "nothing": (),
    "nonsense": ("users", "frob"),
    "show": ("users", "show", "1"),
    "show as JSON": ("users", "show", "jane@example.org", "--json"),
    "create": CREATE,
    "delete": ("users", "delete", "1"),
    "unlock": ("users", "unlock", "1"),
    "audit": ("audit", "--json"),
    "outbox": ("outbox", "list"),
    "retry": ("outbox", "retry", "job_1"),
    "reconcile": ("cards", "reconcile", "--dry-run"),
    "migrate": ("migrate",),
    "check": ("check",),
    "worker": ("worker", "--once"),
}
FINE: Final = frozenset(COMMANDS) - {"nothing", "nonsense", "delete", "retry"}
"""What ends with 0 where nothing is odd. Nobody can be asked at a terminal here, so `delete` refuses."""
SILENT: Final = frozenset({"nothing", "nonsense"})
"""What writes the usage to standard error, which is more than one line."""


@attrs.frozen
class Ended:
    code: int
    out: str
    err: str


class Fork(Protocol):
    """Runs a command in an environment, in a folder with a migrated database in which Jane is user 1."""

    def __call__(self, *arguments: str | bytes, **case: Any) -> Ended: ...


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database in it."""
    folder = tmp_path_factory.mktemp("prepared")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ACCOUNTS_")}
    for command, told in (
        ("migrate", ""),
        ("users create --email jane@example.org --name J\u00e4ne --password-stdin", "correct horse battery staple\n"),
    ):
        done = subprocess.run(
            [*COMMAND, *command.split()], cwd=folder, env=environment, input=told, text=True, check=False, timeout=120
        )
        assert done.returncode == 0
    return folder


@pytest.fixture(scope="module")
def forks() -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.integration.cli.odd_forks"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(PATIENCE_SECONDS) == 0


@pytest.fixture
def fork(forks: "subprocess.Popen[str]", prepared: Path, tmp_path: Path) -> Iterator[Fork]:
    folder = tmp_path / "folder"
    shutil.copytree(prepared, folder)
    tmp_path.chmod(0o755)
    for parent in (tmp_path.parent, tmp_path.parent.parent):
        parent.chmod(0o755)  # so that another user may look in

    def run(*arguments: str | bytes, **case: Any) -> Ended:
        where = case.pop("folder", folder)
        for name, content in case.pop("write", {}).items():
            (where / name).mkdir() if content is None else (where / name).write_bytes(content)
        for name, mode in case.pop("modes", {}).items():
            (where / name).chmod(mode)
        if rename := case.pop("rename", None):
            where = where.rename(where.with_name(os.fsdecode(rename)))
        environment = {"PATH": os.defpath, "HOME": str(tmp_path), **case.pop("environment", {})}
        question = {
            "arguments": [os.fsencode(each).hex() for each in arguments],
            "folder": str(where),
            "environment": {name: value for name, value in environment.items() if value is not None},
            **case,
        }
        assert forks.stdin is not None
        assert forks.stdout is not None
        forks.stdin.write(json.dumps(question) + "\n")
        forks.stdin.flush()
        return Ended(**json.loads(forks.stdout.readline()))

    yield run
    for path in (folder, *folder.rglob("*")) if folder.exists() else ():
        path.chmod(0o755)


def no_traceback(ended: Ended, command: str = "") -> None:
    assert "Traceback" not in ended.out + ended.err
    assert "Exception ignored" not in ended.err
    assert ended.code in {0, 1, 2, 130}, ended
    # the worker logs there what it does
    said = [line for line in ended.err.splitlines() if command != "worker" or not line.startswith('{"timestamp": ')]
    if command not in SILENT:
        assert len(said) <= 1, ended.err
        assert all(line.startswith("accounts: ") for line in said), ended.err
    if ended.code == 0:
        assert said == []


Case = Mapping[str, Any]

HARMLESS: Final[Mapping[str, Case]] = {
    "nothing odd": {},
    "LC_ALL=C": {"environment": {"LC_ALL": "C"}},
    "output in ASCII": {"environment": {"PYTHONIOENCODING": "ascii"}},
    "output in Latin-1": {"environment": {"PYTHONIOENCODING": "latin-1:strict"}},
    "output in UTF-16": {"environment": {"PYTHONIOENCODING": "utf-16"}},
    "no HOME": {"environment": {"HOME": None}},
    "an empty HOME": {"environment": {"HOME": ""}},
    "a HOME that is not there": {"environment": {"HOME": "/nowhere/at/all"}},
    "no PATH": {"environment": {"PATH": None}},
    "TERM=dumb": {"environment": {"TERM": "dumb"}},
    "COLUMNS=0": {"environment": {"COLUMNS": "0"}},
    "COLUMNS=1": {"environment": {"COLUMNS": "1"}},
    "COLUMNS=many": {"environment": {"COLUMNS": "many"}},
    "COLUMNS=-5": {"environment": {"COLUMNS": "-5"}},
    "an odd TZ": {"environment": {"TZ": "Nowhere/Atlantis+99"}},
    "an empty TZ": {"environment": {"TZ": ""}},
    "umask 077": {"umask": 0o077},
    "umask 777": {"umask": 0o777},
    "nice 19": {"nice": 19},
    "a folder with an odd name": {"rename": "a #%?\u00e9\u2028 'quoted' \"folder\"".encode()},
    "a folder with a name that is no text": {"rename": b"no\xfftext"},
    ".env with BOM and CRLF": {"write": {".env": b"\xef\xbb\xbfACCOUNTS_SESSION_DAYS=3\r\n"}},
    ".env that is empty": {"write": {".env": b""}},
    "other programs' settings": {"environment": {"ACCOUNT": "1", "ACCOUNTS_TEST_X": "1", "PGSSLMODE": "bogus"}},
    "standard error closed": {"stderr": "closed"},
    "standard error full": {"stderr": "full"},
    "standard error unread": {"stderr": "unread"},
}
"""Nothing that a command does is other than usual."""


def bad_setting(name: str, value: str) -> Case:
    return {"environment": {f"ACCOUNTS_{name}": value}}


FAILING: Final[Mapping[str, tuple[Case, str]]] = {
    "standard output closed": ({"stdout": "closed"}, "Standard output cannot be written: Bad file descriptor."),
    "standard output full": ({"stdout": "full"}, "Standard output cannot be written: No space left on device."),
    "standard output unread": ({"stdout": "unread"}, ""),
    "all three closed": ({"stdin": "closed", "stdout": "closed", "stderr": "closed"}, ""),
    "output closed and errors full": ({"stdout": "closed", "stderr": "full"}, ""),
    "four files": ({"files": 4}, "Too many open files"),
    ".env is a folder": ({"write": {".env": None}}, ".env cannot be read: Is a directory."),
    ".env is no text": ({"write": {".env": b"\xff\xfe"}}, ".env is not UTF-8 text."),
    ".env with a NUL": ({"write": {".env": b"ACCOUNTS_DATABASE_URL=sqlite:///a\0.db"}}, "expected sqlite:///<file>"),
    ".env is huge": ({"write": {".env": b"#" * 70_000}}, ".env is larger than 64 KiB."),
    "a surrogate in a setting": (bad_setting("DATABASE_URL", "sqlite:///\udcff.db"), "expected sqlite:///<file>"),
    "a line break in a setting": (bad_setting("MAIL_FROM", "a@example.org\nBcc: b@example.org"), "expected an address"),
    "4,400 digits in a number": (bad_setting("SESSION_DAYS", HUGE), "expected a number of days from 1 to 3650"),
    "4,400 digits in an amount": (bad_setting("VERIFICATION_AMOUNTS", f"usd={HUGE}"), "expected amounts"),
    "nine digits in an amount": (bad_setting("VERIFICATION_AMOUNTS", "usd=100000000"), "at most 99999999 minor units"),
    "4,400 digits in a limit": (bad_setting("LIMITS", f"sign-in={HUGE}/hour"), "expected limits such as"),
    "4,400 digits in a port": (bad_setting("PUBLIC_URL", f"http://a:{HUGE}"), "expected a URL"),
    "4,400 digits in a database's port": (bad_setting("DATABASE_URL", f"postgresql://a:{HUGE}/b"), "expected sqlite"),
    "an empty setting": (bad_setting("DATABASE_URL", ""), "got nothing."),
    "a setting that there is not": (bad_setting("SESION_DAYS", "3"), "Did you mean ACCOUNTS_SESSION_DAYS?"),
    "a database that is a folder": (bad_setting("DATABASE_URL", "sqlite:////tmp"), "sqlite:////tmp"),
    "a database in no folder": (bad_setting("DATABASE_URL", "sqlite:///no/where.db"), "no/where.db"),
    "an odd timeout": (
        bad_setting("DATABASE_URL", "sqlite:///accounts.db?timeout=abc"),
        "its parameters cannot be read (could not convert string to float: 'abc')",
    ),
    "an unknown parameter": (
        bad_setting("DATABASE_URL", "sqlite:///accounts.db?colour=blue"),
        "its parameters cannot be read (Query string argument(s) 'colour'",
    ),
    "a password with an @": (
        bad_setting("DATABASE_URL", "postgresql://jane:hunter@2-tail@localhost/db"),
        "with every @ in the password written as %40; got something else, which is not shown",
    ),
    "a password with an @ and a slash": (
        bad_setting("DATABASE_URL", "postgresql://jane:hunter@2-tail/more@localhost/db"),
        "which is not shown",
    ),
    "a password with an @ and a question mark": (
        bad_setting("DATABASE_URL", "postgresql://jane:hunter@host/2-tail?more@localhost/db"),
        "which is not shown",
    ),
    "a password with a slash in another setting": (
        bad_setting("PUBLIC_URL", "https://jane:hunter/2-tail@localhost"),
        "which is not shown",
    ),
    "a PostgreSQL that is away": (
        bad_setting("DATABASE_URL", "postgresql://jane:hunter2-tail@127.0.0.1:1/db"),
        "postgresql://jane:***@127.0.0.1:1/db: The database is away.",
    ),
    "a parameter that PostgreSQL's driver does not know": (
        bad_setting("DATABASE_URL", "postgresql://jane:hunter2-tail@127.0.0.1:1/db?colour=blue"),
        'invalid connection option "colour"',
    ),
}
"""Every command that needs what is missing ends with 1 and this line."""

NOT_A_DATABASE: Final[Mapping[str, str]] = {
    "a file that is no database": "this is no database, whatever its name says",
    "an empty file": "",
}


@pytest.mark.parametrize("case", HARMLESS.values(), ids=HARMLESS)
@pytest.mark.parametrize(
    "command", ["show", *(pytest.param(each, marks=pytest.mark.long) for each in ("help", "show as JSON"))]
)
def test_where_nothing_is_missing_a_command_does_as_ever(fork: Fork, case: Case, command: str) -> None:
    ended = fork(*COMMANDS[command], **case)

    no_traceback(ended)
    assert ended.code == 0
    assert ended.out


@pytest.mark.parametrize(("case", "said"), FAILING.values(), ids=FAILING)
def test_where_something_is_missing_a_line_says_so(fork: Fork, case: Case, said: str) -> None:
    ended = fork(*COMMANDS["show"], **case)

    no_traceback(ended)
    assert ended.code == 1
    assert said in ended.err
    assert "2-tail" not in ended.err + ended.out
    if case.get("stdout") == "unread":
        assert ended.err == ""


THIRD: Final = [
    (name, command)
    for number, name in enumerate([*HARMLESS, *FAILING])
    for place, command in enumerate(COMMANDS)
    if (number + place) % 3 == 0
]
"""Each environment with a third of the commands, and each command with a third of the environments."""


@pytest.mark.long
@pytest.mark.parametrize(("name", "command"), THIRD)
def test_each_environment_with_a_third_of_the_commands(fork: Fork, command: str, name: str) -> None:
    harmless = HARMLESS.get(name)
    case = FAILING[name][0] if harmless is None else harmless

    ended = fork(*COMMANDS[command], **{"stdin": PASSWORD, **case})

    no_traceback(ended, command)
    assert "2-tail" not in ended.err + ended.out
    if (name, command) == ("output in UTF-16", "create"):  # standard input is read so, too
        assert "The password on standard input cannot be decoded" in ended.err
    elif harmless is not None:
        assert ended.code == (0 if command in FINE else 2 if command in SILENT else 1), ended
    elif command in SILENT:
        assert ended.code == 2 or "Too many open files" in ended.err


@pytest.mark.parametrize("who", [HUGE, "0", "-1", "", "9" * 19, "\u0661", "a" * 100_000, b"\xff", "1\n2", "%s{}"])
@pytest.mark.parametrize(
    "command", [("users", "show"), ("users", "unlock"), ("audit", "--user"), ("outbox", "retry")], ids=" ".join
)
def test_an_odd_id_is_nobodys(fork: Fork, command: tuple[str, ...], who: str | bytes) -> None:
    ended = fork(*command, who)

    assert "Traceback" not in ended.err
    assert ended.code in {1, 2}  # 2: argparse takes -1 for an option
    assert len(ended.err) < 1000
    if ended.code == 1:
        no_traceback(ended)
        assert "No such" in ended.err or "This is not an email address." in ended.err or "email: " in ended.err


@pytest.mark.parametrize("value", [HUGE, "", "-1", "1e3", "\u0661", b"\xff"])
def test_an_odd_number_is_not_understood(fork: Fork, value: str | bytes) -> None:
    ended = fork("audit", "--limit", value)

    assert ended.code == 2
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("value", [HUGE, "", "0", "1e3", "\u0661", b"\xff", "p1.AAAAAAAAAAAA"])
def test_an_odd_position_is_refused(fork: Fork, value: str | bytes) -> None:
    ended = fork("audit", "--before", value)

    no_traceback(ended)
    assert ended.code == 1
    assert ended.err.startswith("accounts: before: This is neither")


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--host", ""),
        ("serve", "--host", b"\xff"),
        ("serve", "--host", "a" * 70),
        ("serve", "--host", "999.1.1.1"),
        ("serve", "--workers", "2"),
        ("stripe-simulator", "--file", ""),
        ("stripe-simulator", "--file", "."),
        ("stripe-simulator", "--file", "no/where.db"),
        ("stripe-simulator", "--file", ":memory:", "--webhook-url", "nonsense"),
        ("stripe-simulator", "--file", ":memory:", "--webhook-url", "http://a:port/"),
    ],
    ids=str,
)
def test_a_service_that_cannot_start_says_so_in_a_line(fork: Fork, arguments: tuple[str, ...]) -> None:
    ended = fork(*arguments, environment={"ACCOUNTS_DATABASE_URL": "sqlite:///accounts.db"})

    no_traceback(ended)
    assert ended.code == 1
    assert ended.err


@pytest.mark.parametrize("text", ["", "\n\n", "\xff", "a\0b" * 9, "\ud800", "x" * 5000], ids=ascii)
def test_an_odd_password_is_refused_in_a_line(fork: Fork, text: str) -> None:
    ended = fork(*CREATE, stdin=text.encode("latin-1" if text == "\xff" else "utf-8", "surrogatepass").hex())

    no_traceback(ended)
    assert ended.code == 1
    assert ended.err


@pytest.mark.parametrize("case", [{"stdin": "closed"}, {"stdin": ""}], ids=str)
@pytest.mark.parametrize("command", ["create", "delete"])
def test_without_anybody_to_ask_nothing_is_done(fork: Fork, case: Case, command: str) -> None:
    ended = fork(*COMMANDS[command], **case)

    no_traceback(ended)
    assert ended.code == 1
    assert ended.err
    assert fork(*COMMANDS["show"]).code == 0


@pytest.mark.skipif(os.getuid() != 0, reason="becomes another user, which root alone may")
@pytest.mark.parametrize(
    ("case", "command", "said"),
    [
        ({"modes": {".": 0o755}}, "show", "accounts.db cannot be written: Permission denied."),
        ({"modes": {".": 0o755, "accounts.db": 0o666}}, "create", "_URL: . cannot be written: Permission denied."),
        ({"modes": {".": 0o777, "accounts.db": 0o444}}, "create", "accounts.db cannot be written: Permission denied."),
        ({"modes": {".": 0o755, "accounts.db": 0o000}}, "show", "accounts.db cannot be written: Permission denied."),
        ({"write": {".env": b""}, "modes": {".env": 0o000}}, "show", ".env cannot be read: Permission denied."),
        ({"modes": {".": 0o000}}, "show", "Permission denied"),
        ({"modes": {"accounts.db": 0o444}}, "migrate", ""),
    ],
    ids=str,
)
def test_a_database_or_a_folder_that_may_not_be_written(fork: Fork, case: Case, command: str, said: str) -> None:
    ended = fork(*COMMANDS[command], is_nobody=True, stdin=PASSWORD, **case)

    no_traceback(ended)
    assert said in ended.err


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in SILENT | {"help"}])
def test_a_working_folder_that_is_gone(fork: Fork, tmp_path: Path, command: str) -> None:
    (tmp_path / "gone").mkdir()

    ended = fork(*COMMANDS[command], folder=tmp_path / "gone", is_gone=True, stdin=PASSWORD)

    no_traceback(ended)
    assert ended.code == 1


@pytest.mark.parametrize("content", NOT_A_DATABASE.values(), ids=NOT_A_DATABASE)
@pytest.mark.parametrize("command", ["show", "check", "worker"])
def test_a_file_that_is_not_the_database(fork: Fork, content: str, command: str) -> None:
    ended = fork(*COMMANDS[command], write={"accounts.db": content.encode()})

    no_traceback(ended)
    assert ended.code == 1


@pytest.mark.parametrize("seconds", [0.02, 0.05, 0.1, 0.2, 0.4])
@pytest.mark.parametrize("command", ["show", "create", "migrate", "check"])
def test_an_interruption_at_any_time_is_quiet(fork: Fork, command: str, seconds: float) -> None:
    ended = fork(*COMMANDS[command], stdin=PASSWORD, interrupt=seconds)

    no_traceback(ended)
    assert ended.code in {0, 130}
    assert ended.err == ""


STARTED: Final = [
    ("users show 1 >&-", 1, "accounts: Standard output cannot be written: Bad file descriptor.\n"),
    ("--help >/dev/full", 1, "accounts: Standard output cannot be written: No space left on device.\n"),
    ("--version >&-", 1, "accounts: Standard output cannot be written: Bad file descriptor.\n"),
    ("nonsense 2>&-", 2, ""),
    ("users show 1 <&- >&- 2>&-", 1, ""),
    ("users show 99 2>/dev/full", 1, ""),
    ("--help | true", 0, ""),
]
"""What the interpreter itself does at its start and at its end is shown by processes of their own."""


INTERRUPTED_BESIDE_A_TASK: Final = """
import asyncio, logging, sys, accounts_cli

async def wait():
    await asyncio.sleep(9)

def interrupted(argv):
    loop = asyncio.new_event_loop()
    task = loop.create_task(wait())
    loop.call_soon(loop.stop)
    loop.run_forever()
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        logging.getLogger("sqlalchemy.pool.impl.QueuePool").error("Exception closing connection", exc_info=True)
        raise

accounts_cli._main = interrupted
sys.exit(accounts_cli.main([]))
"""


def test_an_interruption_beside_a_running_task_is_quiet() -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED_BESIDE_A_TASK], check=False, capture_output=True)

    assert (ended.returncode, ended.stdout, ended.stderr) == (130, b"", b"")


@pytest.mark.parametrize(("line", "code", "said"), STARTED, ids=[line for line, _, _ in STARTED])
def test_started_by_a_shell_it_is_the_same(fork: Fork, prepared: Path, line: str, code: int, said: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ACCOUNTS_")}
    done = subprocess.run(
        ["bash", "-c", f'"$0" -m accounts_cli {line}', sys.executable],
        cwd=prepared,
        env={**environment, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )

    assert (done.returncode, done.stderr) == (code, said)
