"""The calls without any web framework, as an integration sees them."""

import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import pytest
from tests.integration.http.client import PASSWORD, Run
from tests.integration.http.service import memory_accounts
from tests.integration.http.stripe_events import checking
from tests.profile_fields import SHOWN

from accounts_core.sync import run_sync
from accounts_http.api.answers import Answer, Streamed
from accounts_http.api.http_api import AREAS, HttpApi
from accounts_http.api.http_calls import HttpCall
from accounts_http.errors import Malformed, TooLarge
from accounts_http.headers import Headers, QueryString
from accounts_http.options import HttpOptions
from accounts_system import SystemClock

NEWCOMER = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane Doe"}
PROOF = {"email": "jane@example.org", "password": PASSWORD}


@attrs.define
class Request:
    """An `HttpRequest` that is made by hand."""

    method: str = "GET"
    path: str = "/"
    root: str = ""
    headers: Headers = attrs.field(factory=lambda: Headers([]))
    query_string: QueryString = attrs.field(factory=QueryString)
    path_params: Mapping[str, str] = attrs.field(factory=dict)
    client: str | None = "192.0.2.1"
    content: bytes | Exception = b""
    read: list[int] = attrs.field(factory=list)

    async def body(self, limit_bytes: int) -> bytes:
        self.read.append(limit_bytes)
        if isinstance(self.content, Exception):
            raise self.content
        return self.content


@attrs.frozen
class Caller:
    """Calls the API through `HttpApi.run`."""

    api: HttpApi
    run: Callable[[Any], Any]

    def find(self, method: str, path: str) -> HttpCall:
        (found,) = (call for call in self.api.calls if (call.method, call.path) == (method, path))
        return found

    def call(
        self,
        method: str,
        of: str,
        *,
        at: str | None = None,
        token: str | None = None,
        body: Any = None,
        headers: Any = (),
        **fields: Any,
    ) -> Any:
        pairs = [(b"content-type", b"application/json"), *headers]
        pairs += [(b"authorization", f"Bearer {token}".encode())] if token else []
        content = b"" if body is None else json.dumps(body).encode()
        made = {"path": at or of, "content": content, **fields}
        request = Request(method=method, headers=Headers(pairs), **made)
        return self.run(self.api.run(self.find(method, of), request))

    def sign_up(self) -> str:
        assert self.call("POST", "/api/auth/register", body=NEWCOMER).status == 201
        token: str = json.loads(self.call("POST", "/api/auth/login", body=PROOF).encoded())["access_token"]
        return token


@pytest.fixture
def api() -> HttpApi:
    return HttpApi(memory_accounts(), HttpOptions(webhook=checking(SystemClock()), password_form=True))


@pytest.fixture
def caller(api: HttpApi, run: Run) -> Caller:
    return Caller(api, run)


def test_every_path_answers_options_and_head_where_there_is_get(api: HttpApi) -> None:
    methods: dict[str, set[str]] = {}
    for call in api.calls:
        methods.setdefault(call.path, set()).add(call.method)

    assert Counter((call.method, call.path) for call in api.calls).most_common(1)[0][1] == 1
    assert len(methods) > 40
    for path, found in methods.items():
        assert "OPTIONS" in found, path
        assert ("GET" in found) == ("HEAD" in found), path


def test_every_call_is_in_an_area_and_below_its_prefix(api: HttpApi) -> None:
    assert {call.area for call in api.calls} == set(AREAS)
    for call in api.calls:
        assert call.path == call.prefix or call.path.startswith(call.prefix + "/")
        assert call.include_in_schema == (call.method not in {"HEAD", "OPTIONS"} and call.area != "pages")


def test_options_lists_the_methods_of_a_path(caller: Caller) -> None:
    answer = caller.call("OPTIONS", "/api/v1/user")

    assert (answer.status, answer.encoded()) == (204, b"")
    assert answer.headers == {"allow": "DELETE, GET, HEAD, OPTIONS, PUT"}


def test_a_sign_up_a_sign_in_and_the_user(caller: Caller) -> None:
    token = caller.sign_up()

    answer = caller.call("GET", "/api/users/current", token=token)

    assert isinstance(answer, Answer)
    assert (answer.status, answer.media_type, answer.background) == (200, "application/json", None)
    shown = json.loads(answer.encoded())
    assert list(shown) == ["_id", "email", *SHOWN, "createdAt", "balance", "status", "emailVerified"]
    assert answer.raw_headers() == [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]


def test_an_error_is_an_answer(caller: Caller) -> None:
    answer = caller.call("GET", "/api/users/current")

    assert (answer.status, answer.media_type) == (401, "application/problem+json")
    assert answer.headers == {"www-authenticate": "Bearer"}
    assert json.loads(answer.encoded())["type"] == "urn:accounts:problem:token-required"


@pytest.mark.parametrize(("error", "status"), [(TooLarge(5), 413), (Malformed("Cut off."), 400)])
def test_what_is_wrong_with_a_body_is_raised_by_the_framework_and_answered_here(
    caller: Caller, error: Exception, status: int
) -> None:
    assert caller.call("POST", "/api/auth/login", content=error).status == status


def test_a_mistake_is_answered_and_logged(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    answer = caller.call("POST", "/api/auth/login", content=ZeroDivisionError("a mistake"))

    assert answer.status == 500
    assert b"mistake" not in answer.encoded()
    (record,) = caplog.records
    assert (record.name, record.levelno, record.getMessage()) == (
        "accounts_http",
        logging.ERROR,
        "POST /api/auth/login failed.",
    )


def test_a_body_is_read_up_to_the_limit_of_its_call(api: HttpApi, run: Run) -> None:
    limits = {call.path: call.body_limit_bytes for call in api.calls if call.method == "POST"}
    login, webhook = Request("POST"), Request("POST")
    for request, path in ((login, "/api/auth/login"), (webhook, "/webhooks/stripe")):
        run(api.run(next(call for call in api.calls if (call.method, call.path) == ("POST", path)), request))

    assert (set(login.read), set(webhook.read)) == ({16 * 1024}, {1024 * 1024})
    assert {path: limit for path, limit in limits.items() if limit != 16 * 1024} == {"/webhooks/stripe": 1024 * 1024}


def test_the_export_is_made_while_it_is_sent(caller: Caller, run: Run) -> None:
    answer = caller.call("GET", "/api/users/current/export", token=caller.sign_up())

    async def whole() -> bytes:
        return b"".join([chunk async for chunk in answer.chunks])

    assert isinstance(answer, Streamed)
    assert (answer.status, answer.media_type) == (200, "application/json")
    assert json.loads(run(whole()))["user"]["email"] == "jane@example.org"


@pytest.mark.parametrize("end", ["", "/"])
def test_the_link_to_the_next_page_has_every_prefix_of_the_clients_url(caller: Caller, end: str) -> None:
    token = caller.sign_up()
    caller.call("POST", "/api/auth/login", body=PROOF)

    answer = caller.call(
        "GET",
        "/api/auth/sessions",
        token=token,
        at=f"/behind/a proxy/api/auth/sessions{end}",
        root="/behind/a proxy",
        query_string=QueryString(b"limit=1"),
    )

    assert answer.headers["link"].startswith("</behind/a%20proxy/api/auth/sessions?limit=1&before=")


@pytest.mark.parametrize(
    ("root", "end", "base"), [("", "", "."), ("/one/two", "", "."), ("/one", "/", ".."), ("", "/", "..")]
)
def test_a_page_of_mails_finds_its_files_and_the_api_wherever_it_is(
    caller: Caller, root: str, end: str, base: str
) -> None:
    answer = caller.call("GET", "/verify-email", at=f"{root}/verify-email{end}", root=root)

    page = answer.encoded().decode()
    assert (answer.status, answer.media_type) == (200, "text/html; charset=utf-8")
    assert f'data-api="{base}"' in page
    found = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert len(found) == 3
    assert all(each.startswith(f"{base}/") for each in found)
    version = found[0].split("/")[-2]
    for name in ("pages.css", "pages.js"):
        asset = caller.call("GET", "/pages/{version}/{name}", path_params={"version": version, "name": name})
        assert (asset.status, asset.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    other = caller.call("GET", "/pages/{version}/{name}", path_params={"version": version, "name": "other.js"})
    assert other.status == 404


def test_the_calls_need_no_event_loop(api: HttpApi) -> None:
    """An integration for frameworks without one drives them to their end with `run_sync`."""
    caller = Caller(api, run_sync)
    token = caller.sign_up()
    key = [(b"idempotency-key", b"one")]

    assert caller.call("GET", "/api/v1/user", token=token).status == 200
    assert caller.call("GET", "/api/auth/sessions", token=token).status == 200
    team = caller.call("POST", "/api/v1/accounts", token=token, body={"name": "Dev"}, headers=key)
    again = caller.call("POST", "/api/v1/accounts", token=token, body={"name": "Dev"}, headers=key)
    assert (team.status, again.status, again.headers) == (201, 201, {"idempotent-replayed": "true"})
    assert team.encoded() == again.encoded()
    assert caller.call("GET", "/reset-password").status == 200
    assert caller.call("PUT", "/api/users/current/deactivate", token=token).status == 200
    assert caller.call("GET", "/api/v1/user", token=token).status == 401


def test_a_problem_for_a_hosts_own_route(api: HttpApi) -> None:
    answer = api.problem(TooLarge(10), "POST /reports")

    assert (answer.status, answer.media_type) == (413, "application/problem+json")
    assert answer.content.detail == "A request body has at most 10 bytes."
