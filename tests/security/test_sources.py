"""What the sources do not do: run text as code, make SQL of values, call whom nobody named, draw from a weak source.

Read from the syntax trees of every module of the packages, so that a new module is looked at as soon as it is there.
"""

import ast
import re
import sys
from functools import cache
from pathlib import Path
from typing import Final

import pytest

import accounts_core

ROOT: Final = Path(__file__).resolve().parents[2]
SRC: Final = Path(accounts_core.__file__).parents[1]
"""Where the packages are imported from: a changed copy is looked at as itself."""
INVENTORY: Final = (ROOT / "docs/security/inventory.md").read_text()

NOT_IN_SERVICE: Final = ("accounts_core/testing/", "accounts_memory/", "accounts_pytest/", "accounts_stripe_simulator/")
"""Fakes and the simulator: nobody's secrets are kept there, and nothing of a person's is sent there."""

FORBIDDEN_MODULES: Final = frozenset(
    {
        "code",
        "dill",
        "imp",
        "jinja2",
        "mako",
        "marshal",
        "pickle",
        "pty",
        "runpy",
        "shelve",
        "subprocess",
        "yaml",
    }
)
FORBIDDEN_CALLS: Final = frozenset(
    {
        "eval",
        "exec",
        "compile",
        "__import__",
        "os.system",
        "os.popen",
        "os.execv",
        "os.execve",
        "os.spawnv",
        "os.posix_spawn",
    }
)

NETWORK_MODULES: Final = frozenset(
    {"ftplib", "http.client", "imaplib", "poplib", "smtplib", "socket", "telnetlib", "urllib.request", "xmlrpc"}
)
NOT_CLIENTS: Final = frozenset(
    {
        "alembic",
        "argon2",
        "attrs",
        "babel",
        "fastapi",
        "idna",
        "jinja2",
        "litestar",
        "markupsafe",
        "msgspec",
        "pydantic",
        "sqlalchemy",
        "starlette",
        "stripe",
        "structlog",
        "typing_extensions",
    }
    | {"uvicorn", "uvloop"}
)
"""Libraries that open no connection, or only over what is listed: a driver of the database, and Stripe's transport."""

SQL_TEXTS: Final = frozenset({"text", "literal_column", "exec_driver_sql", "TextClause", "DDL"})
CONSTANT_TEXTS: Final[dict[tuple[str, str], str]] = {}

Module = tuple[str, ast.Module]


@cache
def modules() -> tuple[Module, ...]:
    return tuple(
        (name, ast.parse(file.read_text()))
        for folder in (SRC, SRC / "adapters", SRC / "entrypoints")
        for package in folder.glob("accounts_*")
        for file in sorted(package.rglob("*.py"))
        if not (name := file.relative_to(folder).as_posix()).startswith(NOT_IN_SERVICE)
    )


@cache
def imported(tree: ast.AST) -> frozenset[str]:
    """Return the full name of whatever is imported: of `from http import client`, both `http` and `http.client`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def imports_of(tree: ast.AST, names: frozenset[str]) -> set[str]:
    return {name for name in names for found in imported(tree) if found == name or found.startswith(f"{name}.")}


@cache
def calls(tree: ast.AST) -> tuple[tuple[str, ast.Call], ...]:
    """Return every call by what is called, as it is written: `eval`, `os.system`, `sa.text`."""
    return tuple((ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call))


def test_the_sources_are_looked_at() -> None:
    assert len(modules()) > 150
    assert {"socket"} <= {name for _, tree in modules() for name in imported(tree)}


def test_nothing_runs_text_as_code_unpickles_or_starts_a_process() -> None:
    """ASVS 5.0, 1.3.2, 1.5.2 and 15.1.5."""
    found = [(name, module) for name, tree in modules() for module in imports_of(tree, FORBIDDEN_MODULES)]
    found += [(name, called) for name, tree in modules() for called, _ in calls(tree) if called in FORBIDDEN_CALLS]

    assert found == [("accounts_smtp/rendering.py", "jinja2")]  # templates are the operator's files, in a sandbox


def test_sql_is_never_made_of_a_value() -> None:
    """ASVS 5.0, 1.2.4: text becomes a part of a statement where a module is loaded, or is a constant."""
    found = set()
    for name, tree in modules():
        if not name.startswith("accounts_sql/"):
            assert not {f"{module}.{kind}" for module in ("sa", "sqlalchemy") for kind in SQL_TEXTS} & {
                called for called, _ in calls(tree)
            }, name
            continue
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                for called, call in calls(function):
                    kind = called.rpartition(".")[2]
                    if kind in SQL_TEXTS and not isinstance(call.args[0], ast.Constant):
                        found.add((name, kind))
                    assert kind != "execute" or not isinstance(call.args[0], ast.BinOp), (name, ast.unparse(call))

    assert {each for each in found if "/migrations/versions/" not in each[0]} == set(CONSTANT_TEXTS)


def third_parties(tree: ast.AST) -> set[str]:
    """Return the libraries that a module imports."""
    tops = {name.partition(".")[0] for name in imported(tree)}
    return {top for top in tops - sys.stdlib_module_names - {"_typeshed"} if not top.startswith("accounts_")}


def test_nobody_is_called_but_whom_the_inventory_names() -> None:
    """ASVS 5.0, 1.3.6, 13.1.1 and 13.2.4: each module that opens a connection is in the table, with what it uses."""
    table = INVENTORY.partition("## Whom it talks to")[2].partition("## ")[0]
    told = {
        (file, client)
        for client, files in re.findall(r"`([\w.]+)` in ((?:`[\w/]+\.py`(?:, )?)+)", table)
        for file in re.findall(r"`([\w/]+\.py)`", files)
    }

    assert told == {
        (name, client)
        for name, tree in modules()
        for client in imports_of(tree, NETWORK_MODULES) | (third_parties(tree) - NOT_CLIENTS)
    }


def test_no_certificate_goes_unverified_and_no_redirect_is_followed() -> None:
    """ASVS 5.0, 12.3.2 and 15.3.2."""
    for name, tree in modules():
        for called, call in calls(tree):
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
            assert not {"verify", "follow_redirects", "allow_redirects", "ssl_cert_reqs", "validate_certs"} & set(
                given
            ), (
                name,
                called,
            )
        words = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} | set(imported(tree))
        assert not {"CERT_NONE", "check_hostname", "_create_unverified_context", "verify_mode"} & words, name


def test_what_has_to_be_hard_to_guess_comes_from_the_system() -> None:
    """ASVS 5.0, 6.5.3, 7.2.3, 11.5.1 and 11.5.2: `random` and `uuid` are predictable, or shorter than they look."""
    weak = frozenset({"random", "uuid", "numpy"})

    found = {name: imports_of(tree, weak) for name, tree in modules()}

    # a worker's waits: nothing has to be hard to guess
    assert {name: used for name, used in found.items() if used} == {
        "accounts_system/blocking_worker.py": {"random"},
        "accounts_system/lanes.py": {"random"},
    }


def test_no_hash_but_sha_256_is_used() -> None:
    """ASVS 5.0, 11.4.1 and 11.4.3."""
    used = {
        name
        for _, tree in modules()
        for name in imported(tree)
        if name.startswith("hashlib.") or name in {"Crypto", "cryptography"}
    }
    used |= {called for _, tree in modules() for called, _ in calls(tree) if called.startswith("hashlib.")}

    assert used == {"hashlib.sha256"}


def test_where_the_inventory_says_that_a_comparison_takes_the_same_time_it_does() -> None:
    """ASVS 5.0, 11.2.4."""
    rows = [line for line in INVENTORY.splitlines() if line.startswith("| ") and "`hmac.compare_digest`" in line]
    told = {file for row in rows for file in re.findall(r"`(\w+(?:/\w+)+\.py)`", row)}
    told.discard("accounts_argon2/workspace.py")  # it makes the tag that its neighbour compares

    assert told == {
        name for name, tree in modules() for called, _ in calls(tree) if called.rpartition(".")[2] == "compare_digest"
    }


@pytest.mark.parametrize("folder", [SRC, ROOT / "docs", ROOT / "benchmarks"], ids=lambda folder: folder.name)
def test_no_key_is_in_the_sources(folder: Path) -> None:
    """ASVS 5.0, 13.3.1: neither a provider's key nor a private one, nor a token of ours, is where it can be read."""
    keys = re.compile(
        r"\b[sr]k_live_[0-9A-Za-z]{8,}|\bsk_test_[0-9A-Za-z]{20,}|\bwhsec_[0-9A-Za-z]{20,}|BEGIN [A-Z ]*PRIVATE KEY"
        r"|\bac[cm]_[0-9A-Za-z]{49}\b|\bAKIA[0-9A-Z]{16}\b"
    )
    read = [file for file in folder.rglob("*") if file.suffix in {".py", ".md", ".js", ".html", ".ini", ".json"}]

    assert read
    assert [file for file in read if keys.search(file.read_text())] == []


def test_every_aggregate_is_frozen() -> None:
    """ASVS 5.0, 15.4.1: what threads share of the model cannot be changed by any of them."""
    open_classes = [
        (name, node.name)
        for name, tree in modules()
        if name.startswith("accounts_core/model/")
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for decorator in node.decorator_list
        if ast.unparse(decorator).partition("(")[0]
        in {"attrs.define", "attrs.mutable", "dataclass", "dataclasses.dataclass"}
    ]

    assert open_classes == [("accounts_core/model/fair_queue.py", "FairQueue")]


def test_lines_are_logged_to_standard_error_and_nowhere_else() -> None:
    """ASVS 5.0, 16.2.3."""
    handlers = {
        (name, called.rpartition(".")[2])
        for name, tree in modules()
        for called, _ in calls(tree)
        if called.rpartition(".")[2].endswith("Handler") and "logging" in set(imported(tree))
    }

    assert handlers == {("accounts_service/logs.py", "_Handler")}
