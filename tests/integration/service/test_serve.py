"""`accounts serve` in a process of its own: how it starts, what it says, and how it stops."""

import os
import re
import signal
import socket
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest
from tests.integration.cli.harness import PASSWORD, PATIENCE_SECONDS, Run, Serve

JANE = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane Doe"}


def register(client: httpx.Client) -> None:
    assert client.post("/api/auth/register", json=JANE).status_code == 201


def sign_in(client: httpx.Client) -> None:
    answer = client.post("/api/auth/login", json={"email": JANE["email"], "password": JANE["password"]})
    assert answer.status_code == 200
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


def wait_until_nobody_listens(host: str, port: int) -> None:
    """Wait until new connections are refused, which is where stopping begins."""
    deadline = monotonic() + PATIENCE_SECONDS
    while monotonic() < deadline:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            return
        sleep(0.02)
    pytest.fail("it goes on to listen")


def test_on_the_default_settings_it_makes_its_database_and_says_what_it_uses(serve: Serve, folder: Path) -> None:
    served = serve()

    with served.client() as client:
        assert client.get("/health/ready").status_code == 200
    assert served.wait_for("^Database: ")[0]
    served.stop()
    assert [line.partition(" ")[2].split(" (")[0] for line in served.said] == [
        f"on {served.url}",
        "sqlite:///accounts.db",
        "simulated, in stripe-simulator.db: it takes Stripe's test cards, and no money moves",
        "each becomes a file in mail/",
        "",
    ]
    assert (folder / "accounts.db").exists()


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_stops_without_a_word_of_failure(serve: Serve, sig: int) -> None:
    served = serve()
    with served.client() as client:
        client.get("/health/live")

        assert served.stop(sig) == 0
    assert served.lines[-1] == "Stopped."


@pytest.mark.long
def test_a_restart_loses_nothing(serve: Serve) -> None:
    first = serve()
    with first.client() as client:
        register(client)
        sign_in(client)
        authorization = client.headers["Authorization"]
    first.stop()

    second = serve()
    with second.client() as client:
        client.headers["Authorization"] = authorization
        answer = client.get("/api/users/current")

    assert (answer.status_code, answer.json()["email"]) == (200, "jane@example.org")


def test_killed_in_the_middle_it_has_what_it_had_acknowledged(serve: Serve) -> None:
    first = serve()
    with first.client() as client:
        register(client)
    first.process.kill()
    first.end()

    with serve().client() as client:
        sign_in(client)


@pytest.mark.long
def test_the_other_commands_work_beside_it(serve: Serve, run: Run) -> None:
    served = serve()
    with served.client() as client:
        register(client)
        sign_in(client)
        assert run("users", "deactivate", "jane@example.org").code == 0

        assert client.get("/api/users/current").status_code == 401


def test_a_request_that_is_under_way_is_finished(serve: Serve) -> None:
    served = serve()
    url = httpx.URL(served.url)
    body = b'{"email": "jane@example.org", "password": "wrong wrong wrong wrong"}'
    head = (
        "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    assert url.port is not None
    with socket.create_connection((url.host, url.port), timeout=30) as connection, connection.makefile("rb") as said:
        connection.sendall(head.encode())
        assert said.readline().split()[1] == b"100"  # so it has the request in hand
        said.readline()
        served.process.send_signal(signal.SIGTERM)
        wait_until_nobody_listens(url.host, url.port)
        connection.sendall(body)
        answer = said.readline()

    assert answer.split()[1] == b"401"
    assert served.end() == 0


def test_it_does_not_say_what_it_runs_on(serve: Serve) -> None:
    with serve().client() as client:
        assert "server" not in client.get("/api/users/current").headers


@pytest.mark.long
def test_where_no_terminal_reads_it_the_log_is_json_with_a_line_for_each_request(serve: Serve) -> None:
    served = serve()
    with served.client() as client:
        register(client)
        sign_in(client)
        read = client.get(f"/api/users/current?token={PASSWORD}").headers["x-request-id"]
        nowhere = client.get("/somebodys-password").headers["x-request-id"]
    served.stop()

    lines = {line["request_id"]: line for line in served.logged if line["logger"] == "accounts_http.access_log"}
    assert len(lines) == 4
    assert {name: lines[read][name] for name in ("level", "method", "route", "status", "user_id", "client")} == {
        "level": "info",
        "method": "GET",
        "route": "/api/users/current",
        "status": 200,
        "user_id": 1,
        "client": "127.0.0.1",
    }
    assert lines[nowhere]["route"] is None
    assert all(line["timestamp"].endswith("+00:00") for line in served.logged)
    assert not any(word in line for line in served.lines for word in (PASSWORD, "jane@", "somebodys"))


def test_a_port_that_is_taken_is_a_failure_before_anything_else_is_done(run: Run, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        ran = run("serve", "--port", str(port))

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"accounts: Cannot listen on 127.0.0.1 port {port}: Address already in use.\n"
    assert list(folder.iterdir()) == []


def test_an_address_that_is_not_of_this_machine_is_a_failure(run: Run) -> None:
    ran = run("serve", "--host", "192.0.2.1", "--port", "0")  # for documentation alone: RFC 5737

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("accounts: Cannot listen on 192.0.2.1 port 0: ")


def test_a_host_without_an_address_is_a_failure(run: Run) -> None:
    ran = run("serve", "--host", "no such host", "--port", "0")

    assert ran.err == "accounts: --host no such host: no such address on this machine.\n"


def test_more_than_one_process_needs_parts_that_are_made_for_several(run: Run) -> None:
    ran = run("serve", "--workers", "2", "--port", "0")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("accounts: --workers 2: more than one process needs PostgreSQL")


def test_several_processes_serve_and_one_that_dies_is_replaced(
    serve: Serve, postgres_url: str, stripe_server: str
) -> None:
    served = serve(
        "--workers",
        "2",
        ACCOUNTS_DATABASE_URL=postgres_url,
        ACCOUNTS_STRIPE_API_KEY="sk_test_any",
        ACCOUNTS_STRIPE_API_BASE=stripe_server,
    )
    with served.client() as client:
        register(client)
        sign_in(client)
        children = Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children").read_text().split()
        os.kill(max(int(child) for child in children), signal.SIGKILL)
        served.wait_for("died .* is replaced")
        answer = client.post("/api/users/current/verify-payment", json={"paymentMethod": "pm_card_visa"})

    assert answer.json() == {"status": "ok"}
    assert served.stop() == 0
    assert served.lines[-1] == "Stopped."


@pytest.mark.long
def test_without_a_webhook_secret_every_event_is_refused(serve: Serve) -> None:
    served = serve()
    with served.client() as client:
        answer = client.post("/webhooks/stripe", content=b"{}", headers={"stripe-signature": "t=1,v1=00"})

    assert (answer.status_code, answer.json()["type"]) == (400, "urn:accounts:problem:webhook-refused")


def test_of_the_simulator_only_the_page_of_a_challenge_is_reached_through_the_service(serve: Serve) -> None:
    with serve().client() as client:
        assert "No such payment intent" in client.get("/simulator/challenges/pi_nothing").text
        for path in ("/simulator/ledger", "/simulator/faults", "/v1/customers"):
            assert client.get(path).headers["content-type"] == "application/problem+json"


@pytest.mark.long
def test_what_is_asked_of_stripe_is_kept_over_a_restart(serve: Serve, folder: Path) -> None:
    first = serve()
    with first.client() as client:
        register(client)
        sign_in(client)
        client.post("/api/users/current/verify-payment", json={"paymentMethod": "pm_card_visa"})
        authorization = client.headers["Authorization"]
    first.stop()

    with serve().client() as client:
        client.headers["Authorization"] = authorization
        customer = client.get("/api/users/current/retrieve")

    assert customer.status_code == 200
    assert customer.json()["invoice_settings"]["default_payment_method"].startswith("pm_")
    assert (folder / "stripe-simulator.db").stat().st_mode & 0o077 == 0


@pytest.mark.long
def test_verifying_cards_is_limited(serve: Serve) -> None:
    with serve(ACCOUNTS_LIMITS="verify-card=1/hour").client() as client:
        register(client)
        sign_in(client)
        answers = [
            client.post("/api/users/current/verify-payment", json={"paymentMethod": card})
            for card in ("pm_card_visa", "pm_card_mastercard")
        ]

    assert [answer.status_code for answer in answers] == [200, 429]
    assert 3500 < int(answers[1].headers["retry-after"]) <= 3600


def test_other_machines_meet_pretended_payments_only_where_that_is_asked_for(run: Run, serve: Serve) -> None:
    refused = run("serve", "--host", "0.0.0.0", "--port", "0")

    assert refused.code == 1
    assert "ACCOUNTS_STRIPE_SIMULATOR=true" in refused.err
    served = serve("--host", "0.0.0.0", ACCOUNTS_STRIPE_SIMULATOR="true")
    with served.client() as client:
        assert client.get("/health/live").status_code == 200


def test_the_settings_are_in_force_and_those_without_effect_are_named(serve: Serve) -> None:
    served = serve(
        ACCOUNTS_MIN_PASSWORD_LENGTH="10",
        ACCOUNTS_CORS_ORIGINS="https://app.example.org",
        ACCOUNTS_STRIPE_PUBLISHABLE_KEY="pk_test_123",
    )
    with served.client() as client:
        registered = client.post("/api/auth/register", json={**JANE, "password": "swordfish?"})
        allowed = client.get("/health/live", headers={"Origin": "https://app.example.org"})
        other = client.get("/health/live", headers={"Origin": "https://evil.example.org"})

    assert registered.status_code == 201
    assert allowed.headers.get("access-control-allow-origin") == "https://app.example.org"
    assert "access-control-allow-origin" not in other.headers
    assert served.wait_for("^Without effect in this release: (.*)")[1] == "ACCOUNTS_STRIPE_PUBLISHABLE_KEY"


@pytest.mark.long
def test_a17_a_second_interruption_ends_what_is_under_way_with_a_503_and_no_traceback(
    serve: Serve, simulate: Serve
) -> None:
    stripe = simulate().url
    served = serve(ACCOUNTS_STRIPE_API_KEY="sk_test_any", ACCOUNTS_STRIPE_API_BASE=stripe)
    with served.client() as client, ThreadPoolExecutor() as pool:
        register(client)
        sign_in(client)
        httpx.post(f"{stripe}/simulator/faults", data={"on": "*", "kind": "hang", "times": "all"}, trust_env=False)
        waiting = pool.submit(client.post, "/api/users/current/verify-payment", json={"paymentMethod": "pm_card_visa"})
        sleep(1)  # the call is with Stripe by then
        served.process.send_signal(signal.SIGINT)
        url = httpx.URL(served.url)
        wait_until_nobody_listens(url.host, url.port or 0)
        code = served.stop(signal.SIGINT)
        answer = waiting.result()

    assert code == 0
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert [line for line in served.lines if "Traceback" in line] == []
    assert served.lines[-1] == "Stopped."


@pytest.mark.long
def test_a18_the_page_of_a_challenge_has_the_headers_of_the_services_pages(serve: Serve) -> None:
    with serve().client() as client:
        register(client)
        sign_in(client)
        asked = client.post(
            "/api/users/current/verify-payment",
            json={"paymentMethod": "pm_card_authenticationRequired", "returnUrl": "https://shop.example.org/back?a=1"},
        ).json()
        url = asked["nextAction"]["redirect_to_url"]["url"]
        page, service = client.get(url), client.get("/verify-email")
        refused = client.post(url, data={"outcome": "perhaps"})
        missing = client.get("/simulator/challenges/pi_nothing")
        aliased = client.get("/simulator/challenges//pi_nothing")
        answered = client.post(url, data={"outcome": "succeed"})

    (style,) = re.findall(r"<style>(.*?)</style>", page.text)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert page.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self' https://shop.example.org;"
        " base-uri 'none'; frame-ancestors 'none'"
    )
    protective = {name for name in service.headers if name not in {"content-type", "content-length", "date"}}
    for answer in (page, refused, missing, answered):
        assert protective <= set(answer.headers)
        assert {name: answer.headers[name] for name in protective - {"content-security-policy", "x-request-id"}} == {
            name: service.headers[name] for name in protective - {"content-security-policy", "x-request-id"}
        }
    assert (answered.status_code, aliased.status_code) == (303, 404)
    assert answered.headers["location"].startswith("https://shop.example.org/back?a=1&payment_intent=pi_")


@pytest.mark.long
def test_a17_several_processes_that_are_stopping_refuse_connections(
    serve: Serve, postgres_url: str, simulate: Serve
) -> None:
    """A request is under way, so that the processes are there for a while yet."""
    stripe = simulate().url
    served = serve(
        "--workers",
        "2",
        ACCOUNTS_DATABASE_URL=postgres_url,
        ACCOUNTS_STRIPE_API_KEY="sk_test_any",
        ACCOUNTS_STRIPE_API_BASE=stripe,
    )
    url = httpx.URL(served.url)
    with served.client() as client, ThreadPoolExecutor() as pool:
        register(client)
        sign_in(client)
        httpx.post(f"{stripe}/simulator/faults", data={"on": "*", "kind": "hang", "times": "all"}, trust_env=False)
        waiting = pool.submit(client.post, "/api/users/current/verify-payment", json={"paymentMethod": "pm_card_visa"})
        sleep(1)  # the call is with Stripe by then
        served.process.send_signal(signal.SIGTERM)
        wait_until_nobody_listens(url.host, url.port or 0)

        assert served.process.poll() is None
        assert not waiting.done()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((url.host, url.port or 0), timeout=1)
        assert waiting.result().status_code == 503
    assert served.end() == 0
    assert [line for line in served.lines if "Traceback" in line] == []
