"""The walk of `test_canaries`, against the service in a process of its own, with all that it needs beside it."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import quote

import attrs
import psycopg
import pytest
import redis
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from psycopg import sql
from tests.integration.cli.harness import COMMAND, PATIENCE_SECONDS, Served, settings
from tests.integration.postgres import PostgresServer
from tests.integration.redis_server import RedisServer, needs_a_server_of_its_own, serving_redis
from tests.security.canaries import Searched
from tests.security.test_canaries import (
    PASSWORDS,
    STRIPE_KEY,
    WEBHOOK_SECRET,
    assert_clean,
    canaries,
    live,
    mail_texts,
    token_in,
)
from tests.security.walk import EMAIL, VERIFY, Walk

DATABASE_PASSWORD = "Zeisig/db & ümläut+300%"
SMTP_PASSWORD = "Amsel/mail & ümläut+400%"
REDIS_PASSWORD = "Star/cache&ümläut+500%"


@attrs.define
class Mailbox:
    """A mail server that first refuses who signs in, and then keeps what it is given."""

    refusals: int = 1
    taken: list[bytes] = attrs.field(factory=list)
    passwords: list[bytes] = attrs.field(factory=list)

    def authenticate(self, _: SMTP, __: Session, ___: Envelope, mechanism: str, login: object) -> AuthResult:
        assert isinstance(login, LoginPassword)
        self.passwords.append(login.password)
        self.refusals -= 1
        return AuthResult(success=self.refusals < 0)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        assert isinstance(envelope.content, bytes)
        self.taken.append(envelope.content)
        return "250 taken"

    def token(self, purpose: str) -> str:
        """Wait for the mail of a kind, and return the token in it."""
        page = {"verify_email": "verify-email", "reset_password": "reset-password"}[purpose]
        deadline = monotonic() + PATIENCE_SECONDS
        while monotonic() < deadline:
            for raw in list(self.taken):
                token = token_in(raw)
                if token is not None and any(f"/{page}#" in text for text in mail_texts(raw, allowed=None)):
                    return token
            sleep(0.05)
        pytest.fail(f"no mail to {purpose}")


@contextmanager
def started(*command: str, **environment: str) -> Iterator[Served]:
    served = Served.start(*command, **environment)
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.process.kill()
            served.end()


@contextmanager
def mail_server(mailbox: Mailbox) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    controller = Controller(
        mailbox, hostname="127.0.0.1", port=port, authenticator=mailbox.authenticate, auth_require_tls=False
    )
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def rows(url: str) -> Iterator[bytes]:
    """Yield every row of every table, as the database itself writes it, and every value that is bytes as it is."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
            " AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert len(tables) > 10
        for schema, name in tables:
            for row in connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, name))):
                yield f"{name}: {row!r}".encode()
                yield from (bytes(value) for value in row if isinstance(value, bytes | memoryview))


def counted(server: RedisServer) -> Iterator[bytes]:
    """Yield every key of Redis, and what is in it."""
    with redis.Redis(unix_socket_path=str(server.socket), password=REDIS_PASSWORD) as client:
        for key in client.scan_iter():
            yield key
            yield from client.zrange(key, 0, -1)


def command(environment: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


@pytest.mark.long
@needs_a_server_of_its_own
def test_of_a_service_in_a_process_no_secret_is_anywhere_that_it_does_not_belong(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ACCOUNTS_")]:
        monkeypatch.delenv(name)
    marked, searched, mailbox = canaries(), Searched(), Mailbox()
    for name, secret in {"database": DATABASE_PASSWORD, "SMTP": SMTP_PASSWORD, "Redis": REDIS_PASSWORD}.items():
        marked.add(f"{name} password", secret)
    plain_url = postgres_server.create_database()
    url = sa.make_url(plain_url).set(password=DATABASE_PASSWORD).render_as_string(hide_password=False)

    with ExitStack() as stack:
        stripe = stack.enter_context(started("stripe-simulator", "--port", "0", "--file", ":memory:"))
        limits = stack.enter_context(serving_redis("--requirepass", REDIS_PASSWORD))
        smtp_port = stack.enter_context(mail_server(mailbox))
        environment = settings(
            database_url=url,
            stripe_api_key=STRIPE_KEY,
            stripe_api_base=stripe.url,
            stripe_webhook_secret=WEBHOOK_SECRET,
            smtp_url=f"smtp://me:{quote(SMTP_PASSWORD, safe='')}@127.0.0.1:{smtp_port}",
            redis_url=f"unix://:{quote(REDIS_PASSWORD, safe='')}@{limits.socket}",
            private_registration="false",
        )
        served = stack.enter_context(started("serve", "--port", "0", **environment))
        client = stack.enter_context(served.client())

        def mailed_token(purpose: str) -> str:
            token = mailbox.token(purpose)
            searched.add("rows", *rows(plain_url))  # while the token is good
            return token

        walk = Walk(client.request, mailed_token, marked, searched)

        live(walk)
        stripe.process.kill()
        walk.ask("POST", VERIFY, 503, json={"paymentMethod": "pm_card_mastercard"})
        served.wait_for(r"A job \(mail\) failed and was rescheduled")  # the mail server first refused who signs in
        searched.add("rows", *rows(plain_url), *counted(limits))
        limits.kill()
        told = [command(environment, *each) for each in (("outbox", "list", "--json"), ("audit", "--json"), ("check",))]
        searched.add("commands", *(said for each in told for said in each.communicate()))
        postgres_server.drop_database(plain_url)
        fail_without_a_database(walk)
        served.wait_for("The worker")
        searched.add("commands", *command(environment, "check").communicate())
        assert served.stop() == 0

    for raw in mailbox.taken:
        searched.add("mails", *mail_texts(raw, allowed=token_in(raw)))
    searched.add("log", *served.lines)
    for table in ("users", "sessions", "outbox", "kept_requests", "card_verifications", "audit", "mail_tokens"):
        assert searched.has("rows", f"accounts_{table}: ")
    assert searched.has("rows", "{accounts:sign-in}")
    assert {password.decode() for password in mailbox.passwords} == {SMTP_PASSWORD}
    assert_clean(searched, marked, "answers", "problems", "rows", "mails", "log", "commands")


def fail_without_a_database(walk: Walk) -> None:
    """Ask for what cannot be had: the database is gone."""
    walk.ask("GET", "/api/users/current", 500, 503)
    walk.ask("GET", "/health/ready", 503)
    walk.ask("POST", "/api/auth/login", 503, json={"email": EMAIL, "password": PASSWORDS[2]})
    walk.ask(
        "PUT",
        "/api/users/current",
        500,
        503,
        json={"oldPassword": PASSWORDS[2], "newPassword": PASSWORDS[0]},
        headers={"Idempotency-Key": "last"},
    )
