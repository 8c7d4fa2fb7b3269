"""Health checks, CORS, and what the log and the client see of faults."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.integration.http.client import PASSWORD, Client, problem
from tests.integration.http.service import memory_accounts
from tests.integration.http.stripe_events import PATH, an_event, checking, signature

from accounts_core.accounts import Accounts
from accounts_core.errors import (
    AnswerMismatch,
    Conflict,
    NotFound,
    ProviderAmbiguous,
    ProviderRefused,
    RateLimitExceeded,
    Unavailable,
)
from accounts_litestar import HttpOptions, create_app
from accounts_system import SystemClock


def test_a_service_whose_store_answers_is_alive_and_ready(api: Client) -> None:
    for path in ("/health/live", "/health/ready"):
        answer = api.get(path)

        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert answer.headers["cache-control"] == "no-store"


async def fails() -> None:
    raise RuntimeError("10.0.0.3 does not answer")


async def hangs() -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize("check", [fails, hangs])
def test_a_service_that_cannot_work_is_alive_and_not_ready(check: Any) -> None:
    app = create_app(memory_accounts(), options=HttpOptions(ready=check, readiness_seconds=0.05))

    with TestClient(app) as client:
        assert client.get("/health/live").status_code == 200
        answer = client.get("/health/ready")

    problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "5"
    assert "10.0.0.3" not in answer.text


class FailingAccounts:
    """Stands in for accounts in which everything fails in one way."""

    profile_type = None

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        async def use_case(*_: Any, **__: Any) -> None:
            raise self._error

        return use_case


def login_while(error: Exception) -> Any:
    accounts: Accounts[Any] = FailingAccounts(error)  # type: ignore[assignment]  # as much of one as a login needs
    with TestClient(create_app(accounts), raise_server_exceptions=False) as client:
        return client.post("/api/auth/login", json={"email": "jane@example.org", "password": PASSWORD})


@pytest.mark.parametrize(
    ("error", "status", "name", "retry_after"),
    [
        (Unavailable("10.0.0.3 refused"), 503, "unavailable", "5"),
        (AnswerMismatch(), 503, "unavailable", "5"),
        (ProviderAmbiguous("10.0.0.3 timed out"), 503, "unavailable", "5"),
        (ProviderRefused("api_key_expired"), 503, "unavailable", "5"),
        (Conflict("10.0.0.3 says no"), 409, "conflict", None),
        (NotFound("user", 1), 401, "invalid-token", None),
    ],
)
def test_a_failure_behind_the_service_is_told_without_details(
    error: Exception, status: int, name: str, retry_after: str | None
) -> None:
    answer = login_while(error)

    problem(answer, status, name)
    assert answer.headers.get("retry-after") == retry_after
    assert "10.0.0.3" not in answer.text
    assert "api_key" not in answer.text


def test_too_many_attempts_say_when_the_next_one_counts() -> None:
    answer = login_while(RateLimitExceeded("sign-in", timedelta(seconds=12.3)))

    problem(answer, 429, "too-many-attempts")
    assert answer.headers["retry-after"] == "13"


def test_f1_a_mixed_up_answer_is_logged_as_one_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    answer = login_while(AnswerMismatch())

    assert "belongs to another query" not in answer.text
    (record,) = [record for record in caplog.records if record.name == "accounts_http"]
    assert (record.levelname, record.getMessage()) == (
        "ERROR",
        f"POST /api/auth/login: {AnswerMismatch()}",
    )


def test_a_bug_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    answer = login_while(ZeroDivisionError("the secret of jane@example.org"))

    problem(answer, 500, "internal-error")
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    (record,) = [record for record in caplog.records if record.name == "accounts_http"]
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert PASSWORD not in caplog.text


def test_an_event_that_cannot_be_noted_is_to_be_sent_again() -> None:
    accounts: Accounts[Any] = FailingAccounts(Unavailable("10.0.0.3 refused"))  # type: ignore[assignment]  # as above
    clock, body = SystemClock(), an_event("cus_1")
    headers = {"stripe-signature": signature(body, clock.now())}
    with TestClient(create_app(accounts, options=HttpOptions(webhook=checking(clock)))) as client:
        answer = client.post(PATH, content=body, headers=headers)

    problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "5"


ORIGIN = {"Origin": "https://app.example.org"}


def test_no_web_page_elsewhere_may_call_the_api_unless_it_is_allowed(api: Client) -> None:
    assert "access-control-allow-origin" not in api.get("/health/live", headers=ORIGIN).headers


def test_an_allowed_web_page_may_call_the_api() -> None:
    app = create_app(memory_accounts(), options=HttpOptions(cors_origins=("https://app.example.org",)))

    with TestClient(app) as client:
        answer = client.get("/api/v1/user", headers=ORIGIN)
        preflight = client.options(
            "/api/v1/user",
            headers={
                **ORIGIN,
                "Access-Control-Request-Method": "PUT",
                "Access-Control-Request-Headers": "authorization, content-type",
            },
        )
        stranger = client.get("/api/v1/user", headers={"Origin": "https://evil.example.org"})

    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "https://app.example.org"
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "https://app.example.org"
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-origin" not in stranger.headers
