"""Every example in the README is run as it stands there, and `docs/settings.md` has every setting."""

import importlib
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep

import pytest
from litestar.testing import TestClient
from tests.documents import ROOT, Program, programs
from tests.integration.cli.harness import PASSWORD, PATIENCE_SECONDS, Serve

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


@pytest.fixture
def shop(folder: Path) -> Path:
    """The working folder, with the programs that others import."""
    for program in PROGRAMS:
        if program.file is not None:
            (folder / program.file).write_text(program.text)
    return folder


@pytest.mark.parametrize(
    "program", [program for program in PROGRAMS if program.file is None], ids=lambda program: program.line
)
def test_a_python_example_runs_as_it_stands(program: Program, tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(program.text)

    # an engine lasts as long as its application: Python 3.13 tells of SQLite connections that are open at the end
    strict = ("-W", "error", "-W", "ignore::ResourceWarning")
    done = ran(sys.executable, *strict, script, folder=tmp_path)

    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("module", ["fastapi_shop", "litestar_shop"])
def test_an_application_of_a_framework_serves_whoever_signs_up(
    module: str, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(shop))
    for name in ("shop_accounts", module):
        monkeypatch.delitem(sys.modules, name, raising=False)
    app = importlib.import_module(module).app
    jane = {"email": "jane@example.org", "password": PASSWORD}

    with TestClient(app) as client:
        assert client.get("/hello").status_code == 401
        assert client.post("/api/auth/register", json={**jane, "name": "Jane Doe"}).status_code == 201
        token = client.post("/api/auth/login", json=jane).json()["access_token"]
        answer = client.get("/hello", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()) == (200, {"hello": "Jane Doe"})
        deadline = monotonic() + PATIENCE_SECONDS
        while not list(shop.glob("mails/*.verify_email.eml")):
            assert monotonic() < deadline, "the worker sends no mail"
            sleep(0.05)


def test_the_first_example_of_calls_prints_what_a_reader_expects(tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(next(program.text for program in PROGRAMS if program.file is None))

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
