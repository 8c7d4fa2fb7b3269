"""What every answer carries, and what no request may."""

import pytest
from tests.integration.http.client import Client, problem

JSON_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.mark.parametrize("path", ["/api/users/current", "/health/live", "/nothing", "/schema/openapi.json"])
def test_every_answer_is_protected_and_named(api: Client, path: str) -> None:
    first, second = api.get(path), api.get(path)

    assert {name: first.headers.get(name) for name in JSON_HEADERS} == JSON_HEADERS
    assert len(first.headers["x-request-id"]) == 24
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert "server" not in first.headers


def test_a_name_that_somebody_sends_is_not_taken_over(api: Client) -> None:
    assert api.get("/health/live", headers={"x-request-id": "injected-1"}).headers["x-request-id"] != "injected-1"


@pytest.mark.parametrize("name", ["Host", "Authorization", "Content-Length"])
def test_a_header_that_is_sent_twice_is_refused(api: Client, name: str) -> None:
    doubled = [(name, "2"), (name, "2")]
    rest = [("Host", "accounts.test")] if name != "Host" else []

    answer = api.run(api.http.request("POST", "/api/auth/login", headers=rest + doubled, content=b"{}"))

    problem(answer, 400, "malformed-request")
    assert "more than once" in answer.json()["detail"]
    assert answer.headers["connection"] == "close"


def test_two_ways_to_say_how_long_a_body_is_are_refused(api: Client) -> None:
    headers = {"Content-Length": "2", "Transfer-Encoding": "chunked"}

    problem(api.run(api.http.request("POST", "/api/auth/login", headers=headers)), 400, "malformed-request")


@pytest.mark.parametrize("headers", [{f"x-{n}": "1" for n in range(101)}, {"x-long": "x" * 33_000}])
def test_too_many_headers_are_refused(api: Client, headers: dict[str, str]) -> None:
    problem(api.get("/health/live", headers=headers), 400, "malformed-request")


@pytest.mark.parametrize("page", ["/verify-email", "/reset-password"])
def test_the_pages_of_the_mails_load_nothing_from_elsewhere(api: Client, page: str) -> None:
    answer = api.get(page)

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    for reference in [part.split('"')[0] for part in answer.text.split('src="')[1:] + answer.text.split('href="')[1:]]:
        assert api.get(reference).status_code == 200, reference
    problem(api.get("/pages/0/nothing.js"), 404, "not-found")
