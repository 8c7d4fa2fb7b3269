"""What `accounts_http` gives an integration: plain functions, without a framework and without an event loop."""

import traceback
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from accounts_core.errors import CardDeclined, InvalidToken, NotFound, RateLimitExceeded, Unavailable
from accounts_http.bearer import bearer_token
from accounts_http.bodies import read_body
from accounts_http.errors import Malformed, MissingToken, WrongFields, WrongMediaType
from accounts_http.headers import Headers, QueryString
from accounts_http.idempotency import fingerprint_of_body, idempotency_key
from accounts_http.parameters import PageQuery, page_query, team_id, text_id
from accounts_http.problems import problem_response, problem_type_of_status
from accounts_http.schemas.account import ChangeUser
from accounts_http.schemas.auth import SignUp
from accounts_http.schemas.profile import ProfileBody, new_profile, profile_changes
from accounts_http.schemas.user import UpdateUser

JSON = Headers([(b"content-type", b"application/json")])
FORM = Headers([(b"content-type", b"application/x-www-form-urlencoded")])
NO_QUERY = QueryString(b"")


def bearer(*values: bytes) -> Headers:
    return Headers([(b"authorization", value) for value in values])


def test_a_token_is_read_from_one_header_alone() -> None:
    assert bearer_token(bearer(b"Bearer acc_1"), NO_QUERY) == "acc_1"
    with pytest.raises(MissingToken):
        bearer_token(Headers([]), QueryString(b"access_token=acc_1"))
    with pytest.raises(Malformed, match="one Authorization header"):
        bearer_token(bearer(b"Bearer acc_1", b"Bearer acc_2"), NO_QUERY)
    with pytest.raises(Malformed, match="once, in the header"):
        bearer_token(bearer(b"Bearer acc_1"), QueryString(b"access_token=acc_1"))


def test_headers_and_query_are_in_no_traceback_that_shows_variables() -> None:
    assert repr(bearer(b"Bearer acc_1")) == "<Headers>"
    assert repr(QueryString(b"access_token=acc_1")) == "<QueryString>"


def test_a_repeated_header_is_joined_and_read_value_by_value() -> None:
    headers = Headers([(b"stripe-signature", b"t=1"), (b"host", b"a"), (b"stripe-signature", b"v1=2")])

    assert headers.values(b"stripe-signature") == ["t=1", "v1=2"]
    assert headers.joined() == {"stripe-signature": "t=1, v1=2", "host": "a"}


@pytest.mark.parametrize(
    ("raw", "headers"),
    [(b'{"name": "Jane Doe", "email": "jane@example.org"}', JSON), (b"name=Jane+Doe&email=jane%40example.org", FORM)],
    ids=["JSON", "a form"],
)
def test_a_body_is_the_same_in_both_media_types(raw: bytes, headers: Headers) -> None:
    body = read_body(raw, headers, UpdateUser)

    assert (body.name, body.email, body.password) == ("Jane Doe", "jane@example.org", msgspec.UNSET)


def test_every_bad_field_of_a_body_is_named() -> None:
    with pytest.raises(WrongFields) as refused:
        read_body(b'{"name": 1, "nmae": ""}', JSON, SignUp)
    with pytest.raises(WrongMediaType):
        read_body(b"{}", Headers([]), SignUp)

    assert refused.value.errors.keys() == {"name", "nmae", "email", "password"}


def test_no_frame_of_a_refusal_holds_the_body() -> None:
    with pytest.raises(WrongFields) as refused:
        read_body(b'{"password": "a long and quiet river", "nmae": ""}', JSON, SignUp)

    ours = [frame for frame, _ in traceback.walk_tb(refused.tb) if "accounts_http" in frame.f_code.co_filename]
    assert [frame.f_code.co_name for frame in ours] == ["read_body"]
    assert "quiet river" not in repr(ours[0].f_locals)


def test_sign_up_and_updates_have_the_same_profile_fields_and_hand_on_those_that_were_sent() -> None:
    signing_up = read_body(b'{"name": "Jane", "email": "j@example.org", "password": "x"}', JSON, SignUp)
    changing = read_body(b'{"email": "j@example.org"}', JSON, ChangeUser)

    assert all(issubclass(body, ProfileBody) for body in (SignUp, ChangeUser, UpdateUser))
    assert new_profile(signing_up) == {"name": "Jane"}
    assert profile_changes(changing) == {}


def test_every_field_of_the_account_api_is_in_camel_case() -> None:
    """msgspec renames no field that a struct inherits."""
    assert all("_" not in field.encode_name for field in msgspec.structs.fields(ChangeUser))


def test_a_page_is_read_from_the_query() -> None:
    assert page_query(NO_QUERY) == PageQuery(50, None)
    assert page_query(QueryString(b"limit=7&before=cur_1&other=1")) == PageQuery(7, "cur_1")
    with pytest.raises(WrongFields) as refused:
        page_query(QueryString(b"limit=201&before=a&before=b"))

    assert refused.value.errors.keys() == {"limit", "before"}


def test_an_id_that_cannot_be_one_is_not_found() -> None:
    assert team_id("7") == 7
    assert text_id("pm_1", "payment method") == "pm_1"
    with pytest.raises(NotFound):
        team_id("0")
    with pytest.raises(NotFound):
        text_id("../1", "payment method")


def test_one_idempotency_key_is_read_and_two_are_refused() -> None:
    assert idempotency_key(Headers([])) is None
    assert idempotency_key(Headers([(b"idempotency-key", b"k-1")])) == "k-1"
    with pytest.raises(Malformed):
        idempotency_key(Headers([(b"idempotency-key", b"k-1"), (b"idempotency-key", b"k-2")]))
    with pytest.raises(Malformed):
        idempotency_key(Headers([(b"idempotency-key", b"")]))


def test_a_fingerprint_is_of_the_fields_whatever_their_order() -> None:
    def of(raw: bytes, token: str = "acc_1") -> bytes:
        return fingerprint_of_body(raw, JSON, model=UpdateUser, token=token)

    assert of(b'{"name": "J", "email": "j@x.org"}') == of(b'{"email":"j@x.org","name":"\\u004a"}')
    assert of(b'{"name": "J"}') != of(b'{"name": "K"}')
    assert of(b'{"password": "1"}') != of(b'{"password": "1"}', token="acc_2")


@pytest.mark.parametrize(
    ("error", "status", "headers", "document"),
    [
        (NotFound("account", "7"), 404, {}, {"type": "urn:accounts:problem:not-found", "title": "Not found"}),
        (NotFound("user"), 401, {"www-authenticate": 'Bearer error="invalid_token"'}, {}),
        (InvalidToken(), 401, {"www-authenticate": 'Bearer error="invalid_token"'}, {}),
        (CardDeclined("card_declined", "stolen_card"), 402, {}, {"declineCode": "generic_decline"}),
        (RateLimitExceeded("sign-in", timedelta(seconds=61.2)), 429, {"retry-after": "62"}, {}),
        (Unavailable("db-1 is away"), 503, {"retry-after": "5"}, {}),
        (ZeroDivisionError("secret"), 500, {}, {"type": "urn:accounts:problem:internal-error"}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_error_is_a_status_headers_and_a_document(
    error: Exception, status: int, headers: dict[str, str], document: dict[str, Any]
) -> None:
    response = problem_response(error, request="GET /", retry_after_seconds=5)
    said = msgspec.to_builtins(response.problem)

    assert (response.status, response.headers) == (status, headers)
    assert document.items() <= said.items()
    assert "secret" not in str(said)
    assert "db-1" not in str(said)


def test_a_status_of_the_framework_has_a_problem_type_too() -> None:
    assert problem_type_of_status(405).name == "method-not-allowed"
    assert problem_type_of_status(418).name == "i'm-a-teapot"
    assert problem_type_of_status(502).status == 500
