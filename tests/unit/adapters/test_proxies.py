"""Whose request it is, behind proxies: only what ours tell is believed, and only as far as they tell it."""

from ipaddress import ip_network
from typing import Any

import pytest

from accounts_http.proxies import MOST_HOPS, TrustedProxies

PROXIES = TrustedProxies([ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48"), ip_network("127.0.0.1")])
PROXY = "10.0.0.1"
CLIENT = "192.0.2.7"


def test_from_anybody_else_the_header_is_ignored() -> None:
    assert PROXIES.client("198.51.100.1", [CLIENT]) == "198.51.100.1"
    assert TrustedProxies([]).client(PROXY, [CLIENT]) == PROXY


@pytest.mark.parametrize("peer", [PROXY, "127.0.0.1", "2001:db8:ffff::1", "::ffff:10.0.0.1"])
def test_from_a_proxy_of_ours_it_is_believed(peer: str) -> None:
    assert PROXIES.client(peer, [CLIENT]) == CLIENT


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        # what a client sends stands before what the proxy adds
        (["1.1.1.1, 192.0.2.7"], CLIENT),
        (["10.9.9.9, 192.0.2.7"], CLIENT),
        (["127.0.0.1,192.0.2.7"], CLIENT),
        (["192.0.2.7, 10.0.0.2, 10.0.0.3"], CLIENT),
        (["1.1.1.1, 192.0.2.7, 10.0.0.2"], CLIENT),
        # several headers are one list
        (["1.1.1.1", CLIENT], CLIENT),
        ([CLIENT, "10.0.0.2"], CLIENT),
        # in every way of writing it
        (["192.0.2.7:51034"], CLIENT),
        (["  192.0.2.7\t"], CLIENT),
        (["::ffff:192.0.2.7"], CLIENT),
        (["[::ffff:192.0.2.7]:443"], CLIENT),
        (["2001:DB8::0:7"], "2001:db8::7"),
        (["[2001:db8::7]"], "2001:db8::7"),
        (["[2001:db8::7]:443"], "2001:db8::7"),
        # nobody but ours: the furthest
        (["10.0.0.9, 10.0.0.2"], "10.0.0.9"),
        # nothing, or nothing that says anything: the last who is known
        ([], PROXY),
        ([""], PROXY),
        (["192.0.2.7,"], PROXY),
        (["192.0.2.7, unknown"], PROXY),
        (["192.0.2.7, unknown, 10.0.0.2"], "10.0.0.2"),
        (["192.0.2.7, _hidden"], PROXY),
        (["192.0.2.300"], PROXY),
        (["192.0.2.7:"], PROXY),
        (["192.0.2.7:port"], PROXY),
        (["192.0.2.7:123456"], PROXY),
        (["192.0.2.7:\u0661"], PROXY),
        (["192.0.2.07"], PROXY),
        (["3221225991"], PROXY),
        (["[192.0.2.7]"], PROXY),
        (["[2001:db8::7"], PROXY),
        (["[2001:db8::7]443"], PROXY),
        (["2001:db8::7]"], PROXY),
        (["fe80::1%eth0"], PROXY),
        (["192.0.2.7\x00"], PROXY),
        (["192.0.2.7 10.0.0.2"], PROXY),
        (["a" * 100_000], PROXY),
        (["for=192.0.2.7"], PROXY),
    ],
)
def test_the_client_is_the_last_who_is_no_proxy_of_ours(forwarded: list[str], expected: str) -> None:
    assert PROXIES.client(PROXY, forwarded) == expected


def test_only_so_many_proxies_in_a_row_are_believed() -> None:
    ours = [f"10.0.0.{n}" for n in range(1, MOST_HOPS + 1)]

    assert PROXIES.client(PROXY, [", ".join([CLIENT, *ours[1:]])]) == CLIENT
    assert PROXIES.client(PROXY, [", ".join([CLIENT, *ours])]) == ours[0]
    assert PROXIES.client(PROXY, [",".join(["10.0.0.5"] * 10_000)]) == "10.0.0.5"


def scope(peer: str | None, *headers: tuple[str, str]) -> dict[str, Any]:
    return {
        "type": "http",
        "scheme": "http",
        "client": None if peer is None else (peer, 50_000),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }


def looked_through(made: dict[str, Any]) -> tuple[object, str]:
    PROXIES.apply(made)
    return made["client"], made["scheme"]


def test_a_request_through_a_proxy_has_its_clients_address_and_scheme() -> None:
    made = scope(PROXY, ("x-forwarded-for", "1.1.1.1"), ("x-forwarded-proto", "https"), ("x-forwarded-for", CLIENT))

    assert looked_through(made) == ((CLIENT, 0), "https")


def test_a_request_from_anybody_else_is_as_it_came() -> None:
    made = scope("198.51.100.1", ("x-forwarded-for", CLIENT), ("x-forwarded-proto", "https"))

    assert looked_through(made) == (("198.51.100.1", 50_000), "http")


@pytest.mark.parametrize(
    ("told", "expected"), [("http, https", "https"), ("HTTPS", "https"), ("javascript", "http"), ("", "http")]
)
def test_a_scheme_is_one_of_two(told: str, expected: str) -> None:
    assert looked_through(scope(PROXY, ("x-forwarded-proto", told))) == ((PROXY, 50_000), expected)


def test_other_headers_that_speak_of_clients_are_ignored() -> None:
    made = scope(PROXY, ("forwarded", f"for={CLIENT};proto=https"), ("x-real-ip", CLIENT), ("client-ip", CLIENT))

    assert looked_through(made) == ((PROXY, 50_000), "http")


def test_bytes_that_are_no_text_are_no_address() -> None:
    assert looked_through(scope(PROXY, ("x-forwarded-for", "\xff\xfe"))) == ((PROXY, 50_000), "http")


def test_a_request_without_an_address_stays_without() -> None:
    assert looked_through(scope(None, ("x-forwarded-for", CLIENT))) == (None, "http")
