import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.integration.cli.harness import CommandResult, Run, Serve, Served

from accounts_cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, empty, and no settings in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ACCOUNTS_")]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def run_here(*arguments: str, stdin: str = "") -> CommandResult:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        try:
            code: object = main(arguments)
        except SystemExit as stop:  # as argparse ends --help and what it does not understand
            code = stop.code
        said = capsys.readouterr()
        return CommandResult(code, said.out, said.err)

    return run_here


@pytest.fixture
def serve(folder: Path) -> Iterator[Serve]:
    """Start services; what is still running at the end is ended."""
    with starting("serve", "--port", "0") as start:
        yield start


@pytest.fixture
def work(folder: Path) -> Iterator[Serve]:
    """Start workers."""
    with starting("worker") as start:
        yield start


@pytest.fixture
def simulate(folder: Path) -> Iterator[Serve]:
    """Start Stripe simulators that are servers of their own."""
    with starting("stripe-simulator", "--port", "0", "--file", ":memory:") as start:
        yield start


@pytest.fixture
def stripe_server(simulate: Serve) -> str:
    """The URL of a Stripe simulator."""
    return simulate().url


@contextmanager
def starting(*command: str) -> Iterator[Serve]:
    started: list[Served] = []

    def start(*arguments: str, **environment: str) -> Served:
        started.append(Served.start(*command, *arguments, **environment))
        return started[-1]

    yield start
    for served in started:
        if served.process.poll() is None:
            served.process.kill()
            served.process.wait()
