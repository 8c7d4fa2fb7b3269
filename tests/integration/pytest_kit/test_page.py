"""docs/testing.md: its tests are a suite that passes, and its tables are the plugin's."""

import re
from collections.abc import Mapping
from typing import Final, get_args

import attrs
import pytest
from benchmarks.test_kits.counting import lines, statements
from tests.documents import ROOT, programs
from tests.integration.pytest_kit.conftest import Host

import accounts_pytest
from accounts_core import BlockingAccounts
from accounts_memory.stripe_cards import TEST_CARDS
from accounts_pytest import CardName, fixtures
from accounts_pytest.kit import Parts

pytest_plugins = ["pytester"]

FILE: Final = ROOT / "docs" / "testing.md"
PAGE: Final = FILE.read_text()


def suite() -> Mapping[str, str]:
    return {str(program.file).removesuffix(".py"): program.text for program in programs(FILE)}


def test_the_tests_of_the_page_pass(host: Host) -> None:
    files = suite()
    host.write(**files)
    anyio = "\nimport pytest\n@pytest.fixture\ndef anyio_backend() -> str: return 'asyncio'\n"
    host.write(conftest=files["conftest"] + anyio)
    of_the_contract = 5

    no_httpx2 = ("-W", "ignore:Using `httpx`")  # Starlette prefers it
    outcomes = host.run("-p", "anyio.pytest_plugin", *no_httpx2).parseoutcomes()

    assert outcomes.keys() == {"passed"}
    assert outcomes["passed"] > sum(text.count("def test_") for text in files.values()) + of_the_contract


def names_in(heading: str) -> set[str]:
    """Return the names in the first column of the tables below a heading."""
    section = PAGE.partition(heading)[2].partition("\n## ")[0]
    return {name for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)", row)}


def test_every_argument_of_the_facades_is_given() -> None:
    arguments = {str(field.alias) for field in attrs.fields(BlockingAccounts) if field.init}
    parts = {field.name for field in attrs.fields(Parts)}

    called = {"payments": "cards", "mailer": "mailbox"}
    assert {called.get(name, name) for name in arguments} == {*parts - {"subscribers"}, "store"}


def test_the_table_of_cards_is_complete() -> None:
    assert names_in("\n## Cards\n") == set(get_args(CardName))
    gateway = accounts_pytest.CardGateway.card
    assert {gateway(None, name) for name in get_args(CardName)} <= set(TEST_CARDS)  # type: ignore[arg-type]  # it needs no gateway


def test_the_tables_of_fixtures_are_complete() -> None:
    from accounts_pytest import database_fixtures

    defined = {
        name
        for module in (fixtures, database_fixtures)
        for name, value in vars(module).items()
        if type(value).__name__ == "FixtureFunctionDefinition"
    }
    internal = {
        "accounts_database_facades",
        "accounts_environment",
        "accounts_factories",
        "accounts_rate_limits",
        "accounts_secrets",
    }

    assert {name for name in defined if f"`{name}`" not in PAGE} == internal
    shown = names_in("Give `accounts` to your application") | names_in("\n## Your settings\n")
    assert {name for name in shown if name not in defined} == set()


@pytest.mark.parametrize("name", accounts_pytest.__all__)
def test_each_public_name_is_on_the_page(name: str) -> None:
    assert name in PAGE


def test_the_sizes_beside_other_libraries_are_those_of_the_files() -> None:
    kits = ROOT / "benchmarks" / "test_kits"
    rows = [row.split(" | ") for row in re.findall(r"^\| ([^|]+ \| \d+ \(\d+ lines\) .*) \|$", PAGE, re.MULTILINE)]
    folders = {
        "accounts-core on Litestar": "on_accounts",
        "accounts-core without HTTP": "on_accounts_alone",
        "fastapi-users": "on_fastapi_users",
        "django-allauth": "on_django_allauth",
    }

    assert [row[0] for row in rows] == [*folders]
    for library, in_tests, in_fixtures, both, *_ in rows:
        written = [[kits / folders[library] / name] for name in ("test_host.py", "conftest.py")]
        shown = [f"{statements(files)} ({lines(files)} lines)" for files in written]
        assert [in_tests, in_fixtures] == shown, library
        assert int(both) == sum(statements(files) for files in written)
