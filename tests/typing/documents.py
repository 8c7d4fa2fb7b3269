"""Check the types of everything that a user reads or copies, as mypy --strict and basedpyright see them.

`python -m tests.typing.documents` checks the examples, this folder and every program of the documents, and names the
page and the line of each error.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
from tests.documents import ROOT, documents, programs

EXAMPLES: Final = ROOT / "examples"
HERE: Final = ROOT / "tests" / "typing"
_MYPY: Final = re.compile(r"^(?P<path>[^:\n]+):(?P<line>\d+): error: (?P<what>.*)$", re.MULTILINE)


@attrs.frozen(order=True)
class Complaint:
    path: str
    line: int
    checker: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.checker}: {self.what}"


def complaints(pages: Iterable[Path], of_both: Sequence[Path] = (), of_one: Sequence[Path] = ()) -> list[Complaint]:
    """Return what is said against the programs of pages, files for both checkers and files for basedpyright alone."""
    with tempfile.TemporaryDirectory() as created:
        into = Path(created).resolve()
        shown = _written(pages, into)
        files = [*shown, *of_both]
        basedpyright = _Basedpyright(into, [*files, *of_one])
        said = [one for group in _without_namesakes(files) for one in _said_by_mypy(group)]
        said += basedpyright.said()
    return sorted(attrs.evolve(one, path=shown.get(Path(one.path)) or os.path.relpath(one.path, ROOT)) for one in said)


def _written(pages: Iterable[Path], into: Path) -> dict[Path, str]:
    """Write the programs of each page into a folder of its own, and return the page of each file."""
    written = {}
    for page in pages:
        path = os.path.relpath(page, ROOT)
        name = re.sub(r"\W+", "_", path.removesuffix(".md"))
        for program in programs(page):
            file = into / name / (program.file or f"{name}_{program.line}.py")
            file.parent.mkdir(exist_ok=True)
            # What mypy has cached of a module of this name and text would name the path that it had then.
            file.write_text(f"{program.text}# {file}\n")
            written[file] = path
    return written


def _without_namesakes(files: Iterable[Path]) -> Sequence[Sequence[Path]]:
    """Divide files so that none is with another of its name: to mypy they would be one module."""
    groups: list[dict[str, Path]] = []
    for file in files:
        group = next((group for group in groups if file.name not in group), None)
        if group is None:
            groups.append(group := {})
        group[file.name] = file
    return [list(group.values()) for group in groups]


def _started(*command: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _said_by_mypy(files: Sequence[Path]) -> Iterator[Complaint]:
    """Run mypy over some files, each of which can import what is beside it."""
    paths = os.pathsep.join(sorted({str(file.parent) for file in files}))
    options = ("--no-error-summary", "--hide-error-context", "--no-pretty")
    process = _started("mypy", *options, *map(str, files), MYPYPATH=paths)
    out, err = process.communicate()
    found = list(_MYPY.finditer(out))
    if err or bool(found) is not bool(process.returncode):
        raise RuntimeError(f"mypy: {out}{err}")
    for one in found:
        yield Complaint(str(ROOT / one["path"]), int(one["line"]), "mypy", one["what"])


class _Basedpyright:
    """Runs over some files, each of which can import what is beside it; the settings are in pyproject.toml."""

    def __init__(self, into: Path, files: Sequence[Path]) -> None:
        def relative(path: Path) -> str:
            return os.path.relpath(path, into)

        project = into / "pyrightconfig.json"
        pages = sorted({file.parent for file in files if file.is_relative_to(into)})
        settings: dict[str, Any] = {
            "extends": relative(ROOT / "pyproject.toml"),
            "include": [relative(file) for file in files],
            "executionEnvironments": [{"root": relative(folder)} for folder in [*pages, ROOT]],
        }
        project.write_text(json.dumps(settings))
        python = ("--pythonpath", sys.executable)
        self._process = _started("basedpyright", "--outputjson", "--project", str(project), *python)

    def said(self) -> Iterator[Complaint]:
        out, err = self._process.communicate()
        if self._process.returncode not in {0, 1}:
            raise RuntimeError(f"basedpyright: {out}{err}")
        for one in json.loads(out)["generalDiagnostics"]:
            if one["severity"] == "error":
                what = f"{one['message']} [{one.get('rule', 'syntax')}]"
                yield Complaint(one["file"], one["range"]["start"]["line"] + 1, "basedpyright", what)


def main() -> int:
    pages = documents()
    # `make lint` has mypy look at the tests, and this folder is among them.
    found = complaints(pages, sorted(EXAMPLES.rglob("*.py")), sorted(HERE.glob("*.py")))
    for complaint in found:
        sys.stdout.write(f"{complaint}\n")
    if not found:
        shown = sum(len(programs(page)) for page in pages)
        sys.stdout.write(f"No type is wrong in what users read, {shown} programs of the documents among it\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
