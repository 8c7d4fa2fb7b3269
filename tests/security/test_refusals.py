"""What holds for the answers to what no call takes: refused on the wire, nowhere, with a wrong method, failed."""

import json
import re
from typing import Any, Final

import pytest
from tests.integration.cli.harness import Served
from tests.integration.http.client import Client, Run
from tests.security.sockets import Address, exchange

from accounts_http.access_log import RequestEntry
from accounts_litestar.edge.hardening import HardenedApp

HOST: Final = b"Host: localhost\r\n"
BYTES: Final = {
    "nowhere": b"GET /nowhere HTTP/1.1\r\n" + HOST + b"\r\n",
    "no token": b"GET /api/v1/user HTTP/1.1\r\n" + HOST + b"\r\n",
    "a wrong method": b"TRACE /api/v1/user HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method of a page": b"TRACE /verify-email HTTP/1.1\r\n" + HOST + b"\r\n",
    "TRACE of all": b"TRACE / HTTP/1.1\r\n" + HOST + b"X-Secret: canary\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "a body that is no JSON": b"POST /api/auth/login HTTP/1.1\r\n"
    + HOST
    + b"Content-Type: application/json\r\nContent-Length: 1\r\n\r\n{",
    "a body that is too large": b"POST /api/auth/login HTTP/1.1\r\n"
    + HOST
    + b"Content-Type: application/json\r\nContent-Length: 999999\r\n\r\n",
    "a wrong id": b"GET /schema/%00 HTTP/1.1\r\n" + HOST + b"\r\n",
    "the schema of another kind": b"GET /schema/openapi.yaml HTTP/1.1\r\n" + HOST + b"\r\n",
}
COMPONENTS: Final = re.compile(
    r"litestar|uvicorn|uvloop|httptools|h11|msgspec|python|sqlalchemy|sqlite|postgres|asyncpg|psycopg|redis|argon2|httpx"
    r"|stripe|traceback|\.py\b|\d+\.\d+\.\d+",
    re.IGNORECASE,
)


@pytest.mark.parametrize("sent", BYTES.values(), ids=BYTES.keys())
def test_no_refusal_is_kept_or_says_what_runs_here_or_repeats_what_was_sent(address: Address, sent: bytes) -> None:
    """ASVS 5.0, 13.4.4, 13.4.6, 14.3.2 and 16.5.1: what never reaches a call as well."""
    (answer,) = exchange(address, sent).answers

    assert 400 <= answer.status < 500
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(answer.body)["type"].startswith("urn:accounts:problem:")
    said = f"{answer.headers}\n{answer.body.decode()}"
    assert not COMPONENTS.search(said.replace("127.0.0.1", "")), said
    assert "canary" not in said


@pytest.mark.parametrize("path", ["/api/v1/user", "/verify-email", "/health/live", "/schema"])
def test_nothing_answers_trace(address: Address, path: str) -> None:
    """ASVS 5.0, 13.4.4."""
    (answer,) = exchange(address, f"TRACE {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()).answers

    assert answer.status == 405
    assert "TRACE" not in answer.headers["allow"]


def test_the_last_resorts_answer_is_kept_by_nobody(run: Run) -> None:
    """ASVS 5.0, 14.3.2 and 16.5.4."""
    sent: list[Any] = []
    entries: list[RequestEntry] = []

    async def app(*_: Any) -> None:
        raise ZeroDivisionError

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"localhost")]}
    run(HardenedApp(app, log=entries.append)(scope, receive, send))

    headers = dict(sent[0]["headers"])
    assert (sent[0]["status"], entries[0].status) == (500, 500)
    assert headers[b"cache-control"] == b"no-store"


@pytest.mark.parametrize("path", ["/api/auth/login", "/api/auth/restore"])
@pytest.mark.parametrize("password", ["wrong", "a long and quiet river"])
def test_every_way_in_is_logged_with_what_was_shown(served: Served, path: str, password: str) -> None:
    """ASVS 5.0, 16.3.1: by a running service, whether or not somebody gets in."""
    name = f"{path[10:]}-{len(password)}@example.org"
    with served.client() as client:
        person = {"email": name, "password": "a long and quiet river", "name": "Jane"}
        assert client.post("/api/auth/register", json=person).status_code == 201
        answer = client.post(path, json={"email": name, "password": password})
    told = json.loads(served.wait_for(answer.headers["x-request-id"]).string)

    assert (told["route"], told["status"], told["way_in"]) == (path, answer.status_code, "password")
    assert len(told["account"]) == 12
    assert (told["user_id"] is not None) is answer.is_success
    assert told.get("problem") == (None if answer.is_success else "invalid-credentials")


@pytest.mark.parametrize("service", ["memory"], indirect=True)  # a FastAPI application has a document of its own
def test_an_api_client_is_told_no_version_either(api: Client) -> None:
    """ASVS 5.0, 13.4.6: the reference's version is the API's."""
    document = api.get("/schema/openapi.json").json()

    assert document["info"]["version"] == "1"
    assert "generator" not in json.dumps(document).lower()
