"""The hosts in `examples/host_tests`, and those that are compared with others': their tests pass, without warnings."""

from pathlib import Path
from shutil import copytree

import pytest
from tests.documents import ROOT
from tests.integration.pytest_kit.conftest import Host

pytest_plugins = ["pytester"]

HOSTS = sorted(folder for folder in (ROOT / "examples" / "host_tests").iterdir() if any(folder.glob("test_*.py")))


def test_there_are_three_hosts() -> None:
    assert [folder.name for folder in HOSTS] == ["bookings", "notes", "seats"]


@pytest.mark.parametrize("folder", ["bookings", pytest.param("notes", marks=pytest.mark.long), "seats"])
def test_the_tests_of_a_host_pass(host: Host, folder: str) -> None:
    passes(host, ROOT / "examples" / "host_tests" / folder)


@pytest.mark.long
@pytest.mark.parametrize("folder", ["on_accounts", "on_accounts_alone"])
def test_what_is_compared_passes(host: Host, folder: str) -> None:
    passes(host, ROOT / "benchmarks" / "test_kits" / folder)


def passes(host: Host, folder: Path) -> None:
    copytree(folder, host.pytester.path, dirs_exist_ok=True)
    (tests,) = host.pytester.path.glob("test_*.py")

    outcomes = host.run().parseoutcomes()

    assert outcomes.keys() == {"passed"}
    assert outcomes["passed"] >= tests.read_text().count("def test_")
