"""Statements of code, counted alike for every host: blank lines, comments, docstrings and layout are of no account.

A decorator counts as a statement, since it is one more thing to know and to write; an import counts as well.
"""

import ast
from collections.abc import Iterable
from pathlib import Path


def statements(files: Iterable[Path], *, imports: bool = True) -> int:
    """Return the number of statements and decorators in some files, without docstrings.

    Args:
        files: Python files.
        imports: Whether an import is a statement.

    """
    return sum(count(file.read_text(), imports=imports) for file in files)


def count(source: str, *, imports: bool = True) -> int:
    """Return the number of statements and decorators of one program. See `statements`."""
    return sum(_weight(node, imports=imports) for node in ast.walk(ast.parse(source)))


def _weight(node: ast.AST, *, imports: bool) -> int:
    if not isinstance(node, ast.stmt) or _is_docstring(node):
        return 0
    if isinstance(node, ast.Import | ast.ImportFrom):
        return int(imports)
    return 1 + len(getattr(node, "decorator_list", ()))


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and (isinstance(node.value.value, str) or node.value.value is ...)
    )
