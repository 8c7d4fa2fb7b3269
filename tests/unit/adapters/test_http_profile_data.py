"""The profile data in bodies, fingerprints and the log, without a framework."""

import traceback
from urllib.parse import quote

import pytest
from tests.unit.adapters.test_http_rules import FORM, JSON

from accounts_http.bodies import read_body
from accounts_http.errors import WrongFields
from accounts_http.idempotency import fingerprint_of_body
from accounts_http.schemas.profile_data import body_with_profile, profile_data
from accounts_http.schemas.user import UpdateUser

BODY = body_with_profile(UpdateUser)
CARD = "4242 4242 4242 4242"


def test_it_is_read_alike_from_both_media_types() -> None:
    text = '{"company": "B\\u00fccher", "address": {"city": "Graz"}, "seats": 2, "rate": 1.5, "tags": [null, true]}'
    expected = {
        "company": "Bücher",
        "address": {"city": "Graz"},
        "seats": 2,
        "rate": 1.5,
        "tags": [None, True],
    }

    assert profile_data(read_body(f'{{"profile": {text}}}'.encode(), JSON, BODY)) == expected
    assert profile_data(read_body(f"profile={quote(text)}".encode(), FORM, BODY)) == expected
    assert profile_data(read_body(b"{}", JSON, BODY)) is None
    assert profile_data(read_body(b"{}", JSON, UpdateUser)) is None


@pytest.mark.parametrize(
    "text", [f'{{"company": "{CARD}"}}', '{"number": 4242424242424242}', f'{{"{CARD}": 1}}', f'{{"a": [["{CARD}"]]}}']
)
def test_a_card_number_in_it_is_refused_where_no_frame_of_the_refusal_holds_it(text: str) -> None:
    for raw, headers in ((f'{{"profile": {text}}}', JSON), (f"profile={quote(text)}", FORM)):
        with pytest.raises(WrongFields) as refused:
            read_body(raw.encode(), headers, BODY)

        assert all(field.partition(".")[0] == "profile" for field in refused.value.errors)
        frames = [frame for frame, _ in traceback.walk_tb(refused.tb) if "accounts_http" in frame.f_code.co_filename]
        assert "4242" not in "".join(repr(frame.f_locals) for frame in frames)
        assert "4242" not in str(refused.value.errors)


def test_a_fingerprint_is_keyed_by_the_token_in_both_media_types() -> None:
    """Whoever reads the table cannot try what somebody has written about themselves."""

    def of(raw: bytes, token: str = "acc_1") -> bytes:
        return fingerprint_of_body(raw, JSON if raw[:1] == b"{" else FORM, model=BODY, token=token)

    for raw, other in (
        (b'{"profile": {"company": "A"}}', b'{"profile": {"company": "B"}}'),
        (b"profile=%7B%22company%22%3A%22A%22%7D", b"profile=%7B%22company%22%3A%22B%22%7D"),
    ):
        assert of(raw) == of(raw) != of(other)
        assert of(raw) != of(raw, token="acc_2")
    assert of(b'{"profile": {"a": 1, "b": 2}}') == of(b'{"profile": {"b": 2, "a": 1}}')
