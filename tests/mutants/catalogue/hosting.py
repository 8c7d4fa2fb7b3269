"""Accounts in an application's lifespan: when they are started, stopped, closed, and found not to be."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, http

_AT: Final = "entrypoints/accounts_http/hosting.py::Hosting"
_WORKER: Final = "adapters/accounts_system"


def _hosting(test: str) -> str:
    return http(f"test_hosting.py::{test}")


def _sql(test: str) -> str:
    return f"tests/integration/sql/test_lifecycle.py::{test}"


HOSTING: Final = (
    Mutant(
        name="hosting: an application that nobody started is served",
        at=f"{_AT}.require_running",
        old="if missing:\n    raise NotRunning",
        new="pass",
        check=_hosting("test_e29_each_request_is_refused_and_the_log_says_once_why_and_what_to_do"),
    ),
    Mutant(
        name="hosting: the log says for each request that nobody started it",
        at=f"{_AT}.require_running",
        old="self._has_told = True",
        new="",
        check=_hosting("test_e29_where_nothing_was_asked_for_requests_are_served_and_the_log_warns_once"),
    ),
    Mutant(
        name="hosting: the first of two lifespans to end stops the other",
        at=f"{_AT}._leave",
        old="self._lifespans or self._parts is None",
        new="self._parts is None",
        check=_hosting("test_two_lifespans_at_once_are_one_and_the_last_one_ends_it"),
    ),
    Mutant(
        name="hosting: a second lifespan starts again",
        at=f"{_AT}._enter",
        old="if self._parts is None:\n    self._parts = await self._start()",
        new="self._parts = await self._start()",
        check=_hosting("test_two_lifespans_at_once_are_one_and_the_last_one_ends_it"),
    ),
    Mutant(
        name="hosting: a migration that failed leaves connections open",
        at=f"{_AT}._start",
        old=(
            "if self._closes:\n    stack.push_async_callback(self._accounts.close)\n"
            "if self._migrates:\n    await self._accounts.migrate()"
        ),
        new=(
            "if self._migrates:\n    await self._accounts.migrate()\n"
            "if self._closes:\n    stack.push_async_callback(self._accounts.close)"
        ),
        check=_hosting("test_a_migration_that_fails_is_raised_and_leaves_nothing_open"),
    ),
    Mutant(
        name="hosting: the worker claims jobs until verifications are done",
        at=f"{_AT}._finish_requests",
        old="if self._worker is not None:\n    self._worker.stop()",
        new="",
        check=_hosting("test_the_worker_claims_no_job_while_verifications_are_waited_for"),
    ),
    Mutant(
        name="hosting: jobs have as long again as verifications had",
        at=f"{_AT}._seconds_left",
        old="max(0.0, self._deadline - asyncio.get_running_loop().time())",
        new="self._shutdown_seconds",
        check=_hosting("test_verifications_and_jobs_have_one_limit_together"),
    ),
    Mutant(
        name="hosting: a loop that ended in the middle is running for ever",
        at=f"{_AT}._enter",
        old="not self._loop.is_closed()",
        new="True",
        check=_hosting("test_a_lifespan_whose_loop_ended_in_the_middle_is_forgotten"),
    ),
    Mutant(
        name="hosting: a worker that fails is gone",
        at=f"{_WORKER}/worker.py::_keep_running",
        old="not ends.is_set()",
        new="ends.is_set()",
        check=_hosting("test_a_worker_that_dies_is_logged_and_started_again"),
    ),
    Mutant(
        name="hosting: a worker whose tasks were cancelled has ended well",
        at=f"{_WORKER}/worker.py::Worker.run",
        old="not self._is_stopping",
        new="False",
        check=_hosting("test_tasks_of_a_worker_that_somebody_cancels_are_started_again"),
    ),
    Mutant(
        name="hosting: a job that raises a cancellation ends its lane",
        at=f"{_WORKER}/lanes.py::Lane._go",
        old="task is None or task.cancelling()",
        new="True",
        check=_hosting("test_a_job_that_raises_a_cancellation_does_not_end_its_lane"),
    ),
    Mutant(
        name="hosting: one adapter that fails leaves the others open",
        at="accounts_core/services/lifecycle.py::close_parts",
        old="closing is not None",
        new="closing is not None and not failures",
        check=core("test_lifecycle.py::test_e18_one_part_that_fails_leaves_no_other_open"),
    ),
    Mutant(
        name="hosting: closing loses a database in memory",
        at="adapters/accounts_sql/connections/closing.py::dispose",
        old="not is_in_memory(engine.url)",
        new="True",
        check=_sql("test_close_keeps_a_database_in_memory[sqlite3]"),
    ),
    Mutant(
        name="hosting: a migration commits in the host's transaction",
        at="adapters/accounts_sql/connections/host_transactions.py::HostTransaction.begun",
        old="not connection.in_transaction()",
        new="False",
        check=_sql("test_in_the_hosts_transaction_a_migration_is_committed_by_the_host[sqlite3-not begun]"),
    ),
)
