"""`python -m benchmarks.test_kits`: the same tests of the same host on three libraries, their size and their duration.

Each folder has a host, its fixtures and its tests; the tests have the same names. Ours and the peers run in
environments of their own, which are made at the first run. Every suite runs several times, in turns, and the median is
shown.
"""

import os
import re
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs
from benchmarks.test_kits.counting import lines, statements

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
OURS: Final = ("--constraint", "constraints.txt", "--editable", ".[litestar,profiles,testing]", "httpx")
PEERS: Final = ("--requirement", str(HERE / "requirements.txt"))
ROUNDS: Final = 5
NAMES: Final = re.compile(r"^def (test_\w+)", re.MULTILINE)


@attrs.frozen
class Kit:
    """A host on a library, with its tests."""

    folder: str
    library: str
    missing: str
    """What the library leaves to the host's tests, or does not have."""
    plugins: tuple[str, ...] = ()
    settings: dict[str, str] = attrs.field(factory=dict)
    is_peer: bool = True

    @property
    def path(self) -> Path:
        return HERE / self.folder

    @property
    def tests(self) -> list[str]:
        return NAMES.findall((self.path / "test_host.py").read_text())

    @property
    def fixtures(self) -> list[Path]:
        return [self.path / "conftest.py"]

    def run(self, python: Path) -> tuple[float, float]:
        """Run the suite; return the seconds of the process, and those that pytest counts."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DJANGO"))}
        environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(self.path), **self.settings}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        plugins = [part for plugin in self.plugins for part in ("-p", plugin)]
        command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", "."]
        began = time.perf_counter()
        ran = subprocess.run(
            [*command, *plugins], cwd=self.path, env=environment, capture_output=True, text=True, check=False
        )
        took = time.perf_counter() - began
        told = re.search(rf"^{len(self.tests)} passed.* in ([\d.]+)s", ran.stdout, re.MULTILINE)
        if ran.returncode or not told:
            raise SystemExit(f"{self.folder}:\n{ran.stdout}{ran.stderr}")
        return took, float(told[1])


KITS: Final = (
    Kit("on_accounts", "accounts-core on Litestar", "the client of Litestar", is_peer=False),
    Kit("on_accounts_alone", "accounts-core without HTTP", "", is_peer=False),
    Kit(
        "on_fastapi_users",
        "fastapi-users",
        "every fixture: database, mails, users in a state, clock. There are no cards, teams and rate limits",
    ),
    Kit(
        "on_django_allauth",
        "django-allauth",
        "the links in mails, users in a state, clock. There are no cards and teams",
        plugins=("pytest_django.plugin",),
        settings={"DJANGO_SETTINGS_MODULE": "host"},
    ),
)


def main() -> int:
    if len({tuple(kit.tests) for kit in KITS}) != 1:
        raise SystemExit("The suites do not have the same tests.")
    ours, peers = _environment("ours", OURS), _environment("peers", PEERS)
    taken: dict[str, list[tuple[float, float]]] = {kit.folder: [] for kit in KITS}
    for turn in range(ROUNDS + 1):
        for kit in KITS:
            seconds = kit.run(peers if kit.is_peer else ours)
            if turn:  # the first turn compiles
                taken[kit.folder].append(seconds)
    _print(taken)
    return 0


def _environment(name: str, needs: Sequence[str]) -> Path:
    """Return the Python of an environment with what a host needs and nothing else; it is made if it is not there."""
    folder = ROOT / f".venv-test-kits-{name}"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "-qq", "--no-input", "install", *needs], cwd=ROOT, check=True)
        (folder / "ready").touch()
    return python


def _print(taken: dict[str, list[tuple[float, float]]]) -> None:
    first = KITS[0]
    own = _size(first)
    print(f"{len(first.tests)} tests each, median of {ROUNDS} runs\n")
    print("| | tests | fixtures | both | ratio | process | tests alone | left to the host |")
    print("|---|---|---|---|---|---|---|---|")
    for kit in KITS:
        tests, fixtures = statements([kit.path / "test_host.py"]), statements(kit.fixtures)
        written = f"{tests} ({lines([kit.path / 'test_host.py'])} lines)", f"{fixtures} ({lines(kit.fixtures)} lines)"
        process, alone = (statistics.median(each) for each in zip(*taken[kit.folder], strict=True))
        ratio = (tests + fixtures) / own
        row = [*written, str(tests + fixtures), f"{ratio:.1f}", f"{process:.2f} s", f"{alone:.2f} s", kit.missing]
        print(f"| {kit.library} | {' | '.join(row)} |")


def _size(kit: Kit) -> int:
    return statements([kit.path / "test_host.py", *kit.fixtures])


if __name__ == "__main__":
    sys.exit(main())
