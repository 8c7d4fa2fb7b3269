"""What a part of the simulation is: a module with `run(effort)`, which gives the rows of the table."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from typing import Protocol, TypeVar

import attrs
from tests.integration.postgres import PostgresServer, serving_postgres
from tests.simulation import backends
from tests.simulation.backends import Backend

J = TypeVar("J")
R = TypeVar("R")


@attrs.frozen(kw_only=True)
class Effort:
    """How much is to be done."""

    is_long: bool = False
    seconds: float = 60
    """How long random histories are played for."""
    histories: int | None = None
    """Or how many, where that is given."""
    seed: int = 0
    """The first seed of all."""
    processes: int = attrs.field(factory=lambda: os.cpu_count() or 1)


@attrs.frozen(kw_only=True)
class Row:
    """One line of the table: `counts` by the heading that each stands under; a violation is a text of its own."""

    part: str
    counts: Mapping[str, int]
    seconds: float
    violations: tuple[str, ...] = ()


class Part(Protocol):
    """A module of this package."""

    def run(self, effort: Effort) -> Iterable[Row]:
        """Do it, and give each row as soon as it is there."""
        ...


_opened: dict[str, Backend] = {}
_stack = ExitStack()


def backend(name: str, postgres_url: str | None) -> Backend:
    """Return this process's own backend, opened when it is first asked for and never closed before the process ends."""
    if name not in _opened:
        if name == "postgres":
            assert postgres_url is not None
            _opened[name] = _stack.enter_context(backends.postgres(PostgresServer(postgres_url)))
        else:
            _opened[name] = _stack.enter_context(getattr(backends, name)())
    return _opened[name]


def spread(work: Callable[[J], R], jobs: Iterable[J], effort: Effort) -> Iterator[R]:
    """Do the jobs in as many processes as there are, and yield what each gives, as it comes."""
    with ProcessPoolExecutor(effort.processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(work, jobs)


@contextmanager
def server_for(name: str) -> Iterator[str | None]:
    """Give the URL of a PostgreSQL server where the backend needs one."""
    if name != "postgres":
        yield None
        return
    with serving_postgres() as server:
        yield server.url
