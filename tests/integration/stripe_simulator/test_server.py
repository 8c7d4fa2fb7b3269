"""The simulator as a server of its own: over a socket, in a process that can be killed."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from accounts_stripe_simulator import State

SERVER = """
import sys
from accounts_stripe_simulator import Simulator, State, serve
from accounts_system import SystemClock, SystemSecrets

path, webhook_url = sys.argv[1:]
simulator = Simulator(SystemClock(), SystemSecrets(), state=State.open(path), webhook_secret="whsec_test")
serve(simulator, 0, webhook_url=webhook_url or None, announce=lambda url: print(url, flush=True))
simulator.close()
"""
# the SDK hands its body to httpx in a way that httpx warns of, and takes the warning for a broken connection
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

Start = Callable[..., "Server"]


class Server:
    """A running simulator."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.process = process
        self.url = process.stdout.readline().strip()
        self.transport = stripe.HTTPXClient(timeout=20, allow_sync_methods=True)
        self.client = stripe.StripeClient("sk_test_x", http_client=self.transport, base_addresses={"api": self.url})

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        code = self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def hold(self, card: str = "pm_card_visa", key: str | None = None, **params: Any) -> stripe.PaymentIntent:
        request: Any = {
            "amount": 100,
            "currency": "usd",
            "payment_method": card,
            "capture_method": "manual",
            "confirm": True,
            **params,
        }
        return self.client.v1.payment_intents.create(request, {"idempotency_key": key} if key else {})

    def ledger(self) -> Any:
        return httpx.get(f"{self.url}/simulator/ledger").json()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    servers: list[Server] = []

    def start(webhook_url: str = "") -> Server:
        command = [sys.executable, "-c", SERVER, str(tmp_path / "stripe.db"), webhook_url]
        servers.append(Server(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)))
        return servers[-1]

    yield start
    for server in servers:
        server.transport.close()  # type: ignore[no-untyped-call]  # the SDK's
        if server.process.poll() is None:
            server.stop(signal.SIGKILL)


def test_the_sdk_reaches_it_over_a_socket(start: Start) -> None:
    server = start()
    held = server.hold()

    assert held.status == "requires_capture"
    assert server.ledger()["open_holds"] == [held.id]
    assert server.client.v1.payment_intents.cancel(held.id).status == "canceled"
    assert server.ledger()["open_holds"] == []


def test_a_lost_answer_ends_the_connection_and_the_key_finds_it_again(start: Start) -> None:
    server = start()
    httpx.post(f"{server.url}/simulator/faults", data={"on": "POST /v1/payment_intents", "kind": "lose_answer"})

    with pytest.raises(stripe.APIConnectionError):
        server.hold(key="v1:hold")

    assert server.ledger()["open_holds"] == [server.hold(key="v1:hold").id]


def test_a_request_that_hangs_does_not_stop_the_others(start: Start) -> None:
    server = start()
    httpx.post(f"{server.url}/simulator/faults", data={"on": "GET /v1/customers", "kind": "hang"})

    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{server.url}/v1/customers", headers={"Authorization": "Bearer sk_test_x"}, timeout=0.3)

    assert server.hold().status == "requires_capture"


def test_a_person_can_answer_a_challenge_in_a_browser(start: Start) -> None:
    server = start()
    asked = server.hold("pm_card_authenticationRequired", return_url="https://shop.example/back")
    assert asked.next_action is not None
    assert asked.next_action.redirect_to_url is not None
    url = asked.next_action.redirect_to_url.url
    assert url is not None

    assert "It is me" in httpx.get(url).text
    answer = httpx.post(url, data={"outcome": "succeed"})

    assert answer.headers["location"].startswith("https://shop.example/back?payment_intent=")
    assert server.client.v1.payment_intents.retrieve(asked.id).status == "requires_capture"


def test_what_was_answered_outlives_a_killed_process(start: Start) -> None:
    first = start()
    held = first.hold(key="v1:hold")
    first.stop(signal.SIGKILL)

    second = start()

    assert second.ledger()["open_holds"] == [held.id]
    assert second.hold(key="v1:hold").id == held.id


def test_two_processes_may_share_one_file(start: Start, tmp_path: Path) -> None:
    servers = [start(), start()]

    with ThreadPoolExecutor(4) as pool:
        held = list(pool.map(lambda number: servers[number % 2].hold(key=f"v{number // 2}:hold").id, range(20)))

    assert len(set(held)) == 10
    assert servers[0].ledger()["open_holds"] == servers[1].ledger()["open_holds"]
    State.open(tmp_path / "stripe.db").close()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_in_order_when_it_is_told_to(how: signal.Signals, start: Start) -> None:
    server = start()
    server.hold()  # by then it listens to signals

    assert server.stop(how) == 0


def test_events_are_posted_until_they_are_taken(start: Start) -> None:
    taken: list[tuple[str, bytes]] = []
    arrived = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((self.headers["Stripe-Signature"], body))
            self.send_response(200)
            self.end_headers()
            arrived.set()

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as receiver:
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        try:
            server = start(f"http://127.0.0.1:{receiver.server_port}/webhooks/stripe")
            server.hold()
            assert arrived.wait(10)
            server.stop()
        finally:
            receiver.shutdown()
            thread.join()
    signature, body = taken[0]
    assert stripe.Webhook.construct_event(body, signature, "whsec_test").type == json.loads(body)["type"]
    assert len(taken) == 1
