"""`examples/cards.sh`: the story of somebody's cards with curl, in two currencies."""

import socket
import subprocess
from pathlib import Path

import httpx
import pytest
from tests.integration.cli.harness import Serve

CARDS = Path(__file__).resolve().parents[3] / "examples/cards.sh"
YEN = {"ACCOUNTS_CURRENCY": "jpy", "ACCOUNTS_VERIFICATION_AMOUNTS": "jpy=150"}


@pytest.mark.parametrize("settings", [pytest.param({}, id="usd"), pytest.param(YEN, id="jpy", marks=pytest.mark.long)])
def test_the_story_of_the_cards_gets_every_expected_answer(settings: dict[str, str], serve: Serve) -> None:
    served = serve(**settings)

    told = subprocess.run([CARDS, served.url], check=False, text=True, capture_output=True, timeout=120)

    assert told.stderr == ""
    assert told.returncode == 0, told.stdout
    assert told.stdout.endswith("The story of the cards is done.\n")
    assert "it is Jane" in told.stdout
    assert served.stop() == 0
    assert [line for line in served.lines if "ERROR" in line] == []


@pytest.mark.long
def test_it_is_the_same_with_a_server_that_speaks_stripes_api_and_sends_webhooks(
    serve: Serve, simulate: Serve, folder: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    simulator = simulate("--webhook-url", f"http://127.0.0.1:{port}/webhooks/stripe", "--webhook-secret", "whsec_mine")
    served = serve(
        "--port",
        str(port),
        ACCOUNTS_STRIPE_API_KEY="sk_test_any",
        ACCOUNTS_STRIPE_API_BASE=simulator.url,
        ACCOUNTS_STRIPE_WEBHOOK_SECRET="whsec_mine",
    )

    told = subprocess.run([CARDS, served.url], check=False, text=True, capture_output=True, timeout=120)

    assert (told.stderr, told.returncode) == ("", 0)
    assert "it is Jane" in told.stdout
    books = httpx.get(f"{simulator.url}/simulator/ledger").json()
    assert (books["open_holds"], books["captured"], books["is_violated"]) == ([], {}, False)
    assert not (folder / "stripe-simulator.db").exists()
