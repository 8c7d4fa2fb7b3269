"""docs/profile-data.md: its programs run, and what they assert is so."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from tests.documents import ROOT, Program, programs

PROGRAMS = programs(ROOT / "docs" / "profile-data.md")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working folder, with the files that programs of the page import."""
    for program in PROGRAMS:
        if program.file is not None:
            (tmp_path / program.file).write_text(program.text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    module = sys.modules.pop("customers", None)
    if module is not None:
        module.engine.dispose()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("program", [each for each in PROGRAMS if each.file is None], ids=lambda each: str(each.line))
def test_a_program_of_the_page_runs(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    page = ModuleType(f"page_{program.line}")
    monkeypatch.setitem(sys.modules, page.__name__, page)  # types are looked up in the module of their class

    exec(compile(program.text, str(program.page), "exec"), vars(page))

    engine = vars(page).get("engine")
    if engine is not None:
        engine.dispose()


def test_the_page_has_a_program_for_each_use() -> None:
    assert [program.file for program in PROGRAMS] == ["customers.py", None, None, None]
