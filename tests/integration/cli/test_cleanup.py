"""F12: `accounts cleanup`."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.integration.cli.harness import PASSWORD, Run

from accounts_sql import create_engine
from accounts_sql.tables import audit

CREATE = ("users", "create", "--email", "jane@example.org", "--name", "Jane Doe", "--verified", "--password-stdin")


@pytest.fixture
def old(run: Run, folder: Path) -> None:
    """A database whose audit trail begins 500 days ago."""
    assert run("migrate").code == 0
    assert run(*CREATE, stdin=PASSWORD).code == 0
    engine = create_engine(f"sqlite:///{folder / 'accounts.db'}")
    with engine.begin() as connection:
        connection.execute(sa.update(audit).values(at=datetime.now(UTC) - timedelta(days=500)))
    engine.dispose()


def told(run: Run, *more: str) -> dict[str, int]:
    ran = run("cleanup", "--json", *more)
    assert not ran.code, ran.err
    found: dict[str, int] = json.loads(ran.out)
    return found


@pytest.mark.usefixtures("old")
def test_f12_a_dry_run_says_how_much_and_deletes_nothing(run: Run) -> None:
    first = told(run, "--dry-run")

    assert first["audit"] >= 1
    assert told(run, "--dry-run") == first
    assert told(run) == first
    assert set(told(run).values()) == {0}


@pytest.mark.usefixtures("old")
def test_f12_what_is_kept_for_ever_stays(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNTS_RETENTION_AUDIT_DAYS", "0")

    assert told(run)["audit"] == 0


@pytest.mark.usefixtures("old")
def test_f12_it_is_told_in_lines_for_a_person(run: Run) -> None:
    dry, ran = run("cleanup", "--dry-run"), run("cleanup")

    assert dry.out.startswith("WOULD BE DELETED  DATA\n")
    assert ran.out.startswith("DELETED  DATA\n")
    assert "audit entries" in ran.out


@pytest.mark.usefixtures("old")
def test_f4_the_audit_trail_goes_on_from_the_position_that_it_tells(run: Run) -> None:
    first = run("audit", "--limit", "1")
    position = first.out.rpartition("--before ")[2].strip()

    second = run("audit", "--limit", "1", "--before", position)

    assert first.out.splitlines()[1] != second.out.splitlines()[1]
    refused = run("audit", "--before", position[:-1])
    assert refused.code
    assert "before" in refused.err
