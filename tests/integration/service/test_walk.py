"""`examples/walk.sh`: every call of both APIs with curl, against a real service in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.cli.harness import Serve

WALK = Path(__file__).resolve().parents[3] / "examples/walk.sh"


def walk(url: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = str(Path(sys.executable).parent / "accounts")
    return subprocess.run(
        [WALK, url, command],
        env={**os.environ, **environment},
        check=False,
        text=True,
        capture_output=True,
        timeout=300,
    )


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def test_the_walk_gets_every_documented_answer(database: str, serve: Serve, request: pytest.FixtureRequest) -> None:
    settings: dict[str, str] = {}
    if database == "postgresql":
        settings["ACCOUNTS_DATABASE_URL"] = request.getfixturevalue("postgres_url")
    served = serve(**settings)

    walked = walk(served.url, **settings)

    assert walked.stderr == ""
    assert walked.returncode == 0
    assert walked.stdout.endswith("The walk is done.\n")
    assert walked.stdout.count(" -> ") > 60
    assert served.stop() == 0
