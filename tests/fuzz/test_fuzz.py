"""Schemathesis over every call of the document: its boundaries, random calls, and random walks along its links.

The same few cases each time; `make fuzz` tries a million others.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest
from tests.customers import CUSTOMER
from tests.fuzz.api import Case, Operation, all_operations, load
from tests.fuzz.environment import env_on
from tests.fuzz.fuzzing import Fuzzer, fuzzer_on
from tests.integration.http.openapi import document
from tests.integration.http.service import event_loop, in_database, in_memory

from accounts_sql import migrate

SEED = 1

boundaries = load(document(CUSTOMER))
boundaries.config.phases.fuzzing.enabled = False


@pytest.fixture(scope="module")
def fuzzer() -> Iterator[Fuzzer]:
    with event_loop() as run, env_on(run, in_memory()) as env:
        yield fuzzer_on(env)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def on_a_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fuzzer]:
    """A fuzzer of the service over a database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'accounts.db'}"
    else:
        url = request.getfixturevalue("postgres_url")
    migrate(url)
    with ExitStack() as stack:
        run = stack.enter_context(event_loop())
        stored = stack.enter_context(in_database(run, url))
        yield fuzzer_on(stack.enter_context(env_on(run, stored)))


@boundaries.parametrize()
def test_the_boundaries_of_a_call(case: Case, fuzzer: Fuzzer) -> None:
    fuzzer.try_afresh(case, Random(SEED))


@pytest.mark.parametrize("operation", all_operations(load(document(CUSTOMER))), ids=lambda operation: operation.label)
def test_random_calls(fuzzer: Fuzzer, operation: Operation) -> None:
    fuzzer.calls(operation, examples=6, seed=SEED)


def test_random_walks_along_the_links(fuzzer: Fuzzer) -> None:
    fuzzer.walks(examples=30, seed=SEED)


def test_random_walks_over_a_database(on_a_database: Fuzzer) -> None:
    on_a_database.walks(examples=5, seed=SEED)
