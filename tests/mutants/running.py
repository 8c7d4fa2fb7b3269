"""Running checks against a copy of the product, with a mutant in it or without."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs
from tests.mutants.mutant import ROOT, Mutant

PACKAGES: Final = ("src", "src/adapters", "src/entrypoints")
PATIENCE_SECONDS: Final = 300
"""A mutant may go round in circles: that is caught, too."""
GRACE_SECONDS: Final = 30
"""How long a run that is interrupted has to put its servers away."""

_TESTS_FAILED: Final = 1


@attrs.frozen
class Verdict:
    """What a check said of a mutant: `by` is the test that failed, None when all passed."""

    mutant: Mutant
    by: str | None
    said: str = attrs.field(repr=False)

    @property
    def is_caught(self) -> bool:
        return self.by is not None


def verdict(mutant: Mutant) -> Verdict:
    """Run a mutant's check against it. Raises `AssertionError` when the check could not be run at all."""
    with copied() as folder:
        (folder / mutant.file).write_text(mutant.mutated())
        try:
            code, said = run([mutant.check], folder)
        except subprocess.TimeoutExpired:
            return Verdict(mutant, f"{mutant.check} (it did not come to an end)", "")
    if code == 0:
        return Verdict(mutant, None, said)
    assert code == _TESTS_FAILED, f"{mutant.name}: {mutant.check} could not be run.\n{said}"
    return Verdict(mutant, mutant.check, said)


def sound(checks: Sequence[str]) -> bool:
    """Say whether the product as it is passes these checks; without that no verdict means anything."""
    with copied() as folder:
        code, said = run(checks, folder, patience_seconds=None)
    if code:
        sys.stderr.write(said)
    return code == 0


@contextmanager
def copied() -> Iterator[Path]:
    """Copy the sources, to be changed and thrown away."""
    with tempfile.TemporaryDirectory(prefix="accounts-mutant-") as folder:
        source = Path(folder) / "src"
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        yield source


def run(checks: Sequence[str], source: Path, *, patience_seconds: float | None = PATIENCE_SECONDS) -> tuple[int, str]:
    """Run pytest on the checks, with the product from this folder; return its exit code and what it printed.

    Raises `TimeoutExpired`, unless `patience_seconds` is None.
    """
    paths = [str(source.parent / package) for package in PACKAGES]
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *checks],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # no check needs one, and they take longer than most checks
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            said, _ = process.communicate(timeout=patience_seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            raise
    return process.returncode, said


def _end(process: subprocess.Popen[str]) -> None:
    """Interrupt it, so that it ends the servers that it has begun; then make sure."""
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
