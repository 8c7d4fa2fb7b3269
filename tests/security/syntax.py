"""What the modules of the packages use, by its full name, whatever it was imported as."""

import ast
from collections.abc import Iterator
from functools import cache


@cache
def imported_as(tree: ast.Module) -> dict[str, str]:
    """Return what each imported name stands for: `{"h": "hashlib"}` for `import hashlib as h`."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def full_name(tree: ast.Module, node: ast.expr) -> str:
    """Return the full name of what a name or an attribute stands for; "" for any other expression."""
    if isinstance(node, ast.Name):
        return imported_as(tree).get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return f"{full_name(tree, node.value)}.{node.attr}"
    return ""


@cache
def used(tree: ast.Module) -> frozenset[str]:
    """Return every name and attribute that is imported or read, by its full name."""
    found = set(imported_as(tree).values())
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            found.add(full_name(tree, node))
    return frozenset(found)


def calls_of(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Return every call by the full name of what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield full_name(tree, node.func), node
