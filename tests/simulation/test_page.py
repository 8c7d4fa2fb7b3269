"""The examples of docs/simulation.md are run as they stand there, and its table has every fault."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.documents import ROOT, programs

from accounts_core.testing.simulation import Fault

PATH = ROOT / "docs" / "simulation.md"
PAGE = PATH.read_text()
EXAMPLES = [program.text for program in programs(PATH)]


def ran(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=folder,
        check=False,
        text=True,
        capture_output=True,
        timeout=120,
    )


def shown(after: str) -> list[str]:
    """Return the lines that the page shows after these words."""
    (lines,) = re.findall(rf"{after}\n\n((?:    .*\n)+)", PAGE)
    return [line.strip() for line in lines.splitlines()]


def written(folder: Path, number: int) -> str:
    (folder / "shop.py").write_text(EXAMPLES[number])
    return "shop.py"


def test_the_first_example_finds_what_the_page_says_and_shrinks_it(tmp_path: Path) -> None:
    done = ran(tmp_path, written(tmp_path, 0))

    assert done.stderr == ""
    assert [line.strip() for line in done.stdout.splitlines()] == shown("and the story of it:")


def test_the_second_example_prints_what_the_page_shows(tmp_path: Path) -> None:
    done = ran(tmp_path, written(tmp_path, 1))

    assert done.stderr == ""
    assert set(shown("It prints, among others:")) <= set(done.stdout.splitlines())


def test_a_setting_is_played_from_the_command_line(tmp_path: Path) -> None:
    written(tmp_path, 0)
    found = ran(tmp_path, "-m", "accounts_core.testing.simulation", "shop:Shop", "--seeds", "0:100")
    plan = found.stdout.splitlines()[-1]
    (tmp_path / "plan").write_text(plan)
    again = ran(tmp_path, "-m", "accounts_core.testing.simulation", "shop:Shop", "--replay", "plan")

    assert (found.stderr, found.returncode, again.stderr, again.returncode) == ("", 1, "", 1)
    assert "sign_up" in found.stdout
    assert "  <- " in found.stdout
    assert again.stdout.splitlines()[0] in found.stdout


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_is_in_the_table(fault: Fault) -> None:
    assert f"`{fault}`" in PAGE
