"""What only a real server and a real socket show."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
import uvicorn
from tests.integration.http.client import PASSWORD
from tests.integration.http.service import memory_accounts

from accounts_litestar import create_app


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """A server on a port of its own, over a store in memory."""
    config = uvicorn.Config(create_app(memory_accounts()), log_level="warning", server_header=False, ws="none")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield listener.getsockname()
        server.should_exit = True
        thread.join()


def exchange(address: tuple[str, int], request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes as they are, and read the one answer."""
    with closing(socket.create_connection(address, timeout=10)) as connection:
        connection.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65_536)
        head, _, body = received.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(65_536)
    return int(status.split()[1]), headers, body


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


@pytest.fixture(scope="module")
def token(address: tuple[str, int]) -> str:
    person = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane"}
    send_json = "Content-Type: application/json"
    exchange(address, request("POST", "/api/auth/register", send_json, body=json.dumps(person).encode()))
    del person["name"]
    _, _, body = exchange(address, request("POST", "/api/auth/login", send_json, body=json.dumps(person).encode()))
    token: str = json.loads(body)["access_token"]
    return token


def test_two_authorization_headers_are_refused(address: tuple[str, int], token: str) -> None:
    good, bad = f"Authorization: Bearer {token}", "Authorization: Bearer other"

    for headers in ((good, bad), (bad, good), (good, good), (good, good.lower().replace(token.lower(), token))):
        status, _, body = exchange(address, request("GET", "/api/v1/user", *headers))

        assert status == 400
        assert json.loads(body)["type"] == "urn:accounts:problem:malformed-request"

    assert exchange(address, request("GET", "/api/v1/user", good))[0] == 200


def test_two_content_types_are_refused(address: tuple[str, int], token: str) -> None:
    types = ("Content-Type: application/json", "Content-Type: application/x-www-form-urlencoded")

    status, _, _ = exchange(
        address, request("PUT", "/api/v1/user", f"Authorization: Bearer {token}", *types, body=b"{}")
    )

    assert status == 415


def test_a_body_that_is_declared_too_large_is_refused_before_it_is_sent(address: tuple[str, int], token: str) -> None:
    head = request("PUT", "/api/v1/user", f"Authorization: Bearer {token}", "Content-Type: application/json")

    status, _, _ = exchange(address, head.replace(b"Content-Length: 0", b"Content-Length: 16385"))

    assert status == 413


def test_no_answer_says_what_runs_here(address: tuple[str, int], token: str) -> None:
    for path, headers in (
        ("/api/v1/user", [f"Authorization: Bearer {token}"]),
        ("/nowhere", []),
        ("/health/ready", []),
    ):
        _, found, body = exchange(address, request("GET", path, *headers))

        assert "server" not in found
        assert "x-powered-by" not in found
        assert b"itestar" not in body


def test_an_answer_without_content_has_no_type_and_no_body(address: tuple[str, int], token: str) -> None:
    status, headers, body = exchange(
        address, request("PUT", "/api/users/current/notifications/read", f"Authorization: Bearer {token}")
    )

    assert (status, body) == (204, b"")
    assert "content-type" not in headers
    assert "content-length" not in headers
    assert headers["cache-control"] == "no-store"
