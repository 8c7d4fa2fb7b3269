"""Whatever JSON comes: it is refused as invalid, or stored and read again as the same."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.profiles.kinds import BY_MSGSPEC, BY_PYDANTIC

from accounts_core import ProfileType
from accounts_core.errors import Invalid
from accounts_core.model.profile_data import MAX_ERRORS
from accounts_core.services.profile_type import NewData
from accounts_core.testing.contracts.profile_codec import FULL
from accounts_profiles import profile_type

TYPES: dict[str, ProfileType[Any]] = {cls.__name__: profile_type(cls) for cls in (*BY_MSGSPEC, *BY_PYDANTIC)}

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=40)
    | st.sampled_from(
        ["basic", "gold", "1999-12-31", "4242 4242 4242 4242", "\ud800", "a\0b", "x" * 5000, "\u0301" * 40]
    )
)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["city", "zip", "more"]) | st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)
NAMES = st.sampled_from([*FULL, *FULL, "more", "", "__class__", "a.b"])


def checked(kind: ProfileType[Any], data: dict[str, Any]) -> NewData[Any] | Invalid:
    try:
        return kind.check_new(data)
    except Invalid as error:
        return error


@pytest.mark.parametrize("name", TYPES)
@settings(max_examples=40)
@given(data=st.dictionaries(NAMES, JSON, max_size=5) | st.just(FULL), replaced=st.dictionaries(NAMES, JSON, max_size=2))
def test_data_is_refused_or_comes_back(name: str, data: dict[str, Any], replaced: dict[str, Any]) -> None:
    kind = TYPES[name]
    new = checked(kind, {"company": "Bookshop", **data, **replaced})
    if isinstance(new, Invalid):
        assert 1 <= len(new.errors) <= MAX_ERRORS
        for field, reasons in new.errors.items():
            assert field == "profile" or field.startswith("profile.")
            assert all(0 < len(reason) <= 210 for reason in reasons)
            json.dumps([field, reasons], ensure_ascii=False).encode()
        return

    assert len(new.data.text.encode()) <= kind.max_bytes
    assert kind.read_data(new.data) == new.value
    assert kind.check_new(kind.dump(new.value)).data == new.data
    assert kind.check_change(new.data, kind.dump(new.value)) is None


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize(
    "text",
    [
        '{"company":' + '{"a":' * 900 + "1" + "}" * 900 + "}",
        '{"tags":' + "[" * 900 + "]" * 900 + "}",
        '{"seats":' + "9" * 4000 + "}",
        '{"ratio":NaN}',
        '{"ratio":1e999}',
        '{"ratio":-Infinity}',
        '{"company":"\\ud83d"}',
        '{"\\ud83d":1}',
        '{"company":"' + "\\u0301" * 2000 + '"}',
        '{"tags":[' + '"",' * 5000 + '""]}',
        "{" + ",".join(f'"m{number}":{{}}' for number in range(1400)) + "}",
    ],
    ids=["objects", "lists", "digits", "nan", "huge", "infinity", "surrogate", "name", "marks", "texts", "members"],
)
def test_a_body_that_was_made_to_be_slow_or_deep_is_refused(name: str, text: str) -> None:
    kind = TYPES[name]

    with pytest.raises(Invalid):
        kind.check_new(json.loads(text))
    with pytest.raises(Invalid):
        kind.check_change(kind.check_new({"company": "Bookshop"}).data, json.loads(text))
