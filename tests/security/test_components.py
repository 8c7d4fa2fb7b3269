"""`constraints.txt` is what the service is made of: every component, each in one exact version."""

import re
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parents[2]
LINES: Final = [
    line
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line.strip() and not line.lstrip().startswith("#")
]
PINNED: Final = {canonicalize_name(name): pin for name, _, pin in (line.partition("==") for line in LINES)}


def components(name: str, extras: frozenset[str]) -> set[str]:
    """Return the names of everything that a distribution needs here, down to the last."""
    found: set[str] = set()
    waiting = [(name, extras)]
    seen = set()
    while waiting:
        each, wanted = waiting.pop()
        if (each, wanted) in seen:
            continue
        seen.add((each, wanted))
        for text in requires(each) or []:
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in (wanted or {""})):
                found.add(canonicalize_name(needed.name))
                waiting.append((needed.name, frozenset(needed.extras)))
    return found - {canonicalize_name(name)}


def test_every_component_of_the_service_is_pinned_and_is_what_runs_here() -> None:
    """ASVS 5.0, 15.1.2 and 15.2.1: down to the last, so that none comes in unseen or stays behind."""
    needed = components("accounts-core", frozenset({"all"}))

    assert {"attrs", "litestar", "stripe", "argon2-cffi", "argon2-cffi-bindings", "httpx", "httptools"} <= needed
    assert needed <= set(PINNED)
    here: dict[str, str] = {}
    for name in needed:
        try:
            here[name] = version(name)
        except PackageNotFoundError:  # an extra's extra that nobody asked for
            continue
    assert here == {name: pin for name, pin in PINNED.items() if name in here}


def test_each_line_is_one_exact_version_and_nothing_says_where_else_to_look() -> None:
    """ASVS 5.0, 15.1.2: no address, no other index, no range."""
    assert [line for line in LINES if not re.fullmatch(r"[A-Za-z0-9][\w.-]*==\d[\w.+!]*", line)] == []
    assert len(PINNED) == len(LINES)
    project = (ROOT / "pyproject.toml").read_text()
    assert not re.search(r"index.url|find.links|git\+|@ ?https?://|@ ?file:", project)
