"""`docs/security/adversarial-cases.md` has every case and every advisory, each with tests that are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (\d+|[A-Z]+-[\w-]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs/security/adversarial-cases.md").read_text())
SHOWN_BY = {name: re.findall(r"`([^`]+)`", shown) for name, _, shown in ROWS}

ADVISORIES = {
    "CVE-2019-19844",
    "CVE-2023-46695",
    "CVE-2024-3651",
    "CVE-2024-39329",
    "CVE-2025-13473",
    "CVE-2023-41885",
    "CVE-2026-22706",
    "GHSA-mr34-8733-grr2",
    "GHSA-56p6-qw3c-fq2g",
    "GHSA-3529-5m8x-rpv3",
    "CVE-2026-25479",
    "CVE-2024-1722",
}
REQUIRED = {str(case) for case in range(1, 57)} | ADVISORIES


def test_every_case_and_advisory_is_there_once() -> None:
    names = [name for name, _, _ in ROWS]

    assert len(names) == len(set(names))
    assert set(names) == REQUIRED


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_what_shows_a_case_is_there(name: str) -> None:
    assert SHOWN_BY[name]

    for shown in SHOWN_BY[name]:
        path, _, test = shown.partition("::")
        assert test in found_in(path), shown


@pytest.mark.parametrize("name", sorted(ADVISORIES))
def test_an_advisory_is_named_by_its_test(name: str) -> None:
    for shown in SHOWN_BY[name]:
        path, _, test = shown.partition("::")
        assert name in (found_in(path)[test] or ""), shown


@cache
def found_in(path: str) -> dict[str, str | None]:
    """Return the tests of a file by name, with their docstrings."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, functions)]
    return {node.name: ast.get_docstring(node) for node in found if node.name.startswith("test_")}
