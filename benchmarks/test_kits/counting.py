"""Statements of code, counted alike for every host: blank lines, comments, docstrings and layout are of no account."""

import ast
from collections.abc import Iterable
from pathlib import Path


def statements(files: Iterable[Path]) -> int:
    """Return the number of statements in some files, without docstrings and imports."""
    return sum(_statements(ast.parse(file.read_text())) for file in files)


def _statements(tree: ast.AST) -> int:
    return sum(
        isinstance(node, ast.stmt) and not isinstance(node, ast.Import | ast.ImportFrom) and not _is_docstring(node)
        for node in ast.walk(tree)
    )


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and (isinstance(node.value.value, str) or node.value.value is ...)
    )


def lines(files: Iterable[Path]) -> int:
    """Return the number of lines that are neither blank nor a comment, as ruff lays them out."""
    return sum(
        1
        for file in files
        for line in file.read_text().splitlines()
        if line.strip() and not line.strip().startswith("#")
    )
