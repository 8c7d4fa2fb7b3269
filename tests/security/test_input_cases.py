"""Cases 1 to 8, 14, 15 and 17, and their neighbours: what other readers of the same bytes would take otherwise.

The cases themselves are put to every call by `tests/integration/http/test_bad_input.py`.
"""

import gzip
import json
from typing import Any

import pytest
from tests.integration.http.client import FORM, JSON, PASSWORD, Client, invalid, problem
from tests.integration.http.service import Populated, Service

from accounts_core.model.session import MAX_USER_AGENT
from accounts_http.bodies import parse_json
from accounts_http.errors import HttpError

LOGIN, REGISTER, USER = "/api/auth/login", "/api/auth/register", "/api/v1/user"
GOOD = {"email": "new@example.org", "password": PASSWORD, "name": "New"}


def send(client: Client, content: bytes, *headers: tuple[str, str], path: str = LOGIN, method: str = "POST") -> Any:
    named = [*headers] if client.token is None else [("Authorization", f"Bearer {client.token}"), *headers]
    return client.run(client.http.request(method, path, headers=named, content=content))


@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("1e999", 422),
        ("-1e999", 422),
        ("1" + "0" * 4_000, 422),
        ("1" + "0" * 5_000, 400),
        ("1e5000", 422),
        ("-0", 422),
        ("-0.0", 422),
        ("1.0", 422),
        ("1e0", 422),
        ("9223372036854775808", 422),
        ("18446744073709551617", 422),
        ('"1"', 422),
        ('"\u0661"', 422),
        ("true", 422),
        ("01", 400),
        ("+1", 400),
        ("0x1", 400),
        ("1_0", 400),
        (".5", 400),
        ("1.", 400),
        ("NaN", 400),
        ("-Infinity", 400),
    ],
    ids=lambda value: str(value)[:20],
)
def test_case_17_no_spelling_of_a_number_passes_for_another(populated: Populated, number: str, status: int) -> None:
    path = f"/api/v1/accounts/{populated.ids['/accounts/{id}']}/owner"

    for field, where in (("user_id", path), ("name", USER)):
        answer = send(
            populated.jane, f'{{"{field}": {number}}}'.encode(), ("Content-Type", JSON), path=where, method="PUT"
        )

        # a name may look like a number, when it is text
        assert answer.status_code == status or (field == "name" and number.startswith('"')), answer.text


@pytest.mark.parametrize("number", ["1.0", "1e0", "+1", "01", "0x1", "1_0", "%EF%BC%91", "%D9%A1", "%201", "1%20", ""])
def test_case_17_a_number_in_a_form_is_its_digits(populated: Populated, number: str) -> None:
    """The person of that number is there: only the spelling is wrong."""
    path = f"/api/v1/accounts/{populated.ids['/accounts/{id}']}/owner"

    answer = send(populated.jane, f"user_id={number}".encode(), ("Content-Type", FORM), path=path, method="PUT")

    invalid(answer, "user_id")


@pytest.mark.parametrize(
    "headers",
    [
        [("Content-Type", f"{JSON}; charset=utf-7")],
        [("Content-Type", f"{JSON}; charset=utf-16")],
        [("Content-Type", f"{JSON}; CHARSET=utf-16")],
        [("Content-Type", f"{JSON}; charset = utf-7")],
        [("Content-Type", f"{JSON}; charset=utf-8; charset=utf-7")],
        [("Content-Type", f"{JSON}; charset")],
        [("Content-Type", f"{FORM}; charset=iso-8859-1")],
        [("Content-Type", "application/vnd.api+json")],
        [("Content-Type", "text/json")],
        [("Content-Type", JSON), ("Content-Type", JSON)],
        [("Content-Type", JSON), ("Content-Encoding", "gzip")],
        [("Content-Type", JSON), ("Content-Encoding", "identity"), ("Content-Encoding", "gzip")],
        [("Content-Type", JSON), ("Content-Encoding", "identity, gzip")],
        [("Content-Type", JSON), ("content-encoding", "DEFLATE")],
        [("Content-Type", JSON), ("Content-Encoding", "")],
    ],
    ids=str,
)
def test_case_7_a_type_that_can_be_taken_for_another_is_none(
    populated: Populated, headers: list[tuple[str, str]]
) -> None:
    problem(send(populated.service.api, b"{}", *headers), 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "body",
    [gzip.compress(b"{}"), '{"name": "x"}'.encode("utf-16"), '{"name": "x"}'.encode("utf-32"), b"+AHs-+AH0-"],
    ids=["gzip", "UTF-16", "UTF-32", "UTF-7"],
)
def test_case_2_other_encodings_are_not_guessed(populated: Populated, body: bytes) -> None:
    problem(send(populated.service.api, body, ("Content-Type", JSON)), 400, "malformed-request")


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ("email=a&email=b", 400),
        ("email=a&%65mail=b", 400),
        ("email=%C0%AE", 400),
        ("email=%ED%A0%80", 400),
        ("email[]=a", 422),
        ("email[0]=a", 422),
        ("user[email]=a", 422),
        ("email=a&Email=b", 422),
        ("email=a&email%00=b", 422),
        ("email=a&+email=b", 422),
        ("email=a;email=b", 422),
        ("_method=DELETE", 422),
        ("=", 422),
        ("&&&", 400),
    ],
)
def test_case_1_no_second_spelling_of_a_field_counts(populated: Populated, form: str, status: int) -> None:
    assert send(populated.service.api, form.encode(), ("Content-Type", FORM)).status_code == status


@pytest.mark.parametrize(
    "field", ["is_superuser", "balance", "status", "id", "_id", "role", "email_verified_at", "customer", "version"]
)
def test_case_6_nobody_gives_themself_what_is_not_theirs_to_give(populated: Populated, field: str) -> None:
    before = populated.service.dump()

    for answer in (
        populated.service.api.post(REGISTER, json={**GOOD, field: 1}),
        populated.jane.put("/api/users/current", json={"name": "New", field: 1}),
        populated.jane.put(USER, form={"name": "New", field: "1"}),
    ):
        invalid(answer, field)

    assert populated.service.dump() == before


def test_case_6_what_the_address_says_is_no_field(populated: Populated) -> None:
    """A body's fields come in the body, and an id in the path is not overruled from there or from the query."""
    as_query = "?email=jane@example.org&password=a+long+and+quiet+river"
    invalid(populated.service.api.post(LOGIN + as_query), "email", "password")

    team = f"/api/v1/accounts/{populated.ids['/accounts/{id}']}"
    assert populated.jane.get(f"{team}?id=999").json()["data"]["id"] == populated.ids["/accounts/{id}"]
    invalid(populated.jane.call("PUT", f"{team}/owner", json={"user_id": 1, "id": 999}), "id")


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_case_6_no_header_changes_the_method(populated: Populated, name: str) -> None:
    answer = populated.jane.get(USER, headers={name: "DELETE"})

    assert answer.json()["data"]["email"] == "jane@example.org"
    problem(populated.jane.post(USER, headers={name: "DELETE"}, form={"password": PASSWORD}), 405, "method-not-allowed")


@pytest.mark.parametrize("name", ["X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix", "X-Forwarded-Path"])
def test_case_6_no_header_changes_the_path(populated: Populated, name: str) -> None:
    problem(populated.service.api.get(USER, headers={name: "/health/live"}), 401, "token-required")


@pytest.mark.parametrize("depth", [1_000, 8_000, 50_000])
def test_case_3_depth_beyond_any_stack_is_refused(populated: Populated, depth: int) -> None:
    body = b'{"email": ' + b"[" * depth + b"]" * depth + b"}"

    status = send(populated.service.api, body, ("Content-Type", JSON)).status_code

    assert status == (400 if depth <= 8_000 else 413)
    with pytest.raises(HttpError, match="deep"):  # whatever size a host allows
        parse_json(body.decode())
    with pytest.raises(HttpError, match="deep"):
        parse_json('{"a":' * depth)


@pytest.mark.parametrize(
    "nobodys",
    [
        "..",
        "%2e%2e",
        "..%2f..",
        "..%5c..",
        "%252e%252e",
        "1%00",
        "1%0a",
        "1%0d%0aX:%20y",
        "1%20",
        "1;x=y",
        "9223372036854775808",
        "18446744073709551617",
        "1" * 5_000,
        "%D9%A1",
        "%EF%BC%91",
        "%C0%AF",
        "%ED%A0%80",
        "1e0",
        "0x1",
        "-1",
        "'%20OR%201=1--",
        "%F0%9F%98%80",
        "*",
    ],
    ids=lambda text: text[:20],
)
@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/accounts/{}",
        "/api/v1/accounts/{}/members",
        "/api/users/current/payment-method/{}/default",
        "/api/users/current/notifications/{}/read",
    ],
)
def test_case_5_what_cannot_be_an_id_is_nobodys(populated: Populated, path: str, nobodys: str) -> None:
    method = "PUT" if path.endswith(("default", "read")) else "GET"

    assert populated.jane.call(method, path.format(nobodys)).status_code in {404, 405}


def test_case_5_what_a_client_calls_itself_is_kept_without_what_does_not_print(service: Service) -> None:
    """In the list of sessions, and in the mail about a sign-in. A server may let more through than ours."""
    service.api.sign_up()
    body = json.dumps({"email": "jane@example.org", "password": PASSWORD}).encode()

    for agent in (b"\x00", b"a\r\nBcc: x@example.org", b"\xff\xfe", b"x" * 20_000, b"\x1b[31m", b""):
        headers = [(b"user-agent", agent), (b"content-type", b"application/json")]
        answer = service.run(service.api.http.request("POST", LOGIN, headers=headers, content=body))
        service.clock.pass_by(minutes=1)

        jane = service.api.with_token(answer.json()["access_token"])
        (shown,) = [each["user_agent"] for each in jane.get("/api/auth/sessions").json() if each["is_current"]]
        assert shown is None or (shown.isprintable() and len(shown) <= MAX_USER_AGENT)
    service.work()
    assert all(value.isprintable() for mail in service.mails.delivered for value in mail.values.values())


@pytest.mark.parametrize(
    "name",
    [
        "Jane\r\nBcc: evil@example.org",
        "Jane\x85",
        "Jane\u2028",
        "\u202eenaJ",
        "Jane\u2066",
        "\u200b",
        "\u200d\u2060",
        "\u0301",
        "\ufeff",
        "\u3164",
        "\u2800\u2800",
        "",
        "   ",
        "x" * 201,
    ],
    ids=ascii,
)
def test_case_4_a_name_can_be_seen_and_stays_in_its_place(populated: Populated, name: str) -> None:
    invalid(populated.jane.put(USER, json={"name": name}), "name")
    invalid(populated.jane.post("/api/v1/accounts", json={"name": name}), "name")


def test_case_4_names_of_every_script_are_kept_as_they_are(service: Service) -> None:
    jane = service.api.sign_up()

    for name in (
        "\u0639\u0644\u064a",  # Arabic
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with a joiner that belongs there
        "\u0928\u0947\u0939\u093e",  # Devanagari
        "Zo\u00eb O\u2019Neill-\u0141uczak",
        "\u674e",
        "\U0001f469\u200d\U0001f680 Ada",
        "<b>${7*7}%s{{7*7}}</b>",
    ):
        assert jane.put(USER, json={"name": name}).json()["data"]["name"] == name


def test_case_14_a_password_over_the_limit_is_refused_before_it_is_hashed(service: Service) -> None:
    jane = service.api.sign_up()
    before = service.hasher.verified
    long = "é" * 513

    invalid(service.api.post(REGISTER, json={**GOOD, "password": long}), "password")
    invalid(service.api.post(LOGIN, json={"email": "jane@example.org", "password": long}), "password")
    invalid(jane.delete(USER, form={"password": long}), "password")
    invalid(jane.put(USER, json={"password": long, "password_confirmation": long}), "password")

    assert service.hasher.verified == before
    assert service.api.sign_in("jane@example.org").user["name"] == "Jane Doe"


def test_case_15_a_password_is_every_one_of_its_characters(service: Service) -> None:
    """64 and more, in any script; and byte 73, at which bcrypt stops reading, counts."""
    for number, character in enumerate("x\u00e9\u5bc6\U0001f511"):
        email, password = f"jane{number}@example.org", character * 72 + "!"
        service.api.sign_up(email, password=password)

        for other in (password[:-1], password[:-1] + "?", password + "!"):
            answer = service.api.post(LOGIN, json={"email": email, "password": other})
            problem(answer, 401, "invalid-credentials")
        assert service.api.sign_in(email, password).user["name"] == "Jane Doe"
