"""A fault put into the product on purpose, and the check that has to find it.

A mutant names the place of its fault by the syntax tree: the file, the qualified name of the class or function, and the
statements or the expression that it changes there. Layout, comments and whatever else is in the file are of no account.
"""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import dedent, indent
from typing import Final, TypeAlias

import attrs

ROOT: Final = Path(__file__).resolve().parents[2]

Found: TypeAlias = Sequence[ast.stmt] | ast.expr
"""Statements that follow each other, or one expression."""


class DoesNotApply(Exception):
    """The code that a mutant changes is not there, or not once: the product has moved on, and the mutant has to."""


@attrs.frozen
class Mutant:
    """One change: at `at`, the code `old` becomes `new`. `check` names the test that catches it, as pytest does."""

    name: str
    """What is wrong then, in words."""
    at: str
    """The file below `src/`, and after `::` the qualified name of the class or function; without one, the module."""
    old: str = attrs.field(repr=False)
    """Statements, or one expression, that occur once in what `at` names."""
    new: str = attrs.field(repr=False)
    """What takes their place; nothing, for statements that are left out."""
    check: str

    @property
    def file(self) -> str:
        return self.at.partition("::")[0]

    def mutated(self) -> str:
        """Return the file's text with the change in it.

        Raises:
            DoesNotApply: No such class or function, or the code is not there once.

        """
        text = (ROOT / "src" / self.file).read_text()
        scope = self._scope(ast.parse(text))
        found = list(occurrences(parsed(self.old), scope))
        if len(found) != 1:
            raise DoesNotApply(f"{self.name}: {self.at} has its code {len(found)} times.")
        changed = replaced(text, found[0], dedent(self.new).strip())
        if ast.dump(ast.parse(changed)) == ast.dump(ast.parse(text)):
            raise DoesNotApply(f"{self.name}: it changes nothing.")
        return changed

    def _scope(self, tree: ast.Module) -> ast.AST:
        scope: ast.AST = tree
        for name in filter(None, self.at.partition("::")[2].split(".")):
            inner = [each for each in _within(scope) if getattr(each, "name", None) == name]
            if len(inner) != 1:
                raise DoesNotApply(f"{self.name}: {self.at} is there {len(inner)} times.")
            (scope,) = inner
        return scope


def _within(scope: ast.AST) -> Iterator[ast.AST]:
    """Iterate over the classes and functions defined in a scope, but not in those in turn."""
    for child in ast.iter_child_nodes(scope):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
        else:
            yield from _within(child)


def parsed(code: str) -> Found:
    """Parse the code of a mutant: as an expression where it is one alone, else as statements."""
    body = ast.parse(f"async def _():\n{indent(dedent(code).strip(), '    ')}").body[0]
    assert isinstance(body, ast.AsyncFunctionDef)
    match body.body:
        case [ast.Expr(value=expression)]:
            return expression
        case statements:
            return statements


def occurrences(code: Found, scope: ast.AST) -> Iterator[Found]:
    """Iterate over the places in a scope that have the same syntax tree as the code."""
    if isinstance(code, ast.expr):
        wanted = _dump(code)
        yield from (node for node in ast.walk(scope) if isinstance(node, ast.expr) and _dump(node) == wanted)
        return
    sequence = [_dump(each) for each in code]
    for statements in _blocks(scope):
        dumped = [_dump(each) for each in statements]
        for start in range(len(dumped) - len(sequence) + 1):
            if dumped[start : start + len(sequence)] == sequence:
                yield statements[start : start + len(sequence)]


def _blocks(scope: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(scope):
        for _, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                yield value


def _dump(node: ast.AST) -> str:
    # whether a name is read or written is said by its place
    return ast.dump(node).replace("Store()", "Load()").replace("Del()", "Load()")


def replaced(text: str, found: Found, new: str) -> str:
    """Return the text with other code in the place of what was found in it."""
    lines = text.splitlines(keepends=True)
    if isinstance(found, ast.expr):
        assert found.end_lineno is not None
        assert found.end_col_offset is not None
        first, last = lines[found.lineno - 1].encode(), lines[found.end_lineno - 1].encode()
        before, after = first[: found.col_offset].decode(), last[found.end_col_offset :].decode()
        # an expression statement may be left out
        return "".join([*lines[: found.lineno - 1], f"{before}({new or None}){after}", *lines[found.end_lineno :]])
    decorators = getattr(found[0], "decorator_list", [])
    begin = min(each.lineno for each in (found[0], *decorators)) - 1
    margin = " " * found[0].col_offset
    return "".join([*lines[:begin], indent(new or "pass", margin), "\n", *lines[found[-1].end_lineno :]])
