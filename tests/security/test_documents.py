"""What the pages under `docs/security` say of the code is what the code says."""

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import attrs

from accounts_argon2 import lanes
from accounts_core.model.idempotency import KEPT_FOR, MAX_ANSWER_BYTES
from accounts_core.model.jobs import JobKind
from accounts_core.model.paging import MAX_PAGE
from accounts_core.model.passwords import DEFAULT_LENGTH, MAX_BYTES, PasswordPolicy
from accounts_core.model.policy import QuotaPolicy, RetentionPolicy, SessionPolicy
from accounts_core.model.rate_limits import (
    ACCOUNT,
    ALL,
    CARD,
    CLIENT,
    DEFAULT_RATE_LIMITS,
    MOST_FAILURES,
    PLAIN_SCOPES,
    RECIPIENT,
    RECIPIENT_DAY,
    USER,
    RateLimit,
)
from accounts_core.outbox.delays import FIRST_DELAY, LONGEST_DELAY, MOST_ATTEMPTS
from accounts_core.use_cases.teams.list_interactions import MAX_PAGE_CHARACTERS
from accounts_http.bodies import MAX_DEPTH, MAX_FIELD_NAME, MAX_UNKNOWN_FIELDS
from accounts_http.hardening import MAX_HEADER_BYTES, MAX_HEADERS
from accounts_http.idempotency import MAX_KEY, NOT_KEPT
from accounts_http.options import BODY_LIMIT_BYTES
from accounts_http.problems import MAX_PROBLEM_BYTES
from accounts_redis.rate_limiter import MOST_CONNECTIONS
from accounts_redis.rate_limiter import TIMEOUT_SECONDS as REDIS_SECONDS
from accounts_service.settings import Settings
from accounts_smtp import spans
from accounts_sql.connections import engines
from accounts_stripe import client, transport
from accounts_system.worker import AT_ONCE

ROOT: Final = Path(__file__).resolve().parents[2]
RULES: Final = (ROOT / "docs/security/rules.md").read_text()
SETTINGS: Final = (ROOT / "docs/settings.md").read_text()
INVENTORY: Final = (ROOT / "docs/security/inventory.md").read_text()

COLUMNS: Final = (CLIENT, ACCOUNT, USER, CARD, RECIPIENT, RECIPIENT_DAY, ALL)
SPANS: Final = {86400: "day", 3600: "hour", 60: "minute"}

CRYPTOGRAPHY: Final = frozenset(
    {"argon2", "cryptography", "hashlib", "hmac", "jwt", "random", "secrets", "ssl", "uuid"}
)
NOT_IN_SERVICE: Final = ("accounts_core/testing/", "accounts_memory/", "accounts_pytest/", "accounts_stripe_simulator/")
"""Fakes and the simulator: nobody's secrets are kept there."""
NO_SECRETS: Final = frozenset(
    {
        "accounts_sql/connections/engines.py",
        "accounts_argon2/encoded.py",
        "accounts_system/lanes.py",
        "accounts_system/blocking_worker.py",
    }
)
"""These name statements, take a stored hash apart, and spread a worker's waits: nothing has to be hard to guess."""


def test_the_limits_are_the_ones_that_the_rules_tell() -> None:
    told = {
        cells[0]: dict(zip(COLUMNS, cells[1:], strict=True))
        for cells in _rows(RULES)
        if cells[0] in DEFAULT_RATE_LIMITS and len(cells) == 1 + len(COLUMNS)
    }

    assert {
        name: {scope: _as_told(limits.get(scope)) for scope in COLUMNS} for name, limits in DEFAULT_RATE_LIMITS.items()
    } == told
    assert f"{MOST_FAILURES.count} wrong passwords in a row" in RULES


def test_a10_the_rules_tell_which_scope_a_plain_name_sets() -> None:
    told = {
        name: scope
        for cells in _rows(RULES.partition("| a plain name | sets |")[2].partition("\n\n")[0])
        for name in cells[0].split(", ")
        for scope in re.findall(r"\(`([\w-]+)`", cells[1])
    }

    assert told == PLAIN_SCOPES


def test_a10_the_example_of_the_settings_page_is_safe_to_copy() -> None:
    """It says what holds anyway, so that nobody's service is capped by having it copied."""
    (example,) = re.findall(r"^\| `ACCOUNTS_LIMITS` \|.*?such as `([^`]+)`", SETTINGS, re.MULTILINE)

    policy = Settings.parse({"ACCOUNTS_LIMITS": example}).policy()

    assert {
        name: {scope: policy.limit(name, scope) for scope in DEFAULT_RATE_LIMITS[name]} for name in DEFAULT_RATE_LIMITS
    } == (DEFAULT_RATE_LIMITS)


def test_the_settings_page_names_every_limit_that_can_be_set() -> None:
    (row,) = (line for line in SETTINGS.splitlines() if line.startswith("| `ACCOUNTS_LIMITS` |"))

    assert all(f"`{name}`" in row or f"{name}=" in row for name in DEFAULT_RATE_LIMITS)


def test_the_quotas_are_the_ones_that_the_rules_tell() -> None:
    quotas = QuotaPolicy()

    assert _row("accounts per owner") == str(quotas.teams)
    assert _row("members per account") == str(quotas.members)
    assert _row("open invitations per account") == str(quotas.invitations)
    assert _row("notifications per user") == f"{quotas.notifications}, then the oldest goes"


def test_the_figures_of_the_rules_are_the_codes() -> None:
    body, headers, password = _row("a body"), _row("headers"), _row("password, new")
    sessions = SessionPolicy()

    assert body.startswith(f"{BODY_LIMIT_BYTES} bytes")
    assert f"{MAX_DEPTH} levels" in body
    assert _row("an idempotency key").startswith(f"1 to {MAX_KEY} printable")
    assert f"a problem has at most {MAX_PROBLEM_BYTES} bytes" in RULES
    assert f"at most {MAX_UNKNOWN_FIELDS} unknown fields, {MAX_FIELD_NAME} characters of each" in RULES
    assert f"has at most {MAX_ANSWER_BYTES} bytes, and is kept for {KEPT_FOR // timedelta(hours=1)} hours" in RULES
    assert f"Not kept are {', '.join(map(str, sorted(NOT_KEPT)))},\n5xx" in RULES
    assert headers.startswith(f"{MAX_HEADERS}, {MAX_HEADER_BYTES} bytes")
    assert password.startswith(f"{DEFAULT_LENGTH} to {MAX_BYTES}:")
    assert f"{len(PasswordPolicy().common) // 1000},000 common ones" in password
    assert f"`limit` from 1 to {MAX_PAGE}" in _row("a page of a list")
    assert f"more than {MAX_PAGE_CHARACTERS:,} characters" in _row("a page of interactions")
    assert f"lives for {sessions.lifetime.days} days, {sessions.idle.days} without use" in RULES
    assert f"at most {sessions.most} sessions" in RULES


def test_the_figures_of_the_inventory_are_the_codes() -> None:
    """ASVS 5.0, 13.1.2, 13.1.3 and 13.2.6."""
    table = INVENTORY.partition("## Whom it talks to")[2].partition("## ")[0]
    told = {cells[0].partition(" (")[0].partition(",")[0]: cells for cells in _rows(table)}

    database, stripe = told["the database"], told["Stripe"]
    assert f"{engines.POOL_SIZE} connections a process, and {engines.MAX_OVERFLOW} beyond" in database[2]
    assert f"{engines.POOL_TIMEOUT_SECONDS} s for a connection, 10 s for a lock, 30 s for a statement" in database[3]
    assert f"{transport.CONNECT_SECONDS:.0f} s to connect, {transport.TOTAL_SECONDS:.0f} s in all" in stripe[3]
    assert f"{transport.MOST_CONNECTIONS} connections a process" in stripe[2]
    assert f"{client.RETRIES} repeats under the same key" in stripe[3]
    assert (LONGEST_DELAY, JobKind.MAIL in AT_ONCE) == (timedelta(hours=1), True)
    outbox = f"{FIRST_DELAY.total_seconds():.0f} s, doubled up to an hour, {MOST_ATTEMPTS} attempts, then dead-lettered"
    assert outbox in stripe[4]
    assert f"{AT_ONCE[JobKind.MAIL]} a process" in told["the mail server"][2]
    mail = f"{spans.TIMEOUT_SECONDS:.0f} s for an answer, {spans.TOTAL_SECONDS:.0f} s for a mail"
    assert mail in told["the mail server"][3]
    assert f"{MOST_CONNECTIONS} connections a process" in told["Redis"][2]
    assert f"{REDIS_SECONDS:.0f} s each" in told["Redis"][3]
    assert f"{lanes.WAITING_FOR_EACH_LANE} waiting for each" in INVENTORY


def test_f12_the_retention_is_the_one_that_is_told() -> None:
    kept = RetentionPolicy()
    (row,) = (line for line in SETTINGS.splitlines() if "`ACCOUNTS_RETENTION_AUDIT_DAYS`" in line)
    names = [f"`ACCOUNTS_RETENTION_{name.upper()}_DAYS`" for name in attrs.fields_dict(RetentionPolicy)]
    days = [f"`{span.days}`" for span in attrs.astuple(kept)]

    assert [cell.strip() for cell in row.strip("|").split("|")][:2] == [", ".join(names), ", ".join(days)]
    assert kept.audit is not None
    assert kept.dead_jobs is not None
    assert f"after {kept.audit.days} days, failed jobs after {kept.dead_jobs.days}," in RULES


def test_every_use_of_cryptography_is_in_the_inventory() -> None:
    """Another module that begins to hash or to draw at random has to say here what for (ASVS 5.0, 11.1.3)."""
    section = INVENTORY.partition("## Cryptography")[2].partition("## ")[0]
    told = set(re.findall(r"`(\w+(?:/\w+)+\.py)`", section))

    assert set(_modules_with_cryptography()) - NO_SECRETS == told


def _modules_with_cryptography() -> Iterator[str]:
    for folder in (ROOT / "src", ROOT / "src/adapters", ROOT / "src/entrypoints"):
        for package in folder.glob("accounts_*"):
            for file in package.rglob("*.py"):
                name = file.relative_to(folder).as_posix()
                if not name.startswith(NOT_IN_SERVICE) and _imports(file) & CRYPTOGRAPHY:
                    yield name


def _imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


def _rows(page: str) -> Iterator[list[str]]:
    for line in page.splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def _row(name: str) -> str:
    return next(cells[1] for cells in _rows(RULES) if cells[0] == name)


def _as_told(limit: RateLimit | None) -> str:
    return "" if limit is None else f"{limit.count}/{SPANS[round(limit.period.total_seconds())]}"
