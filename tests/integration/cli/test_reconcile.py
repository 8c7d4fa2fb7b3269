"""`accounts cards reconcile`, against a server that speaks Stripe's API."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.integration.cli.harness import PASSWORD, Run, Serve, create

KEY = "sk_test_any"


class Stripe:
    """The simulator, as somebody with its dashboard uses it."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def post(self, path: str, **data: str) -> str:
        answer = self._http.post(path, data=data)
        assert answer.status_code == 200, answer.text
        made: str = answer.json()["id"]
        return made

    def get(self, path: str) -> dict[str, Any]:
        answer = self._http.get(path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def delete(self, path: str) -> None:
        assert self._http.delete(path).status_code == 200


@pytest.fixture
def stripe(simulate: Serve, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stripe]:
    simulator = simulate()
    monkeypatch.setenv("ACCOUNTS_STRIPE_API_KEY", KEY)
    monkeypatch.setenv("ACCOUNTS_STRIPE_API_BASE", simulator.url)
    with httpx.Client(base_url=simulator.url, headers={"authorization": f"Bearer {KEY}"}, trust_env=False) as http:
        yield Stripe(http)


@pytest.fixture
def customer(stripe: Stripe, run: Run, serve: Serve) -> str:
    """Jane's customer, with one verified card."""
    assert run("migrate").code == 0
    assert create(run).code == 0
    served = serve()
    with served.client() as client:
        proof = {"email": "jane@example.org", "password": PASSWORD}
        token = client.post("/api/auth/login", json=proof).json()["access_token"]
        client.headers["authorization"] = f"Bearer {token}"
        card = {"paymentMethod": "pm_card_visa"}
        assert client.post("/api/users/current/verify-payment", json=card).json() == {"status": "ok"}
        found: str = client.get("/api/users/current/retrieve").json()["id"]
    assert served.stop() == 0
    return found


@pytest.mark.long
def test_where_nothing_differs_it_says_so(customer: str, run: Run) -> None:
    ran = run("cards", "reconcile")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "Compared 1 billed user, 1 customer and 0 open holds: 0 differences.\n"


@pytest.mark.long
def test_a_dry_run_tells_and_changes_nothing_and_the_next_run_repairs(customer: str, stripe: Stripe, run: Run) -> None:
    stripe.post(f"/v1/customers/{customer}", **{"invoice_settings[default_payment_method]": ""})

    told = run("cards", "reconcile", "--dry-run")
    repaired = run("cards", "reconcile")

    assert (told.code, repaired.code) == (1, 0)
    assert told.out.splitlines()[0].split() == ["DIFFERENCE", "USER", "AT", "THE", "PROVIDER", "STATUS", "DETAIL"]
    assert f"differing default  1     {customer}  to repair" in told.out
    assert f"differing default  1     {customer}  repaired" in repaired.out
    assert run("cards", "reconcile").out.endswith("0 differences.\n")


@pytest.mark.long
def test_as_json_it_can_be_read_by_a_program(customer: str, stripe: Stripe, run: Run) -> None:
    stripe.delete(f"/v1/customers/{customer}")

    found = json.loads(run("cards", "reconcile", "--dry-run", "--json").out)

    assert found["is_clean"] is False
    assert found["drifts"] == [
        {
            "kind": "lost customer",
            "subject": customer,
            "user_id": 1,
            "repair": "to repair",
            "detail": "cards that went with it: 1",
        }
    ]


@pytest.mark.long
def test_a_provider_that_is_away_is_said(customer: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNTS_STRIPE_API_BASE", "http://127.0.0.1:9")

    ran = run("cards", "reconcile")

    assert ran.code == 1
    assert "The payment provider did not answer, so this list is incomplete: Provider" in ran.out
    assert KEY not in ran.out + ran.err


@pytest.mark.long
def test_a_default_that_is_managed_elsewhere_is_told_and_left_alone(customer: str, stripe: Stripe, run: Run) -> None:
    """F7."""
    account = stripe.post("/v1/payment_methods", type="us_bank_account")
    stripe.post(f"/v1/payment_methods/{account}/attach", customer=customer)
    stripe.post(f"/v1/customers/{customer}", **{"invoice_settings[default_payment_method]": account})

    for _ in range(2):
        ran = run("cards", "reconcile", "--json")
        (drift,) = json.loads(ran.out)["drifts"]
        assert (ran.code, ran.err) == (1, "")
        assert drift == {
            "kind": "default is managed elsewhere",
            "subject": customer,
            "user_id": 1,
            "repair": "left alone",
            "detail": f"{account} there",
        }


@pytest.mark.long
def test_a_subscription_stands_against_deleting_its_user(customer: str, stripe: Stripe, run: Run) -> None:
    """F13."""
    subscription = stripe.post("/v1/subscriptions", customer=customer, **{"items[0][price]": "price_gold"})

    refused = run("users", "delete", "jane@example.org", "--yes")

    assert (refused.code, refused.err) == (
        1,
        "accounts: The account cannot be deleted while it has: subscriptions.\n",
    )
    assert "  destroyed: accounts 0," in refused.out
    assert "subscriptions 1" in refused.out
    assert "  blocked by: subscriptions\n" in refused.out
    assert run("users", "show", "jane@example.org").code == 0

    stripe.delete(f"/v1/subscriptions/{subscription}")

    assert run("users", "delete", "jane@example.org", "--yes").code == 0
    assert stripe.get(f"/v1/customers/{customer}")["deleted"] is True


@pytest.mark.long
def test_a_customer_is_kept_without_personal_data_where_that_is_set(
    customer: str, stripe: Stripe, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F13."""
    monkeypatch.setenv("ACCOUNTS_CUSTOMER_DELETION", "keep")
    subscription = stripe.post("/v1/subscriptions", customer=customer, **{"items[0][price]": "price_gold"})
    stripe.post(f"/v1/customers/{customer}", phone="+39 1", **{"shipping[name]": "Jane", "metadata[order]": "5"})

    ran = run("users", "delete", "jane@example.org", "--yes")

    assert (ran.code, ran.err) == (0, "")
    assert "kept, without an author: interactions 0, subscriptions 1\n" in ran.out
    kept = stripe.get(f"/v1/customers/{customer}")
    assert {kept[name] for name in ("name", "email", "phone", "address", "shipping", "description")} == {None}
    assert kept["metadata"] == {"order": "5"}
    assert stripe.get(f"/v1/customers/{customer}/payment_methods")["data"] == []
    assert stripe.get(f"/v1/subscriptions/{subscription}")["status"] == "active"


@pytest.mark.long
def test_while_stripe_is_away_a_user_with_a_customer_stays(
    customer: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCOUNTS_STRIPE_API_BASE", "http://127.0.0.1:9")

    ran = run("users", "delete", "jane@example.org", "--yes")

    assert ran.code == 1
    assert ran.err.startswith("accounts: ")
    assert run("users", "show", "jane@example.org").code == 0
