"""A3, A4: what is counted and refused, as a client of the HTTP service meets it."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import attrs
import httpx
import pytest
from tests.conflicting import ConflictingStore
from tests.integration.http.client import OTHER_PASSWORD, PASSWORD, Client, Run, problem
from tests.integration.http.service import Clock, Service, in_memory, serving

from accounts_core.model.policy import Policy, QuotaPolicy
from accounts_core.model.rate_limits import MOST_FAILURES, in_every_scope
from accounts_core.ports.payment_gateway import Hold, HoldRequest
from accounts_core.ports.rate_limiter import RateLimit
from accounts_core.services.idempotency import ATTEMPTS
from accounts_memory import MemoryGateway, MemoryRateLimiter
from accounts_system import SystemSecrets

HOUR = timedelta(hours=1)
ME, USER, TEAMS = "/api/users/current", "/api/v1/user", "/api/v1/accounts"


@contextmanager
def limited(run: Run, quotas: QuotaPolicy | None = None, /, **limits: int) -> Iterator[Service]:
    policy = Policy(
        quotas=quotas or QuotaPolicy(),
        limits=in_every_scope({name.replace("_", "-"): RateLimit(count, HOUR) for name, count in limits.items()}),
    )
    with serving(run, in_memory(), policy=policy, limits=MemoryRateLimiter()) as service:
        yield service


def new_password(number: int) -> dict[str, str]:
    chosen = f"{OTHER_PASSWORD} {number}"
    return {"password": chosen, "password_confirmation": chosen}


@pytest.mark.parametrize("path", [USER, ME])
def test_a3_password_changes_are_limited_and_say_when_to_come_again(run: Run, path: str) -> None:
    def body(old: str, new: str) -> dict[str, str]:
        if path == ME:
            return {"newPassword": new, "oldPassword": old}
        return {"password": new, "password_confirmation": new}

    first, second, third = (f"{OTHER_PASSWORD} {number}" for number in range(3))
    with limited(run, password_change=2) as service:
        jane = service.api.sign_up()
        assert jane.put(path, json=body(PASSWORD, first)).status_code == 200
        assert jane.put(path, json=body(first, second)).status_code == 200
        before = service.hasher.hashed, service.hasher.verified

        refused = jane.put(path, json=body(second, third))

        problem(refused, 429, "too-many-attempts")
        assert refused.headers["retry-after"] == "3600"
        assert (service.hasher.hashed, service.hasher.verified) == before
        assert jane.get(path).status_code == 200


def test_a3_a_flood_of_password_changes_of_one_account_hashes_as_often_as_its_limit_says(run: Run) -> None:
    with limited(run, password_change=10) as service:
        jane = service.api.sign_up()
        before = service.hasher.hashed

        async def flood() -> list[int]:
            calls = (jane.request("PUT", USER, json=new_password(number)) for number in range(220))
            return [answer.status_code for answer in await asyncio.gather(*calls)]

        statuses = Counter(run(flood()))

        assert service.hasher.hashed - before == 10
        assert statuses[429] == 210
        assert set(statuses) <= {200, 409, 429}


@pytest.mark.parametrize("conflicts", [1, ATTEMPTS - 1, ATTEMPTS])
@pytest.mark.parametrize("key", [{}, {"idempotency-key": "k"}], ids=["without a key", "with a key"])
def test_a3_a_change_that_conflicts_is_hashed_once(run: Run, key: dict[str, str], conflicts: int) -> None:
    stored = in_memory()
    store = ConflictingStore(stored.store, lambda: service.hasher.hashed > before)
    with serving(run, attrs.evolve(stored, store=store), limits=MemoryRateLimiter()) as service:
        jane = service.api.sign_up()
        before = service.hasher.hashed
        store.conflicts = conflicts

        answer = jane.put(USER, json=new_password(1), headers=key)

        assert answer.status_code == (409 if conflicts == ATTEMPTS else 200)
        assert service.hasher.hashed == before + 1


@pytest.mark.parametrize(
    ("limit", "method", "path", "body", "good"),
    [
        ("write", "PUT", ME, {"name": "Janet"}, 200),
        ("write", "PUT", USER, {"name": "Janet"}, 200),
        ("write", "PUT", f"{ME}/notifications/read", {}, 204),
        ("write", "POST", TEAMS, {"name": "Dev team"}, 201),
        ("export", "GET", f"{ME}/export", None, 200),
    ],
)
def test_a4_calls_are_limited_by_account(
    run: Run, limit: str, method: str, path: str, body: Mapping[str, str] | None, good: int
) -> None:
    with limited(run, **{limit: 2}) as service:
        jane, john = service.api.sign_up(), service.api.sign_up("john@example.org")
        how: dict[str, Any] = {} if body is None else {"json": body}
        assert [jane.call(method, path, **how).status_code for _ in range(2)] == [good] * 2
        before = service.dump()

        refused = jane.call(method, path, **how)

        problem(refused, 429, "too-many-attempts")
        assert int(refused.headers["retry-after"]) > 0
        assert service.dump() == before
        assert john.call(method, path, **how).status_code == good
        assert jane.get(ME).status_code == 200


def test_a4_a_key_whose_request_is_refused_before_any_use_case_is_counted_as_well(run: Run) -> None:
    """Its answer is kept: that is a row."""
    with limited(run, write=3) as service:
        jane = service.api.sign_up()
        rows = []
        for number in range(6):
            jane.post(TEAMS, json={"unknown": "field"}, headers={"idempotency-key": f"k{number}"})
            rows.append(len(service.dump()["idempotency_records"]))

        assert rows == [1, 2, 3, 3, 3, 3]


def test_a4_a_quota_is_a_problem_that_names_it(run: Run) -> None:
    with limited(run, QuotaPolicy(teams=1)) as service:
        jane = service.api.sign_up()
        jane.post(TEAMS, json={"name": "Dev team"})

        told = problem(jane.post(TEAMS, json={"name": "Another"}), 409, "quota-exceeded")

        assert told["detail"] == "The limit of 1 accounts per owner is reached."


def test_a4_a_quota_is_not_kept_under_a_key(run: Run) -> None:
    """Once there is room again, the very request that was refused is done."""
    with limited(run, QuotaPolicy(teams=1)) as service:
        jane = service.api.sign_up()
        team = jane.post(TEAMS, json={"name": "Dev team"}).json()["data"]["id"]
        again: dict[str, Any] = {"json": {"name": "Another"}, "headers": {"idempotency-key": "k"}}
        problem(jane.post(TEAMS, **again), 409, "quota-exceeded")

        jane.delete(f"{TEAMS}/{team}")

        assert jane.post(TEAMS, **again).status_code == 201


class SlowGateway(MemoryGateway):
    """A provider that answers when it is told to."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock, SystemSecrets())
        self.answers = asyncio.Event()
        self.asked = asyncio.Event()

    async def hold(self, request: HoldRequest, *, key: str) -> Hold:
        self.asked.set()
        await self.answers.wait()
        return await super().hold(request, key=key)


class Names(MemoryRateLimiter):
    """Notes what is counted."""

    def __init__(self) -> None:
        super().__init__()
        self.counted: list[str] = []

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: datetime) -> None:
        self.counted.append(name)
        await super().consume(name, scopes, now=now)


def test_a_verification_that_waits_for_another_call_counts_once_however_often_it_looks(run: Run) -> None:
    made: list[SlowGateway] = []
    limits = Names()

    def provider(clock: Clock) -> MemoryGateway:
        made.append(SlowGateway(clock))
        return made[0]

    async def verify_twice(jane: Client) -> list[int]:
        async def call() -> httpx.Response:
            return await jane.request("POST", f"{ME}/verify-payment", json={"paymentMethod": "pm_card_visa"})

        first = asyncio.create_task(call())
        await made[0].asked.wait()
        second = asyncio.create_task(call())
        await asyncio.sleep(0.6)  # the second has looked three times by then
        made[0].answers.set()
        return [(await each).status_code for each in (first, second)]

    with serving(run, in_memory(), payments=provider, limits=limits) as service:
        jane = service.api.sign_up()
        limits.counted.clear()

        assert run(verify_twice(jane)) == [200, 200]

    assert limits.counted.count("write") == 2


def test_a13_a_full_row_of_wrong_passwords_says_what_helps_and_to_wait_a_day_at_most(run: Run) -> None:
    with limited(run, sign_in=1000) as service:
        service.api.sign_up()
        wrong = {"email": "jane@example.org", "password": OTHER_PASSWORD}
        answers = [service.api.post("/api/auth/login", json=wrong) for _ in range(MOST_FAILURES.count + 1)]

        assert Counter(answer.status_code for answer in answers) == {401: MOST_FAILURES.count, 429: 1}
        refused = problem(answers[-1], 429, "too-many-attempts")
        assert refused["detail"] == "Too many wrong passwords in a row. Reset the password by email to sign in again."
        assert answers[-1].headers["retry-after"] == "86400"


def test_a13_who_is_over_another_limit_is_not_sent_to_reset_a_password(run: Run) -> None:
    with limited(run, sign_in=2) as service:
        service.api.sign_up()
        wrong = {"email": "jane@example.org", "password": OTHER_PASSWORD}
        answers = [service.api.post("/api/auth/login", json=wrong) for _ in range(3)]

        assert problem(answers[-1], 429, "too-many-attempts")["detail"] == "Too many attempts."
        assert answers[-1].headers["retry-after"] == "3600"
