"""Where things live in the core: a folder for each area, a file for each thing that somebody can do."""

import inspect
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

import accounts_core
from accounts_core import Accounts
from accounts_core.facade import methods

CORE: Final = Path(accounts_core.__file__).parent
FOLDERS: Final = {"identity", "sessions", "cards", "teams", "operations"}
FILES: Final = sorted(file for file in (CORE / "use_cases").rglob("*.py") if file.name != "__init__.py")


def module_of(file: Path) -> ModuleType:
    return import_module(".".join(("accounts_core", *file.relative_to(CORE).with_suffix("").parts)))


def test_use_cases_are_in_folders_by_what_a_person_does() -> None:
    assert {file.relative_to(CORE / "use_cases").parts[0] for file in FILES} == FOLDERS
    assert {len(file.relative_to(CORE / "use_cases").parts) for file in FILES} == {2}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_of_a_use_case_holds_that_use_case_and_is_named_after_it(file: Path) -> None:
    module = module_of(file)
    callable_classes = [
        name
        for name, cls in vars(module).items()
        if inspect.isclass(cls)
        and cls.__module__ == module.__name__
        and inspect.iscoroutinefunction(vars(cls).get("__call__"))
    ]

    assert callable_classes == ["".join(word.capitalize() for word in file.stem.split("_"))]


def test_every_use_case_is_a_method_of_the_facades() -> None:
    rows = {cls.__module__ for cls in methods(Accounts).values()}

    assert {module_of(file).__name__ for file in FILES} <= rows
