"""The example of docs/workers.md is run as it stands there, and its figures are the code's."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.documents import ROOT, programs

from accounts_core.outbox.delays import FIRST_DELAY, LONGEST_DELAY, MOST_ATTEMPTS
from accounts_core.use_cases.operations.list_overdue_jobs import OVERDUE_AFTER
from accounts_system.care import REPEAT_ALARM_SECONDS

WORKERS: Final = ROOT / "docs" / "workers.md"
PAGE: Final = WORKERS.read_text()


def test_the_example_does_the_hosts_own_job(tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    (program,) = programs(WORKERS)
    script.write_text(program.text)

    # the engine lasts as long as its application: Python 3.13 tells of SQLite connections that are open at the end
    command = [sys.executable, "-W", "error", "-W", "ignore::ResourceWarning", str(script)]
    done = subprocess.run(command, cwd=tmp_path, check=False, text=True, capture_output=True, timeout=60)

    assert done.stderr == ""
    assert done.stdout == "voucher for user 1\n"
    assert f"It prints:\n\n    {done.stdout}" in PAGE


def test_the_figures_are_those_of_the_code() -> None:
    assert f"after {FIRST_DELAY.seconds} seconds, then" in PAGE
    assert LONGEST_DELAY.total_seconds() == 3600
    assert f"after {MOST_ATTEMPTS} attempts" in PAGE
    assert f"due for {OVERDUE_AFTER.seconds // 60} minutes" in PAGE
    assert REPEAT_ALARM_SECONDS == 3600
