"""What holds for every answer, beyond what Schemathesis looks at."""

from typing import Any

import schemathesis
from schemathesis.checks import CheckContext
from tests.fuzz.api import Case
from tests.integration.http.client import PROBLEM, URN
from tests.integration.http.service import Dump

MEMBERS = {"type", "title", "status", "detail", "errors", "declineCode", "blocked_by"}

KEPT_ON_REFUSAL = {"idempotency_records"}
"""A refusal is an answer, too, and kept for the key that it was given to."""
MAILED_AGAIN = {"jobs", "outbox", "sign_ups"}
"""A sign-up that finds its address taken has a mail sent all the same, with a link of its own."""
DURABLE = "verifyPayment"
"""A verification is written down before the provider is asked, so that every hold is let go: a decline has rows."""


def is_problem(ctx: CheckContext, response: schemathesis.Response, case: Case) -> None:
    """Every refusal is a problem document (RFC 9457), and says what goes with its status."""
    if response.status_code < 400:
        return
    assert response.headers["content-type"] == [PROBLEM]
    if response.request.method == "HEAD":
        return  # the answer to a HEAD has no body to look at
    problem: dict[str, Any] = response.json()
    assert set(problem) <= MEMBERS
    assert problem["type"].startswith(URN)
    assert problem["status"] == response.status_code
    assert problem["title"]
    assert problem["detail"]
    assert all(reason for reasons in problem.get("errors", {}).values() for reason in reasons)
    if response.status_code == 401:
        assert response.headers["www-authenticate"][0].startswith("Bearer")
    if response.status_code in {429, 503}:
        assert int(response.headers["retry-after"][0]) >= 1


def is_protected(ctx: CheckContext, response: schemathesis.Response, case: Case) -> None:
    """No cache keeps an answer, nobody guesses what it is, and it can be found in the log."""
    if response.request.method != "OPTIONS":  # no cache keeps an answer to that (RFC 9110, 9.3.7)
        assert response.headers["cache-control"] == ["no-store"]
    assert response.headers["x-content-type-options"] == ["nosniff"]
    assert len(response.headers["x-request-id"]) == 1


def check_unchanged(case: Case, response: schemathesis.Response, before: Dump, after: Dump) -> None:
    """What was refused has changed no row."""
    if case.operation.definition.raw["operationId"] == DURABLE:
        return
    kept = KEPT_ON_REFUSAL | (MAILED_AGAIN if case.operation.definition.raw["operationId"] == "register" else set())
    changed = [name for name in before if name not in kept and not _same(before[name], after[name])]
    assert not changed, f"{case.operation.label} was refused with {response.status_code}, and has changed {changed}"


def _same(before: list[Any], after: list[Any]) -> bool:
    """Compare rows; a lock may have put one of them elsewhere in the order."""
    return before == after or sorted(map(repr, before)) == sorted(map(repr, after))
