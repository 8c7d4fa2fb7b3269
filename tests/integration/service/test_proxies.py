"""Limits by client over real sockets: a forged header dodges none, and behind a proxy each client has its own."""

from collections.abc import Iterator
from itertools import count

import httpx
import pytest
from tests.integration.cli.harness import Serve

from accounts_core.model.rate_limits import CLIENT, DEFAULT_RATE_LIMITS, RECOVERY

MOST = DEFAULT_RATE_LIMITS[RECOVERY][CLIENT].count


def tries(client: httpx.Client, forwarded: Iterator[str], times: int) -> list[int]:
    """Try a token that came by no mail, so often."""
    body = {"token": "acm_nothing", "password": "a long and quiet river"}
    return [
        client.post(
            "/api/auth/reset-password", json=body, headers={"X-Forwarded-For": next(forwarded), "X-Real-IP": "1.1.1.1"}
        ).status_code
        for _ in range(times)
    ]


def test_a_forged_header_dodges_no_limit(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")  # what the server's own way would have gone by
    with serve(ACCOUNTS_TRUSTED_PROXIES="10.0.0.0/8").client() as client:
        answers = tries(client, (f"198.51.100.{n}" for n in count(1)), MOST + 1)

    assert answers == [422] * MOST + [429]


def test_behind_a_trusted_proxy_each_client_is_counted_apart_by_what_the_proxy_tells(serve: Serve) -> None:
    served = serve(ACCOUNTS_TRUSTED_PROXIES="127.0.0.1")
    with served.client() as client:
        first = tries(client, (f"198.51.100.{n}, 192.0.2.1" for n in count(1)), MOST + 1)
        second = tries(client, (f"198.51.100.{n}, 192.0.2.2" for n in count(1)), 1)
        # one who has a whole network of IPv6 is one client
        third = tries(client, (f"2001:db8::{n:x}" for n in count(1)), MOST + 1)
    served.stop()

    assert first == [422] * MOST + [429]
    assert second == [422]
    assert third == [422] * MOST + [429]
    clients = [line["client"] for line in served.logged if line["logger"] == "accounts_http.access_log"]
    assert clients[: MOST + 2] == ["192.0.2.1"] * (MOST + 1) + ["192.0.2.2"]
    assert clients[-1] == f"2001:db8::{MOST + 1:x}"
