"""`make fuzz`: random requests by the million, in as many processes as there are cores, over each of the stores.

It says how many cases were tried, which of the document's statuses they reached, and for each kind of failure one
request that repeats it. The same seed tries the same cases.
"""

import argparse
import logging
import multiprocessing
import os
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty
from random import Random

import attrs
from schemathesis.core.failures import FailureGroup
from tests.fuzz import api
from tests.fuzz.environment import env_on
from tests.fuzz.fuzzing import Fuzzer, fuzzer_on
from tests.fuzz.status_requests import a_stage, answers_of
from tests.integration.http.openapi import Operation, operations
from tests.integration.http.service import event_loop, in_database, in_memory
from tests.integration.postgres import serving_postgres

from accounts_sql import migrate

TURNS = ("memory",) * 8 + ("sqlite", "postgresql")
"""Which store each round is on. Over a database a case takes ten times as long."""
EXAMPLES = {"memory": 50, "sqlite": 5, "postgresql": 5}
"""For each operation and round; an operation that takes nothing needs fewer."""
FEWER = 10
WALKS = 8
"""How often in a round there are walks."""
PATIENCE = 3
"""What has failed so often in one process is left alone there: it would be the same again."""
REPORT_SECONDS = 30


@attrs.frozen(kw_only=True)
class OutboxJob:
    """What one process has to do."""

    number: int
    cases: int
    deadline: float | None
    seed: int
    databases: dict[str, str]

    def is_over(self, tried: int) -> bool:
        return tried >= self.cases or (self.deadline is not None and time.time() >= self.deadline)


@attrs.frozen(kw_only=True)
class Report:
    """What one process has seen since its last report."""

    seen: Counter[tuple[str, int]]
    failures: dict[str, str]
    """By what went wrong: how, and how to repeat it."""
    is_last: bool = False


def work(job: OutboxJob, reports: "Queue[Report]") -> None:
    """Fuzz until the job is over."""
    _keep_quiet()
    told: Counter[tuple[str, int]] = Counter()
    with ExitStack() as stack:
        run = stack.enter_context(event_loop())
        stores = {name: stack.enter_context(in_database(run, url)) for name, url in job.databases.items()}
        envs = [stack.enter_context(env_on(run, stored)) for stored in (in_memory(), *stores.values())]
        fuzzers = dict(zip(("memory", *stores), map(fuzzer_on, envs), strict=True))
        for failures in _rounds(job, fuzzers):
            seen = sum((fuzzer.seen for fuzzer in fuzzers.values()), Counter[tuple[str, int]]())
            reports.put(Report(seen=seen - told, failures=failures))
            told = seen
    reports.put(Report(seen=Counter(), failures={}, is_last=True))


def _rounds(job: OutboxJob, fuzzers: dict[str, Fuzzer]) -> Iterator[dict[str, str]]:
    """Give, after each step, what has failed in it."""
    failed: Counter[str] = Counter()
    seed = job.seed + job.number * 10**9
    turn = 0
    while True:
        name = TURNS[turn % len(TURNS)]
        fuzzer = fuzzers[name]
        turn += 1
        before = sum(each.cases for each in fuzzers.values())
        steps: list[api.Operation | None] = [*api.all_operations(fuzzer.schema), *[None] * WALKS]
        Random(seed).shuffle(steps)
        for operation in steps:
            if job.is_over(sum(each.cases for each in fuzzers.values())):
                return
            seed += 1
            label = operation.label if operation else "walks"
            examples = EXAMPLES[name]
            if operation and not (operation.path_parameters or operation.query or operation.headers or operation.body):
                examples = max(1, examples // FEWER)
            if failed[label] >= PATIENCE:
                continue
            try:
                if operation:
                    fuzzer.calls(operation, examples=examples, seed=seed)
                else:
                    fuzzer.walks(examples=examples, seed=seed)
            except (Exception, FailureGroup) as error:  # noqa: BLE001  whatever it is, it is a finding
                failed[label] += 1
                kinds = error.exceptions if isinstance(error, FailureGroup) else [error]
                what = ", ".join(sorted({type(kind).__name__ for kind in kinds}))
                notes = "\n".join(getattr(error, "__notes__", ()))
                yield {f"{label} on {name}: {what}": f"(Hypothesis' seed: {seed})\n{error}\n{notes}"}
            else:
                yield {}
        if sum(each.cases for each in fuzzers.values()) == before:
            return  # nothing is left that has not failed too often


def _keep_quiet() -> None:
    """What is refused is logged, and here nearly everything is."""
    logging.disable(logging.CRITICAL)


def on_purpose() -> set[tuple[str, int]]:
    """Go every way that there is to a status, and return what was reached."""
    _keep_quiet()
    with a_stage() as stage:
        return {(str(each), answer.status_code) for each in operations() for answer in answers_of(stage, each)}


def tell(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def fuzz(*, cases: int, seconds: float | None, seed: int, workers: int) -> int:
    """Run it all, tell what came of it, and return the exit status."""
    began = time.time()
    tell(f"{cases:,} cases, {workers} processes, seed {seed}" + (f", at most {seconds:g} s" if seconds else ""))
    seen: Counter[tuple[str, int]] = Counter()
    failures: dict[str, str] = {}
    spawning = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        postgres = stack.enter_context(serving_postgres())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        reports: Queue[Report] = spawning.Queue()
        processes = []
        for number in range(workers):
            databases = {"sqlite": f"sqlite:///{folder / f'{number}.db'}", "postgresql": postgres.create_database()}
            for url in databases.values():
                migrate(url)
            job = OutboxJob(
                number=number,
                cases=-(-cases // workers),
                deadline=None if seconds is None else began + seconds,
                seed=seed,
                databases=databases,
            )
            processes.append(spawning.Process(target=work, args=(job, reports), daemon=True))
        for process in processes:
            process.start()
        running, told = workers, began
        while running:
            try:
                report = reports.get(timeout=REPORT_SECONDS)
            except Empty:
                if any(process.exitcode for process in processes):
                    failures["a process ended early"] = "What it said is above."
                    break
                continue
            seen += report.seen
            failures.update({what: how for what, how in report.failures.items() if what not in failures})
            running -= report.is_last
            if time.time() - told >= REPORT_SECONDS:
                told = time.time()
                _tell_progress(seen, failures, told - began)
        for process in processes:
            process.join(REPORT_SECONDS)
    return _conclude(seen, failures, time.time() - began)


def _tell_progress(seen: Counter[tuple[str, int]], failures: dict[str, str], seconds: float) -> None:
    tell(f"{seen.total():>9,} cases  {seen.total() / seconds:6.0f}/s  {len(seen)} statuses  {len(failures)} failures")


def _conclude(seen: Counter[tuple[str, int]], failures: dict[str, str], seconds: float) -> int:
    documented = {(str(operation), status) for operation in operations() for status in operation.statuses}
    directed = on_purpose()
    missing = documented - directed - set(seen)
    undocumented = {pair for pair in (set(seen) | directed) - documented if pair[1] != 405}
    tell()
    for label, answers in _by_operation(operations(), seen):
        tell(f"{label:<60} {answers}")
    tell()
    _tell_progress(seen, failures, seconds)
    tell(f"{len({label for label, _ in seen})} of {len(operations())} operations in {seconds:.0f} s")
    tell(
        f"{len(documented & set(seen))} of {len(documented)} documented statuses at random,",
    )
    tell(f"{len(documented - missing)} with those reached on purpose")
    for label, status in sorted(missing):
        tell(f"Not reached: {status} of {label}")
    for label, status in sorted(undocumented):
        tell(f"Not documented: {status} of {label}")
    for what, how in failures.items():
        tell(f"\n{'=' * 80}\n{what}\n{how}")
    return 1 if failures or missing or undocumented else 0


def _by_operation(found: list[Operation], seen: Counter[tuple[str, int]]) -> Iterator[tuple[str, str]]:
    for operation in found:
        label = str(operation)
        counts = {status: count for (other, status), count in sorted(seen.items()) if other == label}
        yield label, "  ".join(f"{status}:{count}" for status, count in counts.items())


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, help="stop after so long, however many cases there were")
    parser.add_argument("--seed", type=int, help="a number that was told before, to try the same again")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    return fuzz(cases=given.cases, seconds=given.seconds, seed=seed, workers=given.workers)


if __name__ == "__main__":
    sys.exit(main())
