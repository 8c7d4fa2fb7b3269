"""The programs that a page of documentation shows, for whatever runs or checks them.

A block of Python says after its fence what it is:

    ```python                         a program of its own
    ```python file=shop.py            a program that the others of the page import by this name
    ```python continued               goes on with the program of the block above it
    ```python fragment: why it is     no program, for the reason that stands there
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

ROOT: Final = Path(__file__).parents[1]
_FENCE: Final = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+) *(?P<about>.*)\n(?P<text>(?:.*\n)*?)(?P=indent)```$", re.MULTILINE
)
_FILE: Final = re.compile(r"file=(\w+\.py)")


@attrs.define
class Program:
    """A program of a page: its text stands in the lines that it has there, so that what is said of it points there."""

    page: Path
    line: int
    file: str | None = None
    text: str = ""

    def add(self, line: int, text: str) -> None:
        self.text += "\n" * (line - 1 - self.text.count("\n")) + text


def documents() -> Sequence[Path]:
    """Return the README and every page under `docs`."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def programs(page: Path) -> list[Program]:
    """Return the programs of a page, in its order.

    Raises:
        ValueError: a block of Python does not say what it is in one of the ways above.
    """
    content = page.read_text()
    found: list[Program] = []
    for block in _FENCE.finditer(content):
        line = content.count("\n", 0, block.start("text")) + 1
        language, about = block["language"], block["about"].strip()
        if not language.startswith("py"):
            continue
        if language == "python" and re.fullmatch(r"fragment: .*\w.*", about):
            continue
        if language == "python" and about == "continued" and found:
            program = found[-1]
        elif language == "python" and not about:
            found.append(program := Program(page, line))
        elif language == "python" and (named := _FILE.fullmatch(about)):
            found.append(program := Program(page, line, named[1]))
        else:
            raise ValueError(f"{page}:{line - 1}: '{language} {about}' is no way to begin a block of Python")
        program.add(line, re.sub(rf"^{block['indent']}", "", block["text"], flags=re.MULTILINE))
    return found
