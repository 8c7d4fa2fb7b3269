"""E21: the contract suites in a project of somebody else's, which knows nothing of ours."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
from collections.abc import Callable
from typing import Any

import pytest
from accounts_core.testing.contracts import DevicesContract
from accounts_memory import MemoryStore


@pytest.fixture
def make_store() -> Callable[..., Any]:
    return lambda *subscribers: MemoryStore(subscribers)


class TestDevices(DevicesContract): ...
"""
PLUGIN = 'pytest_plugins = ["accounts_core.testing.plugin"]\n'
WRONG = """
from accounts_memory.devices import MemoryDevices

async def seven(self, *_, **__): return 7
MemoryDevices.add = MemoryDevices.count_for_user = seven
"""
STRICT = ("-W", "error")


def pytest_in(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest", "-vv", "-p", "no:cacheprovider", "--rootdir", str(folder), *arguments]
    env = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # others' plugins take seconds to load
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_e21_without_the_plugin_it_says_the_line_to_add(tmp_path: Path) -> None:
    (tmp_path / "test_devices.py").write_text(SUITE)

    done = pytest_in(tmp_path, *STRICT, "-x")

    assert done.returncode == 1
    assert (
        "The contract suites need their pytest plugin. Add this line to the top-level conftest.py, or to the test"
        ' module: pytest_plugins = ["accounts_core.testing.plugin"]'
    ) in done.stdout
    assert "fixture 'drive' not found" not in done.stdout


@pytest.mark.parametrize("place", ["conftest.py", "test_devices.py"])
def test_e21_the_line_is_all_that_is_needed_even_if_warnings_are_errors(tmp_path: Path, place: str) -> None:
    (tmp_path / "conftest.py").write_text(PLUGIN if place == "conftest.py" else "")
    (tmp_path / "test_devices.py").write_text(SUITE + (PLUGIN if place == "test_devices.py" else ""))

    done = pytest_in(tmp_path, *STRICT)

    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_e21_a_failed_assertion_of_a_suite_shows_its_values(tmp_path: Path) -> None:
    (tmp_path / "test_devices.py").write_text(SUITE + PLUGIN + WRONG)

    done = pytest_in(tmp_path, *STRICT)

    assert done.returncode == 1
    assert "assert 7 is True" in done.stdout
