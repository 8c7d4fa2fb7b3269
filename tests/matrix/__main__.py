"""Run the contract suites with each supported SQLAlchemy on each driver, and print a table of the results.

    python -m tests.matrix [--short] PYTHON ...

PYTHON is the interpreter of an environment; `make matrix` makes them. `--short` runs a few suites of each kind.
Exits with 1 if a test fails, or if a cell of the table has no test.
"""

# ruff: noqa: T201  it prints a table

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.integration.postgres import URL_SETTING, serving_postgres
from tests.matrix.conftest import DRIVERS

ROOT = Path(__file__).resolve().parents[2]
SUITES = ROOT / "tests" / "matrix" / "suites.py"
SHORT = "TestTransactions or TestPaymentMethods or TestLimits"
"""Transactions, conflicts and reads on the driver; JSON; and transactions of another kind."""
PATHS = ("src", "src/adapters", "src/entrypoints")
VERSIONS = "import sqlalchemy, alembic; print(f'SQLAlchemy {sqlalchemy.__version__}, Alembic {alembic.__version__}')"

Cells = dict[str, Counter[str]]


def environment(database: str) -> dict[str, str]:
    """Return this process' variables, with a database, and the sources, of which the environments have no copy."""
    path = os.pathsep.join(str(ROOT / path) for path in PATHS)
    return {**os.environ, "PYTHONPATH": path, URL_SETTING: database}


def run(python: str, database: str, *, short: bool) -> tuple[str, Cells]:
    """Run the suites in one environment; return its versions, and passed and failed tests by driver."""
    versions = subprocess.run([python, "-c", VERSIONS], capture_output=True, text=True, check=True).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [python, "-m", "pytest", str(SUITES), "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
        ran = subprocess.run(
            [*command, *(["-k", SHORT] if short else [])],
            cwd=ROOT,
            env=environment(database),
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode != 0:
            print(ran.stdout[-6000:], ran.stderr[-2000:], sep="\n", flush=True)
        return versions, count(report) if report.exists() else {driver: Counter() for driver in DRIVERS}


def count(report: Path) -> Cells:
    """Count the tests of a JUnit report by driver, which is part of each test's name."""
    cells: Cells = {driver: Counter() for driver in DRIVERS}
    for case in ET.parse(report).getroot().iter("testcase"):
        parameters = case.get("name", "").partition("[")[2].removesuffix("]").split("-")
        driver = next((each for each in parameters if each in cells), None)
        if driver is not None:
            outcome = "skipped" if case.find("skipped") is not None else "passed"
            failed = case.find("failure") is not None or case.find("error") is not None
            cells[driver]["failed" if failed else outcome] += 1
    return cells


def shown(cell: Counter[str]) -> str:
    """Return a cell of the table, such as `470` or `469, 1 failed`."""
    others = [f"{cell[kind]} {kind}" for kind in ("failed", "skipped") if cell[kind]]
    return ", ".join([str(cell["passed"]), *others])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("pythons", nargs="+", metavar="PYTHON")
    arguments = parser.parse_args()
    began, is_good = time.monotonic(), True
    print("| tests passed |", " | ".join(DRIVERS), "|")
    print("|---" * (len(DRIVERS) + 1) + "|", flush=True)
    with serving_postgres() as server:
        for python in arguments.pythons:
            versions, cells = run(python, server.url, short=arguments.short)
            print(f"| {versions} |", " | ".join(shown(cells[driver]) for driver in DRIVERS), "|", flush=True)
            is_good = is_good and all(cell["passed"] and not cell["failed"] for cell in cells.values())
    print(f"{time.monotonic() - began:.0f} s")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
