"""Every example in the README is run as it stands there, and `docs/settings.md` has every setting."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.documents import ROOT, Program, programs
from tests.integration.cli.harness import Serve

from accounts_service.settings import Settings, get_setting_names

README = (ROOT / "README.md").read_text()
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
PROGRAMS = programs(ROOT / "README.md")
LOCAL = "http://127.0.0.1:8000"


COMMANDS = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_every_setting_is_named_and_those_without_effect_are_named_as_such() -> None:
    names = get_setting_names()
    (idle,) = re.findall(r"of no effect yet: (.*?)\.\n", SETTINGS, re.DOTALL)

    assert set(re.findall(r"ACCOUNTS_\w+", SETTINGS)) == set(names)
    assert set(re.findall(r"ACCOUNTS_\w+", README)) <= set(names)
    assert set(re.findall(r"ACCOUNTS_\w+", idle)) == {name for name, used in names.items() if not used}


def test_every_default_in_the_table_is_the_one_that_holds() -> None:
    """Cells without one value in code style, such as "none", say it in words."""
    defaults = Settings()
    told = {
        name: value
        for names, values in re.findall(
            r"^\| ((?:`ACCOUNTS_\w+`(?:, )?)+) \| ((?:`[^`]*`(?:, )?)+) \|", SETTINGS, re.MULTILINE
        )
        for name, value in zip(re.findall(r"`(\w+)`", names), re.findall(r"`([^`]*)`", values), strict=True)
    }

    assert len(told) == 19
    assert {name: as_text(getattr(defaults, name.removeprefix("ACCOUNTS_").lower())) for name in told} == told


def as_text(value: object) -> str:
    """Write a default as the setting is written."""
    match value:
        case bool():
            return str(value).lower()
        case Mapping():
            return ",".join(f"{name}={amount}" for name, amount in value.items())
    return str(value)


def ran(*command: str | Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=folder, check=False, text=True, capture_output=True, timeout=60)


def test_there_are_examples_to_run() -> None:
    assert len(PROGRAMS) >= 2
    assert any("curl" in block for block in COMMANDS)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.line)
def test_a_python_example_runs_as_it_stands(program: Program, tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(program.text)

    # an engine lasts as long as its application: Python 3.13 tells of SQLite connections that are open at the end
    strict = ("-W", "error", "-W", "ignore::ResourceWarning")
    done = ran(sys.executable, *strict, script, folder=tmp_path)

    assert done.stderr == ""
    assert done.returncode == 0


def test_the_first_python_example_prints_what_a_reader_expects(tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(PROGRAMS[0].text)

    done = ran(sys.executable, script, folder=tmp_path)

    assert done.stdout == "visa 4242 default\nThis email address already has an account.\n"


def test_the_curl_examples_run_one_after_another(serve: Serve, tmp_path: Path) -> None:
    served = serve()
    script = "\n".join(block for block in COMMANDS if "curl" in block).replace(LOCAL, served.url)
    script = script.replace("curl ", "curl --fail --silent --show-error ")

    done = ran("bash", "-euo", "pipefail", "-c", script, folder=tmp_path)

    assert done.stderr == ""
    assert done.returncode == 0
    for expected in ('"email":"jane@example.org"', '"status":"ok"', '"last4":"4242"'):
        assert expected in done.stdout


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^make (\w[\w-]*)", README, re.MULTILINE))))
def test_every_make_target_that_it_names_is_there(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_every_file_that_it_links_to_is_there(path: str) -> None:
    assert (ROOT / path).exists()
