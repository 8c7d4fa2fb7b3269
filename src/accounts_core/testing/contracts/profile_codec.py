import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest

from accounts_core.errors import Invalid
from accounts_core.ports.profile_codec import ProfileCodec

FULL: dict[str, Any] = {
    "company": "Caf\u00e9 \U0001f469",
    "seats": 3,
    "ratio": 0.5,
    "is_member": True,
    "plan": "gold",
    "born": "1999-12-31",
    "tags": ["a", "b"],
    "address": {"city": "Lyon", "zip": "69001"},
    "branches": [{"city": "Nice", "zip": None}],
    "by_region": {"south": {"city": "Pau", "zip": None}},
}
LEAST: dict[str, Any] = {"company": "Bookshop"}
HOSTILE: dict[str, Any] = {
    "null": None,
    "text": "x",
    "long text": "9" * 4000,
    "number": 2**63 - 1,
    "fraction": 1e300,
    "boolean": True,
    "empty list": [],
    "list": [None, 1, "a", {}],
    "empty object": {},
    "object": {"city": None, "zip": [], "": ""},
    "deep": {"city": {"city": {"city": {"city": {"city": []}}}}},
}


class ProfileCodecContract:
    """`ProfileCodec`. A subclass has a fixture `codec` of a type with the members of `FULL`, named as there.

    `company` is a text and required. The others have a default: `seats`, a whole number of at least 1; `ratio`, a
    number; `is_member`; `plan`, one of `basic` and `gold`; `born`, a date or null; `tags`, a list of texts; `address`,
    an object or null, with `city`, a required text, and `zip`, a text or null; `branches`, a list of such objects;
    `by_region`, a mapping from texts to such objects.
    """

    @pytest.fixture
    def codec(self) -> ProfileCodec[Any]:
        """Return the codec."""
        raise NotImplementedError

    @staticmethod
    def _errors(codec: ProfileCodec[Any], data: Mapping[str, Any]) -> Mapping[str, list[str]]:
        with pytest.raises(Invalid) as raised:
            codec.load(data, allow_unknown=False)
        return raised.value.errors

    @pytest.mark.parametrize("data", [FULL, LEAST], ids=["full", "least"])
    def test_what_is_written_is_read_again(self, codec: ProfileCodec[Any], data: dict[str, Any]) -> None:
        value = codec.load(data, allow_unknown=False)
        members = codec.dump(value)

        assert {name: members[name] for name in data} == data
        assert codec.load(members, allow_unknown=False) == value
        assert json.loads(json.dumps(members)) == members
        assert json.dumps(codec.dump(codec.load(members, allow_unknown=False))) == json.dumps(members)

    def test_what_is_read_is_not_changed(self, codec: ProfileCodec[Any]) -> None:
        data = deepcopy(FULL) | {"more": {"deep": [1]}}
        before = deepcopy(data)

        codec.load(data, allow_unknown=True)

        assert data == before

    def test_an_instance_is_told_from_a_mapping(self, codec: ProfileCodec[Any]) -> None:
        value = codec.load(FULL, allow_unknown=False)

        assert codec.is_value(value) is not isinstance(value, dict)
        others: list[object] = [FULL, {}, None, 1, "text", [], type(value)]
        assert not any(codec.is_value(other) for other in others)

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({"more": 1}, "profile.more"),
            ({"address": {"city": "Lyon", "more": 1}}, "profile.address.more"),
            ({"branches": [{"city": "a"}, {"city": "b", "more": 1}]}, "profile.branches.1.more"),
            ({"by_region": {"south": {"city": "a", "more": 1}}}, "profile.by_region.south.more"),
        ],
        ids=["top", "object", "list", "mapping"],
    )
    def test_undeclared_members_are_refused_at_every_depth_or_ignored(
        self, codec: ProfileCodec[Any], data: dict[str, Any], field: str
    ) -> None:
        assert self._errors(codec, LEAST | data) == {field: ["This field is unknown."]}

        assert "more" not in json.dumps(codec.dump(codec.load(LEAST | data, allow_unknown=True)))

    @pytest.mark.parametrize(
        ("data", "field"),
        [({}, "profile.company"), (LEAST | {"address": {"zip": "1"}}, "profile.address.city")],
        ids=["top", "object"],
    )
    @pytest.mark.parametrize("allow_unknown", [False, True])
    def test_a_missing_member_is_named(
        self, codec: ProfileCodec[Any], data: dict[str, Any], field: str, allow_unknown: bool
    ) -> None:
        with pytest.raises(Invalid) as raised:
            codec.load(data, allow_unknown=allow_unknown)

        assert raised.value.errors == {field: ["This field is required."]}

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({"company": 1}, "profile.company"),
            ({"company": None}, "profile.company"),
            ({"seats": 0}, "profile.seats"),
            ({"seats": 1.5}, "profile.seats"),
            ({"ratio": "half"}, "profile.ratio"),
            ({"is_member": "yes, please"}, "profile.is_member"),
            ({"plan": "platinum"}, "profile.plan"),
            ({"born": "1999-02-30"}, "profile.born"),
            ({"born": "yesterday"}, "profile.born"),
            ({"tags": "a"}, "profile.tags"),
            ({"tags": ["a", 1]}, "profile.tags.1"),
            ({"address": "Lyon"}, "profile.address"),
            ({"address": {"city": 1}}, "profile.address.city"),
            ({"branches": [{"city": "a"}, {"city": []}]}, "profile.branches.1.city"),
        ],
        ids=str,
    )
    def test_a_wrong_value_is_named_with_its_path(
        self, codec: ProfileCodec[Any], data: dict[str, Any], field: str
    ) -> None:
        errors = self._errors(codec, LEAST | data)

        assert list(errors) == [field]
        assert all(reason.endswith((".", "!", "?")) and len(reason) <= 202 for reason in errors[field])

    def test_every_member_that_is_wrong_is_named_at_once(self, codec: ProfileCodec[Any]) -> None:
        errors = self._errors(codec, {"seats": 0, "plan": "platinum", "more": 1, "address": {"city": 1}})

        assert set(errors) == {
            "profile.company",
            "profile.seats",
            "profile.plan",
            "profile.more",
            "profile.address.city",
        }

    @pytest.mark.parametrize("member", FULL)
    @pytest.mark.parametrize("value", HOSTILE)
    def test_no_json_value_does_more_than_be_refused(self, codec: ProfileCodec[Any], member: str, value: str) -> None:
        for allow_unknown in (False, True):
            errors, loaded = self._tried(codec, LEAST | {member: HOSTILE[value]}, allow_unknown=allow_unknown)
            assert all(field.startswith(f"profile.{member}") for field in errors)
            if not errors:
                json.dumps(codec.dump(loaded))

    @staticmethod
    def _tried(
        codec: ProfileCodec[Any], data: Mapping[str, Any], *, allow_unknown: bool
    ) -> tuple[Mapping[str, list[str]], Any]:
        try:
            return {}, codec.load(data, allow_unknown=allow_unknown)
        except Invalid as error:
            return error.errors, None

    def test_the_schema_is_in_one_piece_and_refuses_undeclared_members(self, codec: ProfileCodec[Any]) -> None:
        schema = codec.schema()

        assert schema["type"] == "object"
        assert schema["properties"].keys() == FULL.keys()
        assert schema["required"] == ["company"]
        assert schema["additionalProperties"] is False
        text = json.dumps(schema)
        assert "$ref" not in text
        assert "$defs" not in text
        assert text.count('"additionalProperties": false') == 4
