import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.cli.harness import Served
from tests.integration.processes.programs import Start, StripeServer, kill, start_program


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start programs in an empty folder and without settings; what still runs at the end is killed."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ACCOUNTS_")]:
        monkeypatch.delenv(name)
    started: list[Served] = []

    def start_one(*arguments: str, **environment: str) -> Served:
        started.append(start_program(*arguments, **environment))
        return started[-1]

    yield start_one
    for program in started:
        if program.process.poll() is None:
            kill(program)


@pytest.fixture
def stripe(start: Start) -> Iterator[StripeServer]:
    """A Stripe simulator that runs as a server and keeps its state in a file."""
    with StripeServer.at(start("stripe-simulator", "--port", "0").url) as server:
        yield server
