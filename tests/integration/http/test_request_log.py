"""What the log says of each request: who did what and how it ended, and never a word that the client chose."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import attrs
import pytest
from litestar.testing import TestClient
from tests.integration.http.client import PASSWORD, Client, Run, problem
from tests.integration.http.service import Service, in_memory, memory_accounts, serving
from tests.integration.http.stripe_events import checking

from accounts_core.model.policy import Policy
from accounts_core.model.rate_limits import RateLimit, in_every_scope
from accounts_http.access_log import account_name, current_request
from accounts_litestar import HttpOptions, RequestEntry, create_app
from accounts_litestar.edge.answers import AnswerResponse
from accounts_litestar.edge.hardening import HardenedApp
from accounts_memory import ManualClock, MemoryRateLimiter
from accounts_system import SystemClock

LOGIN = "/api/auth/login"
JANE = "jane@example.org"


@attrs.frozen
class Logged:
    service: Service
    entries: list[RequestEntry]

    @property
    def api(self) -> Client:
        return self.service.api

    @property
    def last(self) -> dict[str, Any]:
        entry = self.entries[-1]
        told = {"user_id": entry.user_id, **entry.log_fields}
        assert told.pop("client") == "127.0.0.1"
        assert told.pop("duration_ms") == round(entry.seconds * 1000, 3) > 0
        return told


@pytest.fixture
def logged(run: Run) -> Iterator[Logged]:
    entries: list[RequestEntry] = []
    options = HttpOptions(webhook=checking(SystemClock()), log_request=entries.append)
    few = Policy(limits=in_every_scope({"sign-in": RateLimit(3, timedelta(hours=1))}))
    with serving(run, in_memory(), options=options, policy=few, limits=MemoryRateLimiter()) as service:
        yield Logged(service, entries)


def test_a_sign_in_is_logged_with_who_how_and_whence(logged: Logged) -> None:
    jane = logged.api.sign_up()

    assert logged.last == {
        "user_id": jane.user["id"],
        "method": "POST",
        "route": LOGIN,
        "status": 200,
        "way_in": "password",
        "account": account_name(JANE),
    }


@pytest.mark.parametrize("email", [JANE, "JANE@example.org", "nobody@example.org"])
def test_a_failed_sign_in_is_logged_without_the_address(logged: Logged, email: str) -> None:
    logged.api.sign_up()

    logged.api.post(LOGIN, json={"email": email, "password": "wrong"})

    assert logged.last == {
        "user_id": None,
        "method": "POST",
        "route": LOGIN,
        "status": 401,
        "way_in": "password",
        "account": account_name(email.lower()),
        "problem": "invalid-credentials",
        "error": "InvalidCredentials",
    }


def test_a_password_typed_as_the_address_is_not_logged(logged: Logged) -> None:
    logged.api.post(LOGIN, json={"email": PASSWORD, "password": "wrong"})

    assert logged.last == {
        "user_id": None,
        "method": "POST",
        "route": LOGIN,
        "status": 422,
        "way_in": "password",
        "problem": "invalid-fields",
        "error": "Invalid",
        "field": "email",
    }


def test_a_limit_that_is_hit_is_logged_by_its_name(logged: Logged) -> None:
    for _ in range(4):
        logged.api.post(LOGIN, json={"email": JANE, "password": "wrong"})

    assert (logged.last["status"], logged.last["limit"], logged.last["error"]) == (429, "sign-in", "RateLimitExceeded")


Act = Callable[[Client], object]
ACTS: dict[str, tuple[Act, dict[str, Any]]] = {
    "bad token": (
        lambda jane: jane.with_token("acc_nothing").get("/api/v1/user"),
        {"user_id": None, "route": "/api/v1/user", "status": 401, "problem": "invalid-token", "error": "InvalidToken"},
    ),
    "no token": (
        lambda jane: attrs.evolve(jane, token=None).get("/api/v1/user"),
        {"user_id": None, "route": "/api/v1/user", "status": 401, "problem": "token-required", "error": "MissingToken"},
    ),
    "another's thing": (
        lambda jane: jane.delete("/api/auth/sessions/ses_of_somebody_else"),
        {
            "method": "DELETE",
            "route": "/api/auth/sessions/{id}",
            "status": 404,
            "problem": "not-found",
            "error": "NotFound",
            "missing": "session",
        },
    ),
    "wrong present password": (
        lambda jane: jane.put(
            "/api/users/current", json={"oldPassword": "wrong", "newPassword": "a river that is new"}
        ),
        {
            "method": "PUT",
            "route": "/api/users/current",
            "status": 422,
            "problem": "invalid-fields",
            "error": "WrongPassword",
            "field": "oldPassword",
        },
    ),
    "bad mailed token": (
        lambda jane: jane.post("/api/auth/reset-password", json={"token": "acm_nothing", "password": PASSWORD}),
        {
            "user_id": None,
            "method": "POST",
            "route": "/api/auth/reset-password",
            "status": 422,
            "way_in": "mailed token",
            "problem": "invalid-fields",
            "error": "InvalidMailToken",
            "field": "token",
        },
    ),
    "unknown field": (
        lambda jane: jane.put("/api/v1/user", json={PASSWORD: "x"}),
        {
            "method": "PUT",
            "route": "/api/v1/user",
            "status": 422,
            "problem": "invalid-fields",
            "error": "WrongFields",
        },
    ),
    "malformed": (
        lambda jane: jane.put("/api/v1/user", content=b"{", headers={"content-type": "application/json"}),
        {"method": "PUT", "route": "/api/v1/user", "status": 400, "problem": "malformed-request", "error": "Malformed"},
    ),
    "webhook": (
        lambda jane: jane.post("/webhooks/stripe", content=b"{}"),
        {
            "user_id": None,
            "method": "POST",
            "route": "/webhooks/stripe",
            "status": 400,
            "problem": "webhook-refused",
            "error": "WebhookRefused",
        },
    ),
    "nowhere": (
        lambda jane: jane.get(f"/{PASSWORD}?token={jane.token}"),
        {"user_id": None, "route": None, "status": 404, "problem": "not-found", "error": "NotFoundException"},
    ),
    "another method": (
        lambda jane: jane.call("BREW", "/api/v1/user"),
        {"user_id": None, "method": "other", "status": 405, "problem": "method-not-allowed"},
    ),
    "two hosts": (
        lambda jane: jane.run(jane.http.get("/", headers=[("host", PASSWORD), ("host", "b")])),
        {"user_id": None, "route": None, "status": 400, "problem": "malformed-request", "error": "Malformed"},
    ),
    "read": (lambda jane: jane.get("/api/users/current/list-payment-methods"), {"status": 200}),
}


@pytest.mark.parametrize("name", ACTS)
def test_each_request_is_one_line_that_says_what_was_refused_and_why(logged: Logged, name: str) -> None:
    act, expected = ACTS[name]
    jane = logged.api.sign_up()
    user_id = jane.user["id"]
    before = len(logged.entries)

    act(jane)

    assert len(logged.entries) == before + 1
    last = logged.last
    assert {key: last[key] for key in expected} == expected
    assert last["user_id"] == expected.get("user_id", user_id)
    said = repr(logged.entries[before:])
    assert not any(secret in said for secret in (PASSWORD, str(jane.token), JANE))


def test_the_line_names_the_request_as_its_answer_does(logged: Logged) -> None:
    answer = logged.api.get("/health/live")

    assert answer.headers["x-request-id"] == logged.entries[-1].id
    assert current_request.get() is None


def test_a_host_that_sets_nothing_up_finds_each_request_in_its_own_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "accounts_http")
    with TestClient(create_app(memory_accounts())) as client:
        client.get("/api/v1/user?token=secret")

    (record,) = [record for record in caplog.records if record.name == "accounts_http.access_log"]
    fields = vars(record)
    assert (fields["route"], fields["status"], fields["problem"]) == ("/api/v1/user", 401, "token-required")


# ---- the last resort


class Sent:
    """What an application sent in answer to one GET request."""

    def __init__(self, app: Any, log: Callable[[RequestEntry], None]) -> None:
        self.messages: list[Any] = []
        self._app = HardenedApp(app, log=log)

    async def _send(self, message: Any) -> None:
        self.messages.append(message)

    async def _receive(self) -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def get(self) -> None:
        scope: Any = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "headers": [(b"host", b"localhost")],
            "client": ("192.0.2.1", 1),
        }
        await self._app(scope, self._receive, self._send)


START: Any = {"type": "http.response.start", "status": 200, "headers": []}


def test_what_nobody_caught_is_logged_and_answered_as_a_problem(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def app(*_: Any) -> None:
        raise ZeroDivisionError("the secret")

    entries: list[RequestEntry] = []
    sent = Sent(app, entries.append)
    run(sent.get())

    start, body = sent.messages
    headers = dict(start["headers"])
    assert start["status"] == 500
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"x-request-id"].decode() == entries[0].id
    assert headers[b"connection"] == b"close"
    assert b"internal-error" in body["body"]
    assert b"secret" not in body["body"]
    assert (entries[0].status, entries[0].facts["error"]) == (500, "ZeroDivisionError")
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_what_fails_after_the_answer_began_is_logged_and_answered_no_more(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        await send(START)
        raise ZeroDivisionError

    entries: list[RequestEntry] = []
    sent = Sent(app, entries.append)
    run(sent.get())

    assert [message["type"] for message in sent.messages] == ["http.response.start"]
    assert entries[0].status == 200
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_a_request_that_is_cut_off_is_logged_without_an_answer(run: Run) -> None:
    async def app(*_: Any) -> None:
        raise asyncio.CancelledError

    entries: list[RequestEntry] = []

    async def cut_off() -> None:
        with pytest.raises(asyncio.CancelledError):
            await Sent(app, entries.append).get()

    run(cut_off())

    assert entries[0].status is None
    assert current_request.get() is None


def test_what_fails_in_the_background_of_an_answer_hurts_nobody(
    logged: Logged, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    jane = logged.api.sign_up()
    clock = logged.service.clock
    assert isinstance(clock, ManualClock)
    clock.pass_by(minutes=6)

    async def fails(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(logged.service.accounts), "touch_session", fails)
    answer = jane.get("/api/v1/user")

    assert answer.status_code == 200
    assert "ZeroDivisionError" in caplog.text
    assert jane.get("/health/live").status_code == 200


def test_a_problem_that_cannot_be_told_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(AnswerResponse, "to_asgi_response", fails)
    with TestClient(create_app(memory_accounts())) as client:
        problem(client.get("/api/v1/user"), 500, "internal-error")
