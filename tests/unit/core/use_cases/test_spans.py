"""Every span of time in the core, just before its end and at it.

`SPANS` has a row for each `timedelta` that the core names, found by reading its source: one that has none fails here.
"""

import ast
import importlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from tests.unit.core.conftest import Environment, signed_up
from tests.unit.core.use_cases.span_probes import (
    A_MICROSECOND,
    EMAIL,
    Probe,
    a_request,
    a_sign_up,
    challenge,
    claimed_for,
    limited,
    nobodys_hold,
    own_lease,
    reauthentication,
    reset_link,
    verification_link,
)

from accounts_core.errors import (
    CardDeclined,
    RateLimitExceeded,
)
from accounts_core.model.paging import Cursor, position_text, read_position_text
from accounts_core.model.policy import SessionPolicy
from accounts_core.model.rate_limits import DEFAULT_RATE_LIMITS, INTERACTION, MOST_FAILURES, SIGN_UP, RateLimit
from accounts_core.model.times import is_ahead
from accounts_core.ports.payment_gateway import OpenHold, Page
from accounts_core.testing.builders import NOON, a_session, a_verification
from accounts_memory import MemoryGateway

SOURCE: Final = Path(__file__).parents[4] / "src" / "accounts_core"


@attrs.frozen
class Span:
    """A span, and what tells whether it is over.

    `probe` says what is so that long after the beginning: `before` until the end, `after` from the end on, or, where
    the span is `is_inclusive`, from the moment after it on.
    """

    value: timedelta
    probe: Probe
    before: object = True
    after: object = False
    is_inclusive: bool = False


@attrs.frozen
class ElsewhereAtItsEdge:
    """A span whose end has a test of its own."""

    value: timedelta
    test: str


_RETAINED: Final = "tests.unit.core.use_cases.test_retention:test_f12_it_is_kept_to_the_microsecond_and_then_deleted"

SPANS: Mapping[str, Span | ElsewhereAtItsEdge] = {
    "model.times.CLOCK_SKEW": Span(
        timedelta(minutes=1), lambda _, later: is_ahead(NOON + later, now=NOON), False, True, is_inclusive=True
    ),
    "model.sign_up.UNMAILED_FOR": Span(timedelta(days=7), lambda _, later: a_sign_up(later)),
    "model.idempotency.KEPT_FOR": Span(timedelta(days=1), lambda _, later: a_request().is_kept(now=NOON + later)),
    "model.idempotency.CLAIMED_FOR": Span(timedelta(minutes=1), claimed_for, False, True),
    "model.verification.TAKEOVER_AFTER": Span(
        timedelta(minutes=1), lambda _, later: a_verification().is_stale(now=NOON + later), False, True
    ),
    "model.rate_limits._HOUR": Span(
        timedelta(hours=1), limited(DEFAULT_RATE_LIMITS[SIGN_UP]["client"]), RateLimitExceeded, True
    ),
    "model.rate_limits._MINUTE": Span(
        timedelta(minutes=1), limited(DEFAULT_RATE_LIMITS[SIGN_UP]["all"]), RateLimitExceeded, True
    ),
    "model.rate_limits._DAY": Span(
        timedelta(days=1), limited(DEFAULT_RATE_LIMITS[INTERACTION]["user"]), RateLimitExceeded, True
    ),
    "model.rate_limits.MOST_FAILURES": Span(timedelta(days=3650), limited(MOST_FAILURES), RateLimitExceeded, True),
    "model.policy.SessionPolicy.lifetime": Span(
        timedelta(days=30),
        lambda _, later: a_session(last_used_at=NOON + later - A_MICROSECOND).is_live(
            now=NOON + later, policy=SessionPolicy()
        ),
    ),
    "model.policy.SessionPolicy.idle": Span(
        timedelta(days=14), lambda _, later: a_session().is_live(now=NOON + later, policy=SessionPolicy())
    ),
    "model.policy.MailPolicy.verification": Span(timedelta(days=1), verification_link),
    "model.policy.MailPolicy.reset": Span(timedelta(minutes=10), reset_link),
    "model.policy.CardPolicy.challenge_limit": Span(timedelta(hours=1), challenge, True, CardDeclined),
    "model.policy.Policy.reauthentication": Span(timedelta(minutes=15), reauthentication, is_inclusive=True),
    "errors.infrastructure.MAX_RETRY_AFTER": ElsewhereAtItsEdge(
        timedelta(days=1),
        "tests.unit.core.use_cases.test_locked_accounts:"
        "test_nobody_is_told_to_wait_for_longer_than_a_day_and_what_helps_is_said_whoever_has_the_address",
    ),
    "model.policy.Policy.unverified_accounts": ElsewhereAtItsEdge(
        timedelta(days=30),
        "tests.unit.core.use_cases.test_spans:test_an_account_that_was_never_verified_is_deleted_after_thirty_days",
    ),
    "model.policy.RetentionPolicy.audit": ElsewhereAtItsEdge(
        timedelta(days=400),
        _RETAINED,
    ),
    "model.policy.RetentionPolicy.notifications": ElsewhereAtItsEdge(
        timedelta(days=400),
        _RETAINED,
    ),
    "model.policy.RetentionPolicy.devices": ElsewhereAtItsEdge(
        timedelta(days=400),
        _RETAINED,
    ),
    "model.policy.RetentionPolicy.verifications": ElsewhereAtItsEdge(
        timedelta(days=400),
        _RETAINED,
    ),
    "model.policy.RetentionPolicy.dead_jobs": ElsewhereAtItsEdge(
        timedelta(days=90),
        _RETAINED,
    ),
    "model.policy.LEAST_RETENTION": ElsewhereAtItsEdge(
        timedelta(days=1), "tests.unit.core.use_cases.test_retention:test_f12_the_policy_says_how_long"
    ),
    "model.policy.Policy.invitations": ElsewhereAtItsEdge(
        timedelta(days=14),
        "tests.unit.core.use_cases.test_invitations:"
        "test_f6_an_invitation_ends_after_two_weeks_and_can_then_not_be_answered",
    ),
    "model.paging._MICROSECOND": ElsewhereAtItsEdge(
        A_MICROSECOND, "tests.unit.core.use_cases.test_spans:test_a_position_tells_times_a_microsecond_apart"
    ),
    "model.session.TOUCH_INTERVAL": Span(
        timedelta(minutes=5), lambda _, later: a_session().needs_touch(now=NOON + later), False, True
    ),
    "services.card_calls.SETTLED_AFTER": ElsewhereAtItsEdge(
        timedelta(minutes=15),
        "tests.unit.core.use_cases.test_edges_of_time:"
        "test_u10_what_is_settled_counts_from_the_last_step_and_not_from_the_opening",
    ),
    "use_cases.operations.list_overdue_jobs.OVERDUE_AFTER": ElsewhereAtItsEdge(
        timedelta(minutes=15),
        "tests.unit.core.use_cases.test_overdue_jobs:test_a_job_is_overdue_when_it_was_due_for_fifteen_minutes",
    ),
    "use_cases.operations.repair_times._A_MICROSECOND": ElsewhereAtItsEdge(
        A_MICROSECOND,
        "tests.unit.core.use_cases.test_edges_of_time:"
        "test_a7_a_repaired_session_lives_as_long_as_another_and_no_longer",
    ),
    "use_cases.operations.reconcile_cards.HOLDS_SINCE": ElsewhereAtItsEdge(
        timedelta(days=30),
        "tests.unit.core.use_cases.test_spans:test_reconciling_asks_the_provider_for_the_holds_of_thirty_days",
    ),
    "use_cases.operations.reconcile_cards.NOBODYS_AFTER": Span(timedelta(days=1), nobodys_hold),
    "services.outbox_writer.LEASE": Span(timedelta(minutes=1), own_lease),
    "services.expiry.REMEMBERED_FOR": ElsewhereAtItsEdge(
        timedelta(days=30), "tests.unit.core.use_cases.test_provider_events:test_what_cannot_come_again_is_forgotten"
    ),
    "outbox.delays.WORKER_LEASE": ElsewhereAtItsEdge(
        timedelta(minutes=5),
        "tests.unit.core.use_cases.test_edges_of_time:test_u22_a_job_is_anothers_after_five_minutes_and_not_before",
    ),
    "outbox.delays.FIRST_DELAY": ElsewhereAtItsEdge(
        timedelta(seconds=2),
        "tests.unit.core.use_cases.test_worker:test_a_failing_job_is_put_off_longer_each_time_and_parked_in_the_end",
    ),
    "outbox.delays.LONGEST_DELAY": ElsewhereAtItsEdge(
        timedelta(hours=1),
        "tests.unit.core.use_cases.test_worker:test_a_failing_job_is_put_off_longer_each_time_and_parked_in_the_end",
    ),
}


@pytest.mark.parametrize("is_over", [False, True], ids=["just before", "at the end"])
@pytest.mark.parametrize("name", [name for name, row in SPANS.items() if isinstance(row, Span)])
def test_a_span_is_over_at_its_end_and_not_before(env: Environment, name: str, is_over: bool) -> None:
    row = SPANS[name]
    assert isinstance(row, Span)
    last_moment = row.value if row.is_inclusive else row.value - A_MICROSECOND

    found = row.probe(env, last_moment + A_MICROSECOND if is_over else last_moment)

    assert found == (row.after if is_over else row.before)


@pytest.mark.parametrize("name", [name for name, row in SPANS.items() if isinstance(row, ElsewhereAtItsEdge)])
def test_the_test_that_a_row_names_is_there(name: str) -> None:
    row = SPANS[name]
    assert isinstance(row, ElsewhereAtItsEdge)
    module, _, test = row.test.partition(":")

    assert callable(getattr(importlib.import_module(module), test))


@pytest.mark.parametrize("name", SPANS)
def test_a_span_is_as_long_as_its_row_says(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    holder: Any
    try:
        holder = importlib.import_module(f"accounts_core.{module}")
        value = getattr(holder, attribute)
    except ModuleNotFoundError:
        module, _, owner = module.rpartition(".")
        holder = getattr(importlib.import_module(f"accounts_core.{module}"), owner)
        value = getattr(attrs.fields(holder), attribute).default

    assert (value.period if isinstance(value, RateLimit) else value) == SPANS[name].value


def test_reconciling_asks_the_provider_for_the_holds_of_thirty_days(env: Environment) -> None:
    asked: list[datetime] = []

    class Asked(MemoryGateway):
        async def list_open_holds(self, *, since: datetime, after: str | None = None) -> Page[OpenHold]:
            asked.append(since)
            return await super().list_open_holds(since=since, after=after)

    attrs.evolve(env, gateway=Asked(env.clock, env.secrets)).accounts().reconcile_cards()

    assert asked == [NOON - timedelta(days=30)]


def test_an_account_that_was_never_verified_is_deleted_after_thirty_days(env: Environment) -> None:
    accounts = env.accounts()
    signed_up(accounts, env, EMAIL, "Jane")

    env.clock.advance(timedelta(days=30))
    assert accounts.run_cleanup().unverified_accounts == 0  # it is exactly so old
    env.clock.advance(A_MICROSECOND)
    assert accounts.run_cleanup().unverified_accounts == 1


def test_a_position_tells_times_a_microsecond_apart() -> None:
    for moment in (NOON, NOON + A_MICROSECOND):
        position = Cursor(moment, "ntf_1")

        assert read_position_text("a list", position_text("a list", position)) == position


def test_every_span_of_the_core_has_a_row() -> None:
    assert sorted(spans_of_the_core()) == sorted(SPANS)


def spans_of_the_core() -> Iterator[str]:
    """Find whatever has a `timedelta` of some length in it, by module, class or function, and name."""
    for path in sorted(SOURCE.rglob("*.py")):
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        if not module.startswith("testing"):
            yield from _spans(module, ast.parse(path.read_text()))


def _spans(name: str, node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _spans(f"{name}.{child.name}", child)
        elif any(_is_span(each) for each in ast.walk(child)):
            target = child.target if isinstance(child, ast.AnnAssign) else child
            yield f"{name}.{ast.unparse(target)}"


def _is_span(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id != "timedelta":
        return False
    return bool(node.keywords) or any(ast.unparse(each) != "0" for each in node.args)
