"""Two releases of the service side by side, and clients that use both, for tests of rolling deploys."""

import os
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import httpx
import pytest
from tests.integration.cli.harness import COMMAND, PASSWORD, Served, settings

from accounts_sql.migrations.released import RELEASED

ROOT: Final = Path(__file__).resolve().parents[3]
THREADS: Final = 3
PATIENCE_SECONDS: Final = 30


@attrs.frozen
class Release:
    """A version of the product, by its folder of sources."""

    sources: Path

    @property
    def environment(self) -> dict[str, str]:
        """What makes a Python import this release instead of the installed one."""
        folders = [self.sources, self.sources / "adapters", self.sources / "entrypoints"]
        return {"PYTHONPATH": os.pathsep.join(map(str, folders))}

    @contextmanager
    def serving(self, **values: str) -> Iterator[Served]:
        """Run the service until the block ends; whoever wants its exit code stops it before."""
        served = Served.start("serve", "--port", "0", **self.environment, **settings(**values))
        try:
            yield served
        finally:
            if served.process.poll() is None:
                served.process.kill()
                served.process.wait()

    def command(self, *arguments: str, **values: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*COMMAND, *arguments],
            env={**os.environ, **self.environment, **settings(**values)},
            check=False,
            text=True,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
        )


TODAY: Final = Release(ROOT / "src")

_NEXT_REVISION: Final = '''"""A column and an index on the sessions."""

import sqlalchemy as sa
from alembic.operations import Operations

from accounts_sql.migrations.indexes import NewIndex
from accounts_sql.migrations.steps import downgrades_from, upgrades_to

revision = "accounts_9999"
down_revision = "accounts_{head}"
branch_labels = None
depends_on = None
served_from = "{served_from}"
indexes = (NewIndex("ix_accounts_sessions_last_used_at", "accounts_sessions", ("last_used_at",)),)


@upgrades_to(revision)
def upgrade(op: Operations) -> None:
    op.add_column("accounts_sessions", sa.Column("note", sa.Text))
    indexes[0].create(op)


@downgrades_from(revision)
def downgrade(op: Operations) -> None:
    indexes[0].drop(op)
    op.drop_column("accounts_sessions", "note")
'''


def next_release(folder: Path, served_from: str = RELEASED.head) -> Release:
    """Write a copy of today's sources with one revision more into a folder.

    Args:
        folder: Where to write it.
        served_from: The oldest revision whose code can serve the database after that revision.

    """
    sources = folder / "src"
    shutil.copytree(ROOT / "src", sources, ignore=shutil.ignore_patterns("__pycache__"))
    versions = sources / "adapters/accounts_sql/migrations/versions"
    head = RELEASED.revisions[-1].number
    (versions / "v9999_next.py").write_text(_NEXT_REVISION.format(head=head, served_from=served_from))
    with (versions / "__init__.py").open("a") as registry:
        registry.write("\nfrom . import v9999_next\n\nMODULES = (*MODULES, v9999_next)\n")
    return Release(sources)


def release_at(commit: str, folder: Path) -> Release | None:
    """Write the sources of a commit into a folder; None if this checkout does not have it."""
    archive = subprocess.run(["git", "archive", commit, "src"], cwd=ROOT, check=False, capture_output=True)
    if archive.returncode:
        return None
    subprocess.run(["tar", "x", "-C", folder], input=archive.stdout, check=True)
    return Release(folder / "src")


@attrs.define
class Traffic:
    """People who use the services, each of them any, and the answers by call and status.

    `urls` may change while it runs, as a load balancer's list does.
    """

    urls: list[str]
    answers: Counter[tuple[str, int]] = attrs.field(factory=Counter)
    _done: threading.Event = attrs.field(factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator["Traffic"]:
        threads = [threading.Thread(target=self._person, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._done.set()
            for thread in threads:
                thread.join()

    def wait_for(self, calls: int) -> None:
        """Wait until every kind of call has been answered `calls` times more, and fail after some time."""
        before = Counter(self.answers)
        for _ in range(PATIENCE_SECONDS * 10):
            if all(self.answers[key] - before[key] >= calls for key in EXPECTED):
                return
            self._done.wait(0.1)
        pytest.fail(f"the people got too few answers: {self.answers - before}")

    @property
    def unexpected(self) -> dict[tuple[str, int], int]:
        """How many answers there were besides the expected ones, by call and status."""
        return {key: count for key, count in self.answers.items() if key not in EXPECTED}

    def _person(self, number: int) -> None:
        client = httpx.Client(trust_env=False, timeout=PATIENCE_SECONDS)
        turn = 0
        while not self._done.is_set():
            email = f"person{number}-{turn}-{os.getpid()}@example.org"
            self._visit(client, email, turn)
            turn += 1
        client.close()

    def _visit(self, client: httpx.Client, email: str, turn: int) -> None:
        """Sign up, use the account through one service after the other, and delete it."""
        person = {"email": email, "password": PASSWORD, "name": "Jane Doe"}
        self._call(client, turn, "POST", "/api/auth/register", data=person)
        signed_in = self._call(client, turn + 1, "POST", "/api/auth/login", data={"email": email, "password": PASSWORD})
        if signed_in is None or signed_in.status_code != 200:
            return
        token = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
        for step in range(4):
            self._call(client, step, "GET", "/api/users/current", headers=token)
            self._call(client, step, "PUT", "/api/users/current", headers=token, data={"name": f"Jane {step}"})
            self._call(client, step, "GET", "/api/users/current/list-payment-methods", headers=token)
        self._call(client, turn, "DELETE", "/api/v1/user", headers=token, data={"password": PASSWORD})

    def _call(self, client: httpx.Client, turn: int, method: str, path: str, **request: Any) -> httpx.Response | None:
        urls: Sequence[str] = self.urls
        try:
            answer = client.request(method, urls[turn % len(urls)] + path, **request)
        except httpx.HTTPError as error:
            self.answers[f"{method} {path} {type(error).__name__}", 0] += 1
            return None
        self.answers[f"{method} {path}", answer.status_code] += 1
        return answer


EXPECTED: Final = {
    ("POST /api/auth/register", 201),
    ("POST /api/auth/login", 200),
    ("GET /api/users/current", 200),
    ("PUT /api/users/current", 200),
    ("GET /api/users/current/list-payment-methods", 200),
    ("DELETE /api/v1/user", 204),
}
