"""Bad input to every call that the OpenAPI document lists: the documented problem, never a 5xx, nothing written.

The calls are read from the document, so a new one is covered as soon as it is there.
"""

import json
from collections.abc import Iterator
from typing import Any

import attrs
import httpx
import pytest
from tests.integration.http.client import FORM, JSON, PASSWORD, PROBLEM, Client, in_chunks
from tests.integration.http.openapi import Operation, operations
from tests.integration.http.service import Populated

NOBODYS_IDS = [
    "0",
    "-1",
    "+1",
    "01",
    "9223372036854775807",
    "9" * 30,
    "nope",
    "pm_nope",
    "%00",
    "%ff",
    "a%2fb",
    "%EF%BC%91",
]
BAD_TOKENS = ["x", "acc_" + "0" * 49, "\xe9", "a b", "acc_" + "0" * 10_000]
TOO_LARGE = b'{"name": "' + b"x" * 16_384 + b'"}'
DEEP = b'{"name": ' + b"[" * 4_000 + b"]" * 4_000 + b"}"


@attrs.frozen
class Bad:
    """A bad request to one call, and the status that it has to get."""

    why: str
    status: int
    how: dict[str, Any] = attrs.field(factory=dict)
    fields: set[str] | None = None
    method: str | None = None
    path: str | None = None
    token: str | None = "good"


def body(content: bytes, media_type: str = JSON) -> dict[str, Any]:
    return {"content": content, "headers": {"content-type": media_type}}


def about_tokens(operation: Operation) -> Iterator[Bad]:
    if not operation.needs_token:
        return
    yield Bad("no token", 401, token=None)
    yield Bad("another scheme", 401, {"headers": {"Authorization": "Basic amFuZTpkb2U="}}, token=None)
    yield Bad("an empty token", 401, {"headers": {"Authorization": "Bearer "}}, token=None)
    for token in BAD_TOKENS:
        yield Bad(
            f"the token {token[:20]!r}",
            401,
            {"headers": {"Authorization": f"Bearer {token}".encode("latin-1")}},
            token=None,
        )
    yield Bad("a token in the address", 401, {"params": {"access_token": "good"}}, token=None)


def about_addresses(operation: Operation) -> Iterator[Bad]:
    for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "TRACE"} - operation.methods_here_with_head:
        yield Bad(f"the method {method}", 405, method=method)
    if "{" in operation.path:
        for nobodys in NOBODYS_IDS:
            yield Bad(
                f"the id {nobodys}",
                404,
                {"json": operation.good_body()} if operation.takes_body else {},
                path=operation.path_with(nobodys),
            )
    if operation.is_paged:
        for query in [
            "limit=0",
            "limit=201",
            "limit=x",
            "limit=-1",
            "limit=1e1",
            "limit=",
            "limit=1&limit=2",
            "limit=%D9%A1",
        ]:
            yield Bad(query, 422, {"params": httpx.QueryParams(query)}, {"limit"})
        for query in ["before=%00", "before=", "before=a/b", "before=1&before=2", "before=" + "9" * 300]:
            yield Bad(query[:20], 422, {"params": httpx.QueryParams(query)}, {"before"})


def about_raw_bodies(operation: Operation) -> Iterator[Bad]:
    if not operation.takes_any_bytes:
        return
    too_large = b"x" * (1024 * 1024 + 1)
    yield Bad("nothing at all", 400)
    for media_type in [JSON, FORM, "text/plain", ""]:
        yield Bad(f"unsigned, of the type {media_type!r}", 400, body(b"{}", media_type))
        yield Bad(f"too large, of the type {media_type!r}", 413, body(too_large, media_type))
    yield Bad("too large, in chunks", 413, {"content": in_chunks(too_large[:600_000], too_large[:600_000])})
    for header in ["", "t=", "t=1,v1=", "t=1,v1=0", "t=9,t=9,v1=0", "v1=0", "\xe9", "t=" + "9" * 8_000]:
        yield Bad(
            f"signed {header[:20]!r}",
            400,
            {"content": b"{}", "headers": {"stripe-signature": header.encode("latin-1")}},
        )


def about_bodies(operation: Operation) -> Iterator[Bad]:
    if not operation.takes_body:
        return
    good = operation.good_body()
    name = next(iter(good), "name")
    yield Bad("too large", 413, body(TOO_LARGE))
    yield Bad(
        "too large, in chunks", 413, {"content": in_chunks(*[TOO_LARGE[:9_000]] * 2), "headers": {"content-type": JSON}}
    )
    yield Bad("too large a form", 413, body(b"name=" + b"x" * 16_384, FORM))
    for media_type in [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/xml",
        f"{JSON}; charset=latin-1",
        f"{JSON}, {FORM}",
        "",
    ]:
        yield Bad(f"the type {media_type!r}", 415, body(json.dumps(good).encode() or b"{}", media_type))
    yield Bad("no type", 415, {"content": b"{}"})
    yield Bad("compressed", 415, {"content": b"{}", "headers": {"content-type": JSON, "content-encoding": "gzip"}})
    for label, content in {
        "not UTF-8": b'{"name": "\xff"}',
        "UTF-16": '{"name": "x"}'.encode("utf-16"),
        "a byte order mark": b'\xef\xbb\xbf{"name": "x"}',
        "cut off": b'{"name": ',
        "two documents": b"{}{}",
        "a trailing comma": b'{"name": "x",}',
        "single quotes": b"{'name': 'x'}",
        "no number": b'{"name": NaN}',
        "infinity": b'{"name": -Infinity}',
        "a number without end": b'{"name": ' + b"9" * 5_000 + b"}",
        "a key twice": f'{{"{name}": "x", "{name}": "y"}}'.encode(),
        "a key twice, once escaped": f'{{"{name}": "x", "\\u{ord(name[0]):04x}{name[1:]}": "y"}}'.encode(),
        "a key twice, further in": b'{"name": {"a": 1, "a": 2}}',
        "deep": DEEP,
        "deep, and cut off": b"[" * 16_000,
        "half a surrogate pair": b'{"name": "\\ud800"}',
        "half a surrogate pair as a key": b'{"\\udfff": "x"}',
        "the other half first": b'{"name": "\\udc00\\ud800"}',
        "a bare NUL": b'{"name": "\x00"}',
    }.items():
        yield Bad(label, 400, body(content))
    for label, content in {
        "a form that is not UTF-8": b"name=\xff",
        "a form that is not UTF-8 inside": b"name=%ff",
        "a form with a field twice": f"{name}=x&{name}=y".encode(),
        "a form with a field twice, once encoded": f"{name}=x&%{ord(name[0]):02x}{name[1:]}=y".encode(),
        "a form without values": b"name",
        "a form of too many fields": b"&".join(b"f%d=1" % n for n in range(1_000)),
    }.items():
        yield Bad(label, 400, body(content, FORM))
    for label, content in {
        "an array": b"[]",
        "null": b"null",
        "text": b'"x"',
        "a number": b"1",
        "a bool": b"true",
    }.items():
        yield Bad(f"{label} for the body", 422, body(content))
    for unknown in ["is_superuser", "id", "_id", "role", "__proto__", "", "x\\u0000y"]:
        yield Bad(f"the unknown field {unknown!r}", 422, body(json.dumps({**good, unknown: 1}).encode()))
    yield Bad(
        "an unknown field in a form",
        422,
        {"form": {**{k: str(v) for k, v in good.items()}, "is_superuser": "1"}},
        {"is_superuser"},
    )


def about_fields(operation: Operation) -> Iterator[Bad]:
    if operation.takes_any_bytes:
        return
    good = operation.good_body()
    if operation.required:
        yield Bad("nothing at all", 422, {}, operation.required)
        yield Bad("an empty object", 422, body(b"{}"), operation.required)
        yield Bad("an empty form", 422, body(b"", FORM), operation.required)
    for field, kind in operation.fields.items():
        wrong: list[Any] = [
            *([] if field in operation.nullable else [None]),
            True,
            [],
            ["x"],
            {},
            {"x": "y"},
            1.5,
            *(["x", "1", "", 0, -1, 2**63] if kind == "integer" else [7, 2**70]),
        ]
        for value in wrong:
            yield Bad(f"{field}: {value!r}", 422, {"json": {**good, field: value}}, {field})
        yield Bad(f"{field}: NUL", 422, {"json": {**good, field: "a\0b"}}, {field})
        yield Bad(
            f"{field}: NUL in a form", 422, {"form": {**{k: str(v) for k, v in good.items()}, field: "a\0b"}}, {field}
        )


def bad_requests(operation: Operation) -> Iterator[Bad]:
    yield from about_tokens(operation)
    yield from about_addresses(operation)
    yield from about_raw_bodies(operation)
    yield from about_bodies(operation)
    yield from about_fields(operation)


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_bad_input_gets_the_documented_problem_and_writes_nothing(populated: Populated, operation: Operation) -> None:
    before = populated.service.dump()
    failures = []

    for bad in bad_requests(operation):
        client = populated.service.api if bad.token is None else populated.jane
        method, path = bad.method or operation.method, bad.path or operation.path_with(populated.ids)
        answer = client.call(method, path, **bad.how)
        failures += [f"{bad.why}: {fault}" for fault in faults(operation, bad, answer)]

    assert not failures, "\n".join(failures)
    assert populated.service.dump() == before


def faults(operation: Operation, bad: Bad, answer: httpx.Response) -> Iterator[str]:
    """Say what is wrong with an answer to a bad request."""
    if answer.status_code != bad.status:
        yield f"expected {bad.status}, got {answer.status_code} {answer.text}"
        return
    if bad.method == "HEAD":
        return  # the answer to a HEAD has no body to look at
    if answer.headers["content-type"] != PROBLEM or answer.json()["status"] != bad.status:
        yield f"no problem document: {answer.text}"
    if bad.status == 405:
        if not operation.methods_here_with_head <= set(answer.headers["allow"].split(", ")):
            yield f"Allow: {answer.headers.get('allow')}"
    elif bad.status not in operation.statuses:
        yield f"{bad.status} is not in the document"
    if answer.headers["cache-control"] != "no-store" or answer.headers["x-content-type-options"] != "nosniff":
        yield "protective headers are missing"
    if bad.status == 401 and not answer.headers["www-authenticate"].startswith("Bearer"):
        yield "no challenge"
    if bad.fields is not None and not bad.fields <= set(answer.json()["errors"]):
        yield f"expected errors of {bad.fields}, got {answer.json()['errors']}"


@pytest.mark.parametrize("operation", [o for o in operations() if o.method == "GET"], ids=str)
def test_a_body_that_a_read_does_not_take_is_ignored(populated: Populated, operation: Operation) -> None:
    path = operation.path_with(populated.ids)
    expected = populated.jane.get(path)

    for how in (body(DEEP), body(TOO_LARGE, "text/plain"), {"content": in_chunks(b"\xff" * 20_000)}):
        answer = populated.jane.get(path, **how)
        assert (answer.status_code, answer.content) == (expected.status_code, expected.content)


@pytest.mark.parametrize("token", ["", "Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(populated: Populated, token: str) -> None:
    answer = populated.service.api.get("/api/v1/user", headers={"Authorization": f"{token} {populated.jane.token}"})

    assert answer.status_code == (200 if token else 401)


def test_the_challenge_says_whether_a_token_was_sent(populated: Populated) -> None:
    bare = populated.service.api.get("/api/v1/user")
    wrong = populated.service.api.get("/api/v1/user", headers={"Authorization": "Bearer nonsense"})

    assert bare.headers["www-authenticate"] == "Bearer"
    assert wrong.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_percent_signs_and_pluses_in_a_form_mean_what_forms_mean(populated: Populated) -> None:
    api: Client = populated.service.api
    password = "100% + a ü & more than that"
    form = httpx.QueryParams({"email": "form@example.org", "password": password, "name": "F"})

    answer = api.post("/api/auth/register", **body(str(form).encode(), f"{FORM}; charset=UTF-8"))

    assert answer.status_code == 201
    assert api.sign_in("form@example.org", password).get("/api/v1/user").status_code == 200
    assert api.post("/api/auth/login", json={"email": "form@example.org", "password": PASSWORD}).status_code == 401
