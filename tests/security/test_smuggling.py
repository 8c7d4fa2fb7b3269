"""Case 56: what a proxy and the service could take for two different requests is refused, and the worker goes on.

Over raw sockets against `accounts serve`: a client library would mend, join or refuse most of this itself.
"""

import json

import pytest
from tests.integration.cli.harness import Served
from tests.integration.http.client import PROBLEM, URN
from tests.security.sockets import Address, exchange

GET = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
HIDDEN = b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"
"""Behind a body whose end is in doubt. Whoever gets two answers has smuggled it."""

LENGTH_IN_DOUBT = {
    "a length and a coding": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a coding and a length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}" + HIDDEN,
    "the same length twice": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + HIDDEN,
    "the same length twice in one": POST + b"Content-Length: 2, 2\r\n\r\n{}" + HIDDEN,
    "a negative length": POST + b"Content-Length: -2\r\n\r\n{}" + HIDDEN,
    "a length with a plus": POST + b"Content-Length: +2\r\n\r\n{}" + HIDDEN,
    "a hexadecimal length": POST + b"Content-Length: 0x2\r\n\r\n{}" + HIDDEN,
    "a length with an underscore": POST + b"Content-Length: 0_2\r\n\r\n{}" + HIDDEN,
    "a length with a space": POST + b"Content-Length: 0 2\r\n\r\n{}" + HIDDEN,
    "a length in fullwidth digits": POST + "Content-Length: \uff12\r\n\r\n{}".encode() + HIDDEN,
    "a length in Arabic digits": POST + "Content-Length: \u0662\r\n\r\n{}".encode() + HIDDEN,
    "an empty length": POST + b"Content-Length:\r\n\r\n{}" + HIDDEN,
    "a length of 26 digits": POST + b"Content-Length: 99999999999999999999999999\r\n\r\n{}" + HIDDEN,
    "a length that wraps round to 2": POST + b"Content-Length: 18446744073709551618\r\n\r\n{}" + HIDDEN,
    "two codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two codings in one": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a coding inside": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + HIDDEN,
    "a coding outside": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + HIDDEN,
    "another coding": POST + b"Transfer-Encoding: gzip\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + HIDDEN,
    "the coding identity": POST + b"Transfer-Encoding: identity\r\n\r\n{}" + HIDDEN,
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "an empty coding": POST + b"Transfer-Encoding:\r\n\r\n{}" + HIDDEN,
    "a coding in quotes": POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n' + HIDDEN,
    "a coding after a vertical tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a coding before a space and a colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a coding in HTTP/1.0": CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n" + HIDDEN,
}
BAD_CHUNKS = {
    "a negative size": b"-2\r\n{}\r\n0\r\n\r\n",
    "a size with a plus": b"+2\r\n{}\r\n0\r\n\r\n",
    "a size with 0x": b"0x2\r\n{}\r\n0\r\n\r\n",
    "a size of 17 digits": b"f0000000000000002\r\n{}\r\n0\r\n\r\n",
    "a size after a space": b" 2\r\n{}\r\n0\r\n\r\n",
    "a size before a space": b"2 \r\n{}\r\n0\r\n\r\n",
    "no size": b"\r\n{}\r\n0\r\n\r\n",
    "no size but an extension": b";a=b\r\n{}\r\n0\r\n\r\n",
    "an extension with a bare line feed": b"2;a\n{}\r\n0\r\n\r\n",
    "a size before a bare line feed": b"2\n{}\r\n0\r\n\r\n",
    "nothing after a chunk": b"2\r\n{}0\r\n\r\n",
    "a bare line feed after a chunk": b"2\r\n{}\n0\r\n\r\n",
    "more in a chunk than its size": b"2\r\n{}xx\r\n0\r\n\r\n",
    "a bare carriage return after a size": b"2\r{}\r\n0\r\n\r\n",
    "a trailer that is no header": b"2\r\n{}\r\n0\r\nnonsense\r\n\r\n",
    "a trailer with a space before its colon": b"2\r\n{}\r\n0\r\nX : y\r\n\r\n",
}
BAD_LINES = {
    "bare line feeds": b"GET /health/live HTTP/1.1\nHost: localhost\n\n",
    "a bare line feed between headers": GET.removesuffix(b"\r\n") + b"\nX: y\r\n\r\n",
    "a bare line feed at the end": GET + b"\n",
    "bare carriage returns": b"GET /health/live HTTP/1.1\rHost: localhost\r\r",
    "a bare carriage return in a value": GET + b"X: y\rAuthorization: z\r\n\r\n",
    "a folded value": GET + b"X: y\r\n z\r\n\r\n",
    "a folded first header": b"GET /health/live HTTP/1.1\r\n Host: localhost\r\n\r\n",
    "a space before a colon": GET + b"X : y\r\n\r\n",
    "a tab before a colon": GET + b"X\t: y\r\n\r\n",
    "a header without a colon": GET + b"nonsense\r\n\r\n",
    "a header without a name": GET + b": y\r\n\r\n",
    "NUL in a value": GET + b"X: a\x00b\r\n\r\n",
    "a control character in a value": GET + b"X: a\x01b\r\n\r\n",
    "NUL in a name": GET + b"X\x00: y\r\n\r\n",
    "a name beyond ASCII": GET + b"X\xc3\xa9: y\r\n\r\n",
    "a space before the method": b" " + GET + b"\r\n",
    "a space in the target": b"GET /health/live x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "NUL in the target": b"GET /health/\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a byte beyond ASCII in the target": b"GET /health/\xe9 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a fragment in the target": b"GET /health/live#x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a target without a slash": b"GET health/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a target of 70,000 bytes": b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "an unknown method": b"FETCH /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a method in small letters": b"get /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a tunnel": b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "HTTP/0.9": b"GET /health/live\r\n\r\n",
    "HTTP/1.2": b"GET /health/live HTTP/1.2\r\nHost: localhost\r\n\r\n",
    "HTTP/2.0 in the words of 1.1": b"GET /health/live HTTP/2.0\r\nHost: localhost\r\n\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "http in small letters": b"GET /health/live http/1.1\r\nHost: localhost\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "101 headers": GET + b"".join(b"X-%d: y\r\n" % n for n in range(100)) + b"\r\n",
    "33,000 bytes of headers": GET + b"X: " + b"y" * 33_000 + b"\r\n\r\n",
}
HOST_IN_DOUBT = {
    "no Host": b"GET /health/live HTTP/1.1\r\n\r\n",
    "an empty Host": b"GET /health/live HTTP/1.1\r\nHost:\r\n\r\n",
    "two Hosts": GET + b"Host: evil.example\r\n\r\n",
    "one Host twice": GET + b"Host: localhost\r\n\r\n",
    "two Hosts in other letters": GET + b"hOST: evil.example\r\n\r\n",
    "two Hosts in one": b"GET /health/live HTTP/1.1\r\nHost: localhost, evil.example\r\n\r\n",
    **{
        f"the Host {host.decode('latin-1')}": b"GET /health/live HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"
        for host in (
            *(b"a b", b"user@localhost", b"localhost/x", b"localhost?x", b"localhost#x", b"[", b"a:b", b"\xe9"),
            *(b"localhost:65536", b"[:::]", b"[1.2.3.4]", b"[::1]:99999"),
        )
    },
    "a Host of HTTP/1.0 that is none": b"GET /health/live HTTP/1.0\r\nHost: [:::]\r\n\r\n",
    "another Host in the target": b"GET http://evil.example/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "another port in the target": b"GET http://localhost:81/health/live HTTP/1.1\r\nHost: localhost:80\r\n\r\n",
    "a user in the target": b"GET http://localhost@evil.example/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "another scheme in the target": b"GET file://evil.example/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
}
AMBIGUOUS = {
    **LENGTH_IN_DOUBT,
    **{f"chunks: {why}": CHUNKED + chunks + HIDDEN for why, chunks in BAD_CHUNKS.items()},
    **BAD_LINES,
    **HOST_IN_DOUBT,
    "two Authorizations": GET + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
    "one Authorization twice": GET + b"Authorization: Bearer a\r\nauthorization: Bearer a\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_what_can_be_read_in_two_ways_is_refused_once_and_the_connection_ends(
    address: Address, request_bytes: bytes
) -> None:
    refused = exchange(address, request_bytes, answers=2)

    assert [answer.status for answer in refused.answers] == [400]
    assert refused.was_closed
    (answer,) = refused.answers
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["connection"] == "close"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers
    assert answer.json["type"] == URN + "malformed-request"
    assert exchange(address, GET + b"\r\n").answers[0].status == 200


def test_what_is_refused_on_the_wire_is_logged(address: Address, served: Served) -> None:
    exchange(address, b"GET / HTTP/9.9\r\n\r\n")

    told = json.loads(served.wait_for("The HTTP guard refused a request").string)

    assert (told["problem"], told["client"], told["level"]) == ("malformed-request", "127.0.0.1", "info")


def test_what_is_refused_is_not_done(address: Address) -> None:
    """Neither what the beginning of a body says, nor what a call does that reads nothing of it."""
    person = b'{"email": "jane@example.org", "password": "a long and quiet river"'
    sign_up = POST.replace(b"login", b"register") + b"Content-Length: %d\r\n\r\n"
    exchange(address, sign_up % len(person + b', "name": "Jane"}') + person + b', "name": "Jane"}')
    (signed_in,) = exchange(address, POST + b"Content-Length: %d\r\n\r\n" % len(person + b"}") + person + b"}").answers
    token = b"Authorization: Bearer %s\r\n" % signed_in.json["access_token"].encode()
    under_token = CHUNKED.removesuffix(b"\r\n") + token + b"\r\n"

    for call, body in ((b"PUT /api/v1/user", b'{"name": "Evil"}'), (b"POST /api/auth/logout", b"{}")):
        start = under_token.replace(b"POST /api/auth/login", call) + b"%x\r\n%s\r\n" % (len(body), body)
        for end in (b"0\r\nnonsense\r\n\r\n", b"0x\r\n\r\n", b"-0\r\n\r\n", b"\n\n", b"0\n\n"):
            refused = exchange(address, start, end, answers=2)
            assert [answer.status for answer in refused.answers] == [400]

    (answer,) = exchange(address, GET.replace(b"/health/live", b"/api/v1/user") + token + b"\r\n").answers
    assert answer.json["data"]["name"] == "Jane"


@pytest.mark.parametrize("size", [1, 7])
def test_in_whatever_pieces_it_comes_the_refusal_is_the_same(address: Address, size: int) -> None:
    for why in ("a length and a coding", "chunks: a size with 0x", "two Hosts", "a bare line feed between headers"):
        whole = AMBIGUOUS[why]
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]

        refused = exchange(address, *pieces, answers=2)

        assert ([answer.status for answer in refused.answers], refused.was_closed) in (([400], True), ([], True)), why


def test_a_second_request_inside_a_body_is_a_part_of_the_body(address: Address) -> None:
    body = HIDDEN
    request = POST.replace(b"application/json", b"text/plain") + b"Content-Length: %d\r\n\r\n" % len(body) + body

    found = exchange(address, request, GET + b"Connection: close\r\n\r\n", answers=3)

    assert [answer.status for answer in found.answers] == [415, 200]


@pytest.mark.parametrize("bad", ["a bare line feed between headers", "a length and a coding", "two Hosts", "TLS"])
def test_a_refusal_never_passes_for_the_answer_to_an_earlier_request(address: Address, bad: str) -> None:
    """Requests that are sent without waiting are answered in their order, or not at all."""
    for before in (1, 2, 5):
        found = exchange(address, (GET + b"\r\n") * before + AMBIGUOUS[bad], answers=before + 2)

        statuses = [answer.status for answer in found.answers]
        assert statuses == ([200] * before + [400])[: len(statuses)]
        assert found.was_closed


def test_what_follows_the_last_request_of_a_connection_is_not_answered(address: Address) -> None:
    found = exchange(address, GET + b"Connection: close\r\n\r\n" + HIDDEN, answers=2)

    assert ([answer.status for answer in found.answers], found.was_closed) == ([200], True)


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"TLS/1.3"])
def test_another_protocol_is_not_spoken_and_what_was_sent_for_it_is_no_request(
    address: Address, protocol: bytes
) -> None:
    request = GET + b"Connection: Upgrade\r\nUpgrade: " + protocol + b"\r\n\r\n"

    found = exchange(address, request + HIDDEN, answers=2)

    assert [(answer.status, answer.headers.get("connection")) for answer in found.answers] == [(200, "close")]
    assert found.was_closed
    for follows in (HIDDEN * 100, b"x" * 100_000 + HIDDEN):
        found = exchange(address, request + follows, answers=2)

        # what is still on its way when the connection ends may take the answer along
        assert [answer.status for answer in found.answers] in ([200], [])
        assert found.was_closed


def test_what_comes_after_the_body_is_no_header(address: Address) -> None:
    """A proxy that checks headers does not see trailers, so they must not pass for any."""
    for trailer in (b"Host: evil.example", b"Content-Type: text/plain", b"Authorization: Bearer x", b"X: y"):
        found = exchange(address, CHUNKED + b"2\r\n{}\r\n0\r\n" + trailer + b"\r\n\r\n" + GET + b"\r\n", answers=2)

        assert [answer.status for answer in found.answers] == [422, 200], trailer

    typeless = CHUNKED.replace(b"Content-Type: application/json\r\n", b"")
    found = exchange(address, typeless + b"2\r\n{}\r\n0\r\nContent-Type: application/json\r\n\r\n")
    assert found.answers[0].status == 415


def test_what_the_protocol_allows_is_answered(address: Address) -> None:
    for request in (
        GET + b"\r\n",
        b"\r\n" + GET + b"\r\n",
        b"GET /health/live HTTP/1.0\r\n\r\n",
        b"GET http://localhost/health/live HTTP/1.1\r\nHost: LOCALHOST\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nhOsT: accounts.example.org:8443\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost:\t localhost \t\r\n\r\n",
    ):
        assert exchange(address, request).answers[0].status == 200, request
    for chunks in (b"2;name=value\r\n{}\r\n0\r\n\r\n", b"0002\r\n{}\r\n0\r\n\r\n", b"1\r\n{\r\n1\r\n}\r\n0;x\r\n\r\n"):
        assert exchange(address, CHUNKED + chunks).answers[0].status == 422, chunks
