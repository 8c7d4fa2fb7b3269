"""Case 54: where a link leads is the operator's to say, never the request's. By `accounts serve`, in real mails."""

import json
import re
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from tests.integration.http.client import PASSWORD
from tests.security.conftest import PUBLIC_URL
from tests.security.sockets import PATIENCE_SECONDS, Address, exchange

LINK = re.compile(r"[a-z]+://[^\s\"'<>]+")
EVIL = {
    "host": ["Host: evil.example"],
    # CVE-2026-25479: a dot in a list of allowed hosts that let any letter through
    "host that looks like ours": ["Host: accountsXexampleXorg"],
    "forwarded host": ["Host: localhost", "X-Forwarded-Host: evil.example"],
    "forwarded proto and port": ["Host: localhost", "X-Forwarded-Proto: gopher", "X-Forwarded-Port: 6666"],
    "forwarded server": ["Host: localhost", "X-Forwarded-Server: evil.example", "X-Host: evil.example"],
    "forwarded": ["Host: localhost", "Forwarded: for=1.2.3.4;host=evil.example;proto=gopher"],
    "origin and referer": ["Host: localhost", "Origin: https://evil.example", "Referer: https://evil.example/x"],
    "original url": ["Host: localhost", "X-Original-URL: https://evil.example/x", "X-Rewrite-URL: //evil.example"],
}


def post(address: Address, path: str, headers: list[str], **fields: str) -> int:
    body = json.dumps(fields).encode()
    lines = [f"POST {path} HTTP/1.1", *headers, "Content-Type: application/json", f"Content-Length: {len(body)}"]
    (answer,) = exchange(address, "\r\n".join([*lines, "", ""]).encode() + body).answers
    assert b"evil" not in answer.body
    assert not any("evil" in value or name == "location" for name, value in answer.headers.items())
    return answer.status


def mails_to(folder: Path, email: str, number: int) -> list[EmailMessage]:
    """Wait until so many mails to this address are there."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        read = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in folder.glob("mail/*.eml")]
        found = [mail for mail in read if mail["To"] == email]
        if len(found) >= number or time.monotonic() > deadline:
            assert len(found) == number
            return found
        time.sleep(0.05)


@pytest.mark.parametrize("headers", EVIL.values(), ids=EVIL)
def test_case_54_no_header_says_where_a_mailed_link_leads(
    address: Address, served_folder: Path, headers: list[str]
) -> None:
    """GHSA-3529-5m8x-rpv3, CVE-2026-25479: a reset whose link led to whoever asked for it."""
    email = f"jane{list(EVIL.values()).index(headers)}@example.org"

    assert post(address, "/api/auth/register", headers, email=email, password=PASSWORD, name="Jane") == 201
    assert post(address, "/api/auth/forgot-password", headers, email=email) == 202

    for mail in mails_to(served_folder, email, 2):
        whole = "".join(part.get_content() for part in mail.walk() if part.get_content_maintype() == "text")
        links = LINK.findall(whole)
        assert links
        assert all(link.startswith(f"{PUBLIC_URL}/") for link in links)
        assert "evil" not in mail.as_string()


@pytest.mark.parametrize(
    "path", ["/schema", "/schema/openapi.json", "/verify-email", "/reset-password", "/nowhere", "//"]
)
def test_case_54_no_page_repeats_the_host_that_it_was_asked_under(address: Address, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\n\r\n"

    (answer,) = exchange(address, request.encode()).answers

    assert b"evil.example" not in answer.body
    assert not any("evil" in value or name == "location" for name, value in answer.headers.items())
