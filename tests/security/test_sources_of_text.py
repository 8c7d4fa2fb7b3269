"""What the sources do not do with text, by every name that Python has for it: see `test_sources.py`.

A name counts wherever it is used, as `eval`, `builtins.eval` and `from builtins import eval` alike.
"""

import ast
import re
from collections.abc import Iterator
from typing import Final

from tests.security.test_sources import calls, imports_of, modules

RUNS: Final = frozenset(
    {
        "InteractiveInterpreter",
        "__builtins__",
        "__import__",
        "create_subprocess_exec",
        "create_subprocess_shell",
        "eval",
        "exec",
        "exec_module",
        "import_module",
        "popen",
        "startfile",
        "subprocess_exec",
        "subprocess_shell",
        "system",
    }
)
"""What runs text as code, imports what a text names, or starts a process, whatever it is called of."""
RUNS_AT_LENGTH: Final = re.compile(r"(?:exec|spawn)[lv]p?e?|posix_spawnp?|fork_exec")

CONNECTS: Final = frozenset(
    {
        "create_connection",
        "create_datagram_endpoint",
        "create_unix_connection",
        "open_connection",
        "open_unix_connection",
        "sock_connect",
        "urlopen",
    }
)
"""What opens a connection without one of the clients that `test_sources.py` knows."""

SENDS_SQL: Final = frozenset(
    {"DDL", "TextClause", "exec_driver_sql", "execute", "executemany", "executescript", "literal_column", "text"}
)
_CONSTANT: Final = "a constant of the module"
_OUR_WORD: Final = "a member of an enum of ours"
TOLD: Final = {
    ("accounts_sql/connections/engines.py", "f'PRAGMA {pragma}'"): _CONSTANT,
    ("accounts_sql/connections/engines.py", "f'PRAGMA busy_timeout={WAL_WAIT_MILLISECONDS}'"): _CONSTANT,
    ("accounts_sql/migrations/running.py", "f'SELECT pg_advisory_xact_lock({LOCK});'"): _CONSTANT,
    (
        "accounts_sql/migrations/running.py",
        "f'SET LOCAL search_path TO {dialect.identifier_preparer.quote_identifier(self.location.schema)};'",
    ): "the host's schema, quoted by the dialect, in SQL that is printed",
    ("accounts_sql/repositories/cleanup.py", "f\"'{state}'\""): _OUR_WORD,
    ("accounts_sql/repositories/team_reader.py", "f\"'{Role.MEMBER}'\""): _OUR_WORD,
    ("accounts_sql/repositories/team_reader.py", "f\"'{Role.OWNER}'\""): _OUR_WORD,
    ("accounts_sql/repositories/teams.py", "f\"'{Role.MEMBER}'\""): _OUR_WORD,
    ("accounts_sql/repositories/teams.py", "f\"'{Role.OWNER}'\""): _OUR_WORD,
    ("accounts_sql/repositories/verifications.py", "f\"'{state}'\""): _OUR_WORD,
    ("accounts_sql/tables/cards.py", "f'state IN ({listed(OPEN_STATES)})'"): _OUR_WORD,
    ("accounts_sql/tables/cards.py", "f'state NOT IN ({listed(OPEN_STATES)})'"): _OUR_WORD,
}
SQL: Final = re.compile(
    r"\s*(?:ALTER|ATTACH|CALL|COPY|CREATE|DELETE|DO|DROP|EXECUTE|GRANT|INSERT|LISTEN|MERGE|NOTIFY|PRAGMA|REPLACE|SELECT"
    r"|SET|TRUNCATE|UPDATE|WITH)\s"
)


def names_used(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                yield name


def using(wanted: frozenset[str]) -> set[tuple[str, str]]:
    return {(name, used) for name, tree in modules() for used in names_used(tree) if used in wanted}


def test_nothing_that_runs_text_or_a_process_is_used_by_any_name() -> None:
    """ASVS 5.0, 1.3.2."""
    assert using(RUNS) == {("accounts_redis/rate_limiter.py", "eval")}  # a script of our own, as the test below sees
    assert [name for name, tree in modules() for used in names_used(tree) if RUNS_AT_LENGTH.fullmatch(used)] == []
    assert [name for name, tree in modules() if imports_of(tree, frozenset({"builtins", "cffi", "pdb"}))] == []
    # to keep one object for as long as the process lives
    assert [name for name, tree in modules() if imports_of(tree, frozenset({"ctypes"}))] == ["accounts_core/forking.py"]


def test_what_redis_runs_is_a_constant() -> None:
    """ASVS 5.0, 1.2.4 and 1.3.2: keys and figures are arguments of the script, never a part of it."""
    found = {name: tree for name, tree in modules() if name.startswith("accounts_redis/")}

    run = [ast.unparse(call.args[0]) for tree in found.values() for name, call in calls(tree) if name.endswith(".eval")]
    (script,) = (
        node.value
        for node in found["accounts_redis/script.py"].body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "SPEND"
    )

    assert run == ["SPEND", "SPEND"]
    assert isinstance(script, ast.Constant)


def test_nothing_connects_without_a_client_of_the_inventory() -> None:
    """ASVS 5.0, 1.3.6."""
    assert using(CONNECTS) == set()


def put_together(node: ast.AST) -> bool:
    """Whether a text is made where it stands: by an f-string, `+`, `%` or `format`."""
    return any(
        isinstance(part, ast.JoinedStr)
        or (isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Mod))
        or (isinstance(part, ast.Call) and ast.unparse(part.func).endswith((".format", ".join", ".replace")))
        for part in ast.walk(node)
    )


def test_each_statement_that_is_put_together_is_told_here() -> None:
    """ASVS 5.0, 1.2.4: by the statement, not by its module, and whoever sends it."""
    sent = {
        (name, ast.unparse(call.args[0]))
        for name, tree in modules()
        if "/migrations/versions/" not in name
        for called, call in calls(tree)
        if called.rpartition(".")[2] in SENDS_SQL and call.args and put_together(call.args[0])
    }
    written = {
        (name, ast.unparse(node))
        for name, tree in modules()
        if "/migrations/versions/" not in name
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        and isinstance(node.values[0], ast.Constant)
        and SQL.match(str(node.values[0].value))
    }

    assert {each for each in sent if each[0].startswith("accounts_sql/")} | written == {
        (name, ast.unparse(ast.parse(told, mode="eval")))
        for name, told in TOLD  # each Python quotes in its way
    }
