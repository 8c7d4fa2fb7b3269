"""`python -m benchmarks.hosts`: the same host on four libraries, each run against the same checks, and counted.

Ours run in this environment, the peers in one of their own, which is made at the first run.
"""

import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import attrs
import httpx
from benchmarks.hosts.checks import check, limits_guesses, sends_mails_later
from benchmarks.hosts.clients import AccountsClient, AllauthClient, Client, FastAPIUsersClient
from benchmarks.hosts.counting import statements
from benchmarks.hosts.mailbox import Mailbox, free_port

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
PEERS: Final = ROOT / ".venv-hosts-peers"
START_SECONDS: Final = 30.0
SECRET: Final = "a secret of thirty-two characters"
UVICORN: Final = ("-m", "uvicorn", "host:app", "--log-level", "warning", "--port")


@attrs.frozen
class Host:
    """The same host on a library."""

    folder: str
    library: str
    client: Callable[[httpx.Client], Client]
    serve: Sequence[str]
    """The arguments of Python that serve it, before the port."""
    database: str
    """The setting of the database, with `{file}`."""
    before: Sequence[Sequence[str]] = ()
    """What is run first, such as a migration."""
    is_peer: bool = True
    lacks: str = ""

    @property
    def files(self) -> list[Path]:
        return sorted((HERE / self.folder).rglob("*.py"))

    @property
    def python(self) -> str:
        return str(PEERS / "bin" / "python") if self.is_peer else sys.executable

    def environment(self, folder: Path, mailbox: Mailbox) -> dict[str, str]:
        name, _, value = self.database.partition("=")
        kept = {each: os.environ[each] for each in ("PATH", "LANG", "HOME", "TMPDIR") if each in os.environ}
        return kept | {
            name: value.format(file=folder / "shop.db"),
            "SMTP_URL": f"smtp://127.0.0.1:{mailbox.port}",
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(mailbox.port),
            "STRIPE_API_KEY": "sk_test_benchmark",
            "SECRET": SECRET,
            "DJANGO_SETTINGS_MODULE": "host",
        }

    @contextmanager
    def running(self, mailbox: Mailbox) -> Iterator[str]:
        """Serve it on an empty database, and yield its URL."""
        with tempfile.TemporaryDirectory() as created, ExitStack() as stack:
            environment = self.environment(Path(created), mailbox)
            log = stack.enter_context((Path(created) / "log").open("w+"))
            for arguments in self.before:
                subprocess.run(
                    [self.python, *arguments],
                    cwd=HERE / self.folder,
                    env=environment,
                    stdout=log,
                    stderr=log,
                    check=True,
                )
            port = free_port()
            process = subprocess.Popen(
                [self.python, *self.serve, str(port)],
                cwd=HERE / self.folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            url = f"http://127.0.0.1:{port}"
            try:
                _wait_for(url, process)
                yield url
            except BaseException as error:
                error.add_note((Path(created) / "log").read_text())
                raise
            finally:
                process.terminate()
                process.wait(START_SECONDS)


HOSTS: Final = (
    Host(
        "on_fastapi",
        "accounts-core on FastAPI",
        AccountsClient,
        UVICORN,
        "DATABASE_URL=sqlite:///{file}",
        is_peer=False,
    ),
    Host(
        "on_litestar",
        "accounts-core on Litestar",
        AccountsClient,
        UVICORN,
        "DATABASE_URL=sqlite:///{file}",
        is_peer=False,
    ),
    Host(
        "on_fastapi_users",
        "fastapi-users",
        FastAPIUsersClient,
        UVICORN,
        "DATABASE_URL=sqlite+aiosqlite:///{file}",
        lacks="worker, limits, migrations (it creates tables), texts of mails, cards, teams, export, audit trail",
    ),
    Host(
        "on_django_allauth",
        "django-allauth, headless",
        AllauthClient,
        ("-m", "django", "runserver", "--noreload"),
        "DATABASE_NAME={file}",
        before=[("-m", "django", "migrate")],
        lacks="worker, cards, teams, export, audit trail",
    ),
)
SCRIPT: Final = ROOT / "examples" / "script.py"


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(url, trust_env=False, timeout=START_SECONDS)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the host does not start")


def make_peers() -> None:
    """Make the environment of the peers, if it is not there."""
    if not (PEERS / "ready").exists():
        venv.create(PEERS, with_pip=True)
        install = ["-m", "pip", "-qq", "--no-input", "install", "--requirement", str(HERE / "requirements.txt")]
        subprocess.run([PEERS / "bin" / "python", *install], check=True)
        (PEERS / "ready").touch()


def run(host: Host) -> tuple[bool, bool]:
    """Check a host; return whether it sends mails later, and whether it limits guesses."""
    mailbox = Mailbox(free_port())
    with host.running(mailbox) as url, ExitStack() as stack:

        def new_client() -> Client:
            http = httpx.Client(base_url=url, trust_env=False, timeout=START_SECONDS, follow_redirects=True)
            return host.client(stack.enter_context(http))

        check(new_client, mailbox)
        return sends_mails_later(new_client, mailbox), limits_guesses(new_client)


def row(name: str, files: Sequence[Path], *rest: str) -> str:
    """Return a row of the table."""
    counted = statements(files), statements(files, imports=False)
    return f"| {' | '.join([name, *map(str, counted), *rest])} |"


def main() -> int:
    make_peers()
    print("| host | statements | without imports | checks | mails while the server is away | limits guesses | lacks |")
    print("|---|---|---|---|---|---|---|")
    for host in HOSTS:
        later, limited = run(host)
        told = ["sent later" if later else "lost", "yes" if limited else "no"]
        print(row(host.library, host.files, "pass", *told, host.lacks))
    print(row("cron script (`examples/script.py`)", [SCRIPT], "", "", "", ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
