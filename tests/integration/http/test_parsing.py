"""The parts that read text from clients: whatever they are given, they return or refuse, and never fail otherwise."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts_core.errors import Invalid
from accounts_http.bodies import MAX_DEPTH, fill, parse_form, parse_json
from accounts_http.email_addresses import email_address
from accounts_http.errors import HttpError, Malformed, WrongFields

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


class Thing(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    count: int | msgspec.UnsetType = msgspec.UNSET


@given(st.dictionaries(st.text(), JSON_VALUES, max_size=4))
def test_every_json_object_is_read_as_it_was_written(value: dict[str, Any]) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=False)) == value


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_json, parse_form):
        try:
            parse(text)
        except HttpError:
            continue


@given(st.dictionaries(st.sampled_from(["name", "count", "other"]), JSON_VALUES))
def test_a_model_is_filled_or_every_bad_field_is_named(value: dict[str, Any]) -> None:
    errors = {}
    try:
        thing = fill(Thing, value, strict=True)
    except WrongFields as refusal:
        errors = refusal.errors
    else:
        given_fields = msgspec.structs.asdict(thing).items()
        assert value == {name: field for name, field in given_fields if field is not msgspec.UNSET}

    assert set(errors) <= {"name", "count", "other"}
    assert msgspec.json.encode(errors)


@pytest.mark.parametrize("depth", [1, MAX_DEPTH - 1])
def test_depth_within_the_limit_is_no_fault(depth: int) -> None:
    text = '{"a": ' + "[" * depth + "]" * depth + "}"

    assert parse_json(text) == json.loads(text)


@pytest.mark.parametrize("depth", [MAX_DEPTH, 500, 8_000])
def test_depth_beyond_the_limit_is_refused(depth: int) -> None:
    with pytest.raises(Malformed, match="deep"):
        parse_json('{"a": ' + "[" * depth + "]" * depth + "}")


def test_brackets_within_text_are_no_depth() -> None:
    assert parse_json(json.dumps({"a": '[{"\\' * 50})) == {"a": '[{"\\' * 50}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Jane@Example.ORG", "Jane@example.org"),
        ("jane@\uff45xampl\uff45\u3002org", "jane@example.org"),
        ("jane@\u212aelvin.org", "jane@kelvin.org"),
        ("jane@faß.de", "jane@xn--fa-hia.de"),
        ("jane@fass.de", "jane@fass.de"),
        ("jane@bücher.example", "jane@xn--bcher-kva.example"),
        ("jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example"),
        ("jane+tag@example.org", "jane+tag@example.org"),
    ],
)
def test_a_domain_has_one_form(typed: str, kept: str) -> None:
    assert email_address(typed).address == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "jane",
        "jane@",
        "@example.org",
        "jane@exa mple.org",
        "jane@-ü.org",
        "jane@ü..org",
        "j@" + "ü" * 253,
        "x" * 10**6 + "@ü.org",
        "jane@\u2488com.org",
        "jane@[127.0.0.1]",
        "a@b@ü.org",
        "jane@ü\0.org",
        "jane@\ud800.org",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        email_address(text)


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for candidate in (text, f"jane@{text}", f"jane@{text}.org", f"{text}@example.org"):
        try:
            address = email_address(candidate)
        except Invalid:
            continue
        assert email_address(address.address) == address
