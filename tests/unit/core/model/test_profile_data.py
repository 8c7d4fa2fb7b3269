"""What is true of all profile data, whatever its type."""

import time
from typing import Any

import pytest

from accounts_core.errors import Invalid
from accounts_core.model.card_numbers import CARD_NUMBER
from accounts_core.model.profile_data import MAX_ERRORS, ProfileData, check_json, field_of, invalid_profile

CONTROL = "Control characters other than line breaks and tabs are not allowed."
DEEPEST: dict[str, Any] = {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": 1}}}}}}}}


def errors(data: Any, *, max_bytes: int = 4096) -> dict[str, list[str]]:
    try:
        check_json(data, max_bytes=max_bytes)
    except Invalid as error:
        return dict(error.errors)
    return {}


@pytest.mark.parametrize(
    "value",
    [None, True, 0, 2**63 - 1, -(2**63), 1.5, -0.0, 1e300, "", "two\nlines\r\n\ttab", "\U0001f469", [], {}, [1, ["a"]]],
    ids=str,
)
def test_json_is_accepted(value: Any) -> None:
    assert errors({"value": value}) == {}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (2**63, "At most 64 bits, please."),
        (-(2**63) - 1, "At most 64 bits, please."),
        (10**5000, "At most 64 bits, please."),
        (float("nan"), "This is not a finite number."),
        (float("inf"), "This is not a finite number."),
        ("a\0b", CONTROL),
        ("\x1b[2J", CONTROL),
        ("\x7f", CONTROL),
        ("\x85", CONTROL),
        ("\ud800", CONTROL),
        ("a" + "\u0301" * 31, "At most 30 combining marks in a row, please."),
        ("4242 4242 4242 4242", CARD_NUMBER),
        (4242424242424242, CARD_NUMBER),
        (4242424242424242.0, CARD_NUMBER),
        (-4242424242424242, CARD_NUMBER),
        (-4242424242424242.0, CARD_NUMBER),
        (b"bytes", "This is not a JSON value."),
        ({1, 2}, "This is not a JSON value."),
        (object(), "This is not a JSON value."),
        ({1: 2}, "The names of members are texts."),
    ],
    ids=range(20),
)
def test_what_no_type_may_hold_is_refused(value: Any, reason: str) -> None:
    assert errors({"value": value}) == {"profile.value": [reason]}
    assert errors({"list": [0, value]}) == {"profile.list.1": [reason]}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("n" * 201, "The names of members have at most 200 characters."),
        ("two\nlines", "The names of members have no control characters and line breaks."),
        ("\ud800", "The names of members have no control characters and line breaks."),
        ("4242 4242 4242 4242", f"The name of a member is not valid. {CARD_NUMBER}"),
    ],
    ids=["long", "lines", "surrogate", "card"],
)
def test_a_name_that_cannot_be_stored_is_refused_and_not_repeated(name: str, reason: str) -> None:
    assert errors({"extra": {name: 1}}) == {"profile.extra": [reason]}


def test_eight_levels_are_accepted_and_nine_are_not() -> None:
    assert errors(DEEPEST) == {}
    assert errors({"a": DEEPEST}) == {"profile.a.a.b.c.d.e.f.g": ["At most 8 levels, please."]}


def test_several_wrong_members_are_reported_at_once_and_not_more_than_twenty() -> None:
    assert errors({"a": 2**63, "b": ["\0"], "c": 1}) == {
        "profile.a": ["At most 64 bits, please."],
        "profile.b.0": [CONTROL],
    }
    assert len(errors({f"m{number}": 2**63 for number in range(100)})) == MAX_ERRORS


def test_the_size_is_that_of_the_json_in_utf_8() -> None:
    assert errors({"a": "\u00e9" * 46}, max_bytes=100) == {}
    assert errors({"a": "\u00e9" * 47}, max_bytes=100) == {"profile": ["At most 100 bytes as JSON, please."]}
    assert errors({"a": ["\\" * 45]}, max_bytes=100) == {}
    assert errors({"a": ["\\" * 47]}, max_bytes=100) == {"profile": ["At most 100 bytes as JSON, please."]}


def cyclic() -> dict[str, Any]:
    itself: dict[str, Any] = {}
    itself |= {f"m{number}": itself for number in range(1000)}
    return itself


@pytest.mark.parametrize(
    "data",
    [{"a": "4" * 10**7}, {"a": [1] * 10**6}, {f"n{number}": 1 for number in range(10**5)}, cyclic()],
    ids=["text", "list", "members", "cyclic"],
)
def test_data_that_is_far_too_large_is_refused_without_being_looked_at(data: Any) -> None:
    began = time.process_time()

    found = errors(data)

    assert found
    assert time.process_time() - began < 0.2


def test_a_path_is_shown_with_dots_and_long_names_are_cut() -> None:
    assert field_of(()) == "profile"
    assert field_of(("tags", 0, "name")) == "profile.tags.0.name"
    assert field_of(("n" * 100,)) == f"profile.{'n' * 48}\u2026"


def test_an_error_names_all_that_is_wrong() -> None:
    error = invalid_profile([(("a",), "One."), (("a",), "Two."), ((), "Three.")])

    assert (error.field, error.reason) == ("profile.a", "One.")
    assert error.errors == {"profile.a": ["One.", "Two."], "profile": ["Three."]}
    assert Invalid("name", "One.").errors == {"name": ["One."]}


def test_stored_data_is_compared_by_text_and_version_and_not_shown() -> None:
    data = ProfileData('{"a":1}', 1, lambda data: data)

    assert data == ProfileData('{"a":1}', 1)
    assert data != ProfileData('{"a":1}', 2)
    assert data != ProfileData('{"a":1.0}', 1)
    assert repr(data) == "ProfileData(version=1)"
