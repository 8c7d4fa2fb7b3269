"""`ACCOUNTS_PROFILE_TYPE`: the service with profile data of a type that the operator names."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.cli.harness import CommandResult, Run, create

MODULE = "shop_of_the_tests"
SOURCE = """
import attrs
from accounts_profiles import profile_type

@attrs.frozen
class Customer:
    company: str = ""
    seats: int = 1

LATER = profile_type(Customer, version=3, max_bytes=100, stored=False)
NUMBER = 7

class Node:
    pass

def broken():
    raise RuntimeError("two\\nlines")
"""
BOOKSHOP = {"company": "Bücher & Söhne", "seats": 3}


@pytest.fixture(autouse=True)
def database(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    assert run("migrate").code == 0
    (folder / f"{MODULE}.py").write_text(SOURCE)
    (folder / f"{MODULE}_that_fails.py").write_text('raise RuntimeError("two\\nlines")\n')
    (folder / f"{MODULE}_that_exits.py").write_text("raise SystemExit(0)\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("ACCOUNTS_PROFILE_TYPE", f"{MODULE}:Customer")
    yield
    for name in [name for name in sys.modules if name.startswith(MODULE)]:
        del sys.modules[name]


def test_a_user_is_created_with_profile_data_and_shown(run: Run) -> None:
    assert create(run, more=["--profile", json.dumps(BOOKSHOP)]).code == 0

    assert json.loads(run("users", "show", "1", "--json").out)["profile"] == BOOKSHOP
    assert 'profile:           {"company": "Bücher & Söhne", "seats": 3}\n' in run("users", "show", "1").out


def test_a_user_whose_data_cannot_be_read_is_shown_all_the_same(run: Run, folder: Path) -> None:
    create(run, more=["--profile", json.dumps(BOOKSHOP)])
    (folder / f"{MODULE}.py").write_text(SOURCE.replace("seats: int = 1", "seats: bool = True"))
    del sys.modules[MODULE]

    shown = run("users", "show", "1", "--json")

    assert (shown.code, json.loads(shown.out)["id"]) == (0, 1)
    assert "cannot be read with the present type" in json.loads(shown.out)["profile"]


def test_a_user_without_it_has_the_defaults(run: Run) -> None:
    create(run)

    assert json.loads(run("users", "show", "1", "--json").out)["profile"] == {"company": "", "seats": 1}


def test_everything_that_is_wrong_with_it_is_said_in_one_line(run: Run) -> None:
    refused = create(run, more=["--profile", '{"company": 7, "vip": true}'])

    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("accounts: profile.")
    assert refused.err.count("\n") == 1
    assert "profile.company: " in refused.err
    assert "profile.vip: This field is unknown." in refused.err


@pytest.mark.parametrize("text", ["{", "[]", '{"company": "a", "company": "b"}', '{"seats": NaN}'])
def test_what_is_no_json_object_is_refused(run: Run, text: str) -> None:
    said = 'accounts: --profile: expected a JSON object, such as \'{"company": "Bookshop"}\'.\n'

    assert create(run, more=["--profile", text]) == CommandResult(1, "", said)


def test_without_a_type_there_is_no_profile_data(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACCOUNTS_PROFILE_TYPE")
    said = "accounts: --profile: ACCOUNTS_PROFILE_TYPE is not set, so users have no profile data.\n"

    assert create(run, more=["--profile", "{}"]) == CommandResult(1, "", said)
    assert create(run).code == 0
    assert "profile" not in json.loads(run("users", "show", "1", "--json").out)
    assert "profile" not in run("check").out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Customer", "version 1, 4096 bytes at most"),
        ("LATER", "version 3, 100 bytes at most, not stored with users"),
    ],
)
def test_check_says_which_type_it_is(run: Run, monkeypatch: pytest.MonkeyPatch, name: str, said: str) -> None:
    monkeypatch.setenv("ACCOUNTS_PROFILE_TYPE", f"{MODULE}:{name}")

    ran = run("check")

    assert f"profile   ok      {MODULE}:{name}, {said}\n" in ran.out
    assert ran.code == 0


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("not_there.people:Customer", "not_there.people:Customer cannot be imported: ModuleNotFoundError: "),
        (f"{MODULE}:Missing", f"{MODULE}:Missing cannot be imported: AttributeError: "),
        (f"{MODULE}_that_fails:X", f"{MODULE}_that_fails:X cannot be imported: RuntimeError: two lines"),
        (f"{MODULE}_that_exits:X", f"{MODULE}_that_exits:X cannot be imported: SystemExit: 0"),
        (f"{MODULE}:NUMBER", "expected the import path of a class or a ProfileType, such as shop.people:Customer; "),
        (f"{MODULE}:broken", "expected the import path of a class or a ProfileType, such as shop.people:Customer; "),
        (f"{MODULE}:Node", "Node "),
    ],
)
def test_what_is_no_type_is_said_in_one_line(run: Run, monkeypatch: pytest.MonkeyPatch, path: str, said: str) -> None:
    monkeypatch.setenv("ACCOUNTS_PROFILE_TYPE", path)

    ran, checked = run("users", "show", "1"), run("check")

    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert ran.err.startswith(f"accounts: ACCOUNTS_PROFILE_TYPE: {said}")
    assert f"profile   FAILED  ACCOUNTS_PROFILE_TYPE: {said}" in checked.out
    assert checked.code == 1
