"""`benchmarks/hosts`: the figures of its page, and the checks on our hosts. The peers are not installed here."""

import re
from pathlib import Path
from typing import Final

import pytest
from benchmarks.hosts.__main__ import HOSTS, SCRIPT, Host, run
from benchmarks.hosts.counting import count, statements
from tests.documents import ROOT

PAGE: Final = (ROOT / "benchmarks" / "README.md").read_text()
MOST: Final = {"on_fastapi": 20, "on_litestar": 18}


def told(name: str) -> tuple[int, int]:
    """Return the figures of a row of the table."""
    found = re.search(rf"^\| {re.escape(name)} \| (\d+) \| (\d+) \|", PAGE, re.MULTILINE)
    assert found is not None, name
    return int(found[1]), int(found[2])


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.folder)
def test_the_figures_of_the_page_are_those_of_the_programs(host: Host) -> None:
    counted = statements(host.files), statements(host.files, imports=False)

    assert counted == told(host.library)
    assert counted[0] <= MOST.get(host.folder, counted[0])


def test_so_are_those_of_the_readme() -> None:
    readme = " ".join((ROOT / "README.md").read_text().split())
    counted = {host.folder: statements(host.files) for host in HOSTS}

    assert (
        "The same host on FastAPI and Litestar takes {on_fastapi} and {on_litestar} statements, on django-allauth"
        " {on_django_allauth} and on fastapi-users {on_fastapi_users}".format(**counted)
    ) in readme


def test_so_are_those_of_the_script() -> None:
    assert told("cron script (`examples/script.py`)") == (
        statements([SCRIPT]),
        statements([SCRIPT], imports=False),
    )


@pytest.mark.parametrize(
    ("source", "with_imports", "without"),
    [
        ("import os\nfrom a import b, c\n", 2, 0),
        ('"""A module."""\n\n# a comment\nx = (\n    1,\n    2,\n)\n', 1, 1),
        ("@route('/')\n@guard\ndef f():\n    '''What it does.'''\n    return 1\n", 4, 4),
        ("class User(Base):\n    pass\n", 2, 2),
        ("async def f():\n    ...\n", 1, 1),
        ("if a:\n    b = 1\nelse:\n    b = 2\n", 3, 3),
    ],
)
def test_statements_and_decorators_are_counted_and_nothing_else(source: str, with_imports: int, without: int) -> None:
    assert (count(source), count(source, imports=False)) == (with_imports, without)


@pytest.mark.long
@pytest.mark.parametrize("host", [host for host in HOSTS if not host.is_peer], ids=lambda host: host.folder)
def test_our_hosts_pass_the_checks_send_mails_later_and_limit_guesses(host: Host) -> None:
    assert run(host) == (True, True)


def test_every_host_is_in_a_folder_of_its_own() -> None:
    folders = {each.name for each in Path(ROOT / "benchmarks" / "hosts").iterdir() if each.name.startswith("on_")}

    assert folders == {host.folder for host in HOSTS}
