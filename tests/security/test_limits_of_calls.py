"""L11: every call of the API, what it counts and in which scopes, as the table in `docs/security/rules.md` tells.

Each operation of the OpenAPI document is called as it is done right, and what it spends is recorded. A new operation
that counts as nothing, or as something that the table does not have, fails here.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
from tests.fuzz.environment import Environment, env_on
from tests.fuzz.status_requests import Call, Stage, Troubled, the_call
from tests.integration.http.client import OTHER_PASSWORD, PASSWORD
from tests.integration.http.openapi import Operation, operations
from tests.integration.http.service import event_loop, in_memory

from accounts_core.model.rate_limits import (
    ACCOUNT,
    ALL,
    CARD,
    CLIENT,
    DEFAULT_RATE_LIMITS,
    EXPORT,
    FAILURES,
    MAIL,
    PASSWORD_CHANGE,
    RECIPIENT,
    RECIPIENT_DAY,
    RECOVERY,
    SIGN_IN,
    USER,
    WRITE,
    RateLimit,
)

RULES: Final = (Path(__file__).resolve().parents[2] / "docs/security/rules.md").read_text()
TOLD: Final = {
    "client": CLIENT,
    "account": ACCOUNT,
    "user": USER,
    "card": CARD,
    "recipient": RECIPIENT,
    "recipient a day": RECIPIENT_DAY,
    "everybody": ALL,
}

Spent = set[tuple[str, frozenset[str]]]


class Recorder:
    """Limits that let everything through and note what was counted."""

    def __init__(self) -> None:
        self.spent: list[tuple[str, frozenset[str]]] = []

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: datetime) -> None:
        self.spent.append((name, frozenset(scope.partition(":")[0] for scope in scopes)))

    async def reset(self, name: str, scope: str) -> None:
        """Nothing is remembered."""

    async def count_expired(self, *, now: datetime) -> int:
        return 0

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        return 0


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def env(recorder: Recorder) -> Iterator[Environment]:
    with event_loop() as run, env_on(run, in_memory(), limits=recorder) as env:
        yield env


def table() -> dict[str, Spent]:
    """Return the document's table: by operation, under which names and in which scopes it counts."""
    found = defaultdict[str, Spent](set)
    for line in RULES.partition("## How often")[2].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[0] in DEFAULT_RATE_LIMITS:
            scopes = frozenset(TOLD[scope] for scope in cells[1].split(", "))
            for operation in re.findall(r"`(\w+)`", cells[2]):
                found[operation].add((cells[0], scopes))
    return found


def spent_by(recorder: Recorder, env: Environment, call: Call, **how: Any) -> list[tuple[str, frozenset[str]]]:
    env.bring_back()
    recorder.spent.clear()
    answer = call.send(**how)
    assert answer.status_code < 400, answer.text
    return [*recorder.spent]


def as_told(spent: list[tuple[str, frozenset[str]]]) -> Spent:
    """Leave out the row of wrong passwords, which is beside every sign-in and cannot be set."""
    assert all((FAILURES in scopes) == (name == SIGN_IN) for name, scopes in spent)
    return {(name, scopes - {FAILURES}) for name, scopes in spent}


def calls_of(env: Environment, operation: Operation) -> Iterator[Call]:
    """Return the operation as it is done right: with all that it takes, and with as little."""
    call = the_call(Stage(env=env, private=env.jane, store=Troubled(in_memory().store), limits=None), operation)  # type: ignore[arg-type]  # neither is used
    call = call.but(who=env.jane if operation.needs_token else env.service.api)
    match call.name:
        case "updateUser":
            new = {"password": OTHER_PASSWORD, "password_confirmation": OTHER_PASSWORD, "current_password": PASSWORD}
            yield call.but(body={**new, "email": "elsewhere@example.org"})
            yield call.but(body={"name": "Janet"})
        case "updateCurrentUser":
            new = {"newPassword": OTHER_PASSWORD, "oldPassword": PASSWORD}
            yield call.but(body={**new, "email": "elsewhere@example.org"})
            yield call.but(body={"name": "Janet"})
        case "endSession" | "endOtherSessions":
            yield call.but(body={"current_password": PASSWORD})
            yield call
        case "verifyPayment":
            yield call.but(body={"paymentMethod": "pm_card_amex"})
        case _:
            yield call


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_every_call_counts_as_the_rules_tell(recorder: Recorder, env: Environment, operation: Operation) -> None:
    spent = [attempt for call in calls_of(env, operation) for attempt in spent_by(recorder, env, call)]

    assert as_told(spent) == table()[str(operation.spec["operationId"])]


@pytest.mark.parametrize("operation", [op for op in operations() if op.needs_token and op.method != "GET"], ids=str)
def test_a_call_that_changes_something_counts_unless_it_ends_access(
    recorder: Recorder, env: Environment, operation: Operation
) -> None:
    """The rule behind the table, so that a new call cannot simply be told as not counted."""
    ends_access = {"logout", "deactivateCurrentUser", "endSession", "endOtherSessions"}

    counted = table()[str(operation.spec["operationId"])]

    assert bool({USER, ACCOUNT} & {scope for _, scopes in counted for scope in scopes}) or (
        operation.spec["operationId"] in ends_access
    )


@pytest.mark.parametrize(
    "operation",
    [op for op in operations() if any(each["name"] == "Idempotency-Key" for each in op.spec.get("parameters", []))],
    ids=str,
)
def test_with_a_key_the_claim_counts_as_a_write_and_nothing_counts_twice(
    recorder: Recorder, env: Environment, operation: Operation
) -> None:
    for call in calls_of(env, operation):
        plain = spent_by(recorder, env, call)
        keyed = spent_by(recorder, env, call, headers={"idempotency-key": "k"})

        # a sign-up claims nothing before it is done
        claim = {(WRITE, frozenset({USER}))} if operation.needs_token else set()
        assert sorted(keyed, key=str) == sorted({*plain, *claim}, key=str)


def test_the_rules_tell_of_no_call_that_there_is_not() -> None:
    assert set(table()) <= {str(operation.spec["operationId"]) for operation in operations()}


def test_what_is_recorded_is_counted_before_it_is_hashed(recorder: Recorder, env: Environment) -> None:
    (update,) = (op for op in operations() if op.spec["operationId"] == "updateUser")
    call, _ = calls_of(env, update)

    names = [name for name, _ in spent_by(recorder, env, call)]

    assert names == [PASSWORD_CHANGE, SIGN_IN, RECOVERY, MAIL]


def test_what_anybody_may_call_counts_by_client_and_in_total_and_an_export_by_user() -> None:
    """ASVS 5.0, 2.4.1: what needs no token and is no read counts, but for what the payment provider signs."""
    public = {op for op in operations() if not op.needs_token and op.method != "GET"}
    counted = {
        str(op.spec["operationId"]): {scope for _, scopes in table()[str(op.spec["operationId"])] for scope in scopes}
        for op in public
        if not op.takes_any_bytes
    }

    assert set(counted) >= {"register", "login", "restore", "forgotPassword", "resetPassword", "verifyEmail"}
    assert [name for name, scopes in counted.items() if not {CLIENT, ALL} <= scopes] == []
    assert [str(op.spec["operationId"]) for op in public if op.takes_any_bytes] == ["receiveStripeEvent"]
    assert table()["exportPersonalData"] == {(EXPORT, frozenset({USER}))}
