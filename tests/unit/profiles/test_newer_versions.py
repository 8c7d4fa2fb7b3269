"""An update by the release before, of data that a newer version has stored."""

from typing import Any

import attrs
import pytest

from accounts_core.model.profile_data import ProfileData
from accounts_core.services.profile_type import ProfileType
from accounts_profiles import profile_type


@attrs.frozen
class Place:
    city: str


@attrs.frozen
class Shop:
    name: str
    places: list[Place] = attrs.field(factory=list)
    halls: dict[str, list[Place]] = attrs.field(factory=dict)
    some: set[Place] = attrs.field(factory=set)


SHOP: ProfileType[Shop] = profile_type(Shop)


def changed(members: dict[str, Any], change: Any) -> dict[str, Any]:
    found = SHOP.check_change(ProfileData.of(members, 2), change)
    assert found is not None
    assert found.data.version == 2
    return found.data.members()


def test_what_it_does_not_know_of_the_items_of_a_list_is_kept() -> None:
    places = [{"city": "Lyon", "floor": 1}, {"city": "Graz", "floor": 2}]
    members = {"name": "Bookshop", "places": places, "halls": {"a": places}, "some": [], "plan": "gold"}

    assert changed(members, {"name": "Florist"}) == {**members, "name": "Florist"}
    assert changed(members, Shop("Bookshop", [Place("Graz"), Place("Wien")], {"a": [Place("Graz")], "b": []})) == {
        **members,
        "places": [{"city": "Graz", "floor": 2}, {"city": "Wien"}],
        "halls": {"a": [{"city": "Graz", "floor": 2}], "b": []},
    }


def test_two_items_that_look_the_same_to_it_are_both_kept() -> None:
    places = [{"city": "Lyon", "floor": 1}, {"city": "Lyon", "floor": 2}]

    after = changed({"name": "Bookshop", "places": places}, {"places": [{"city": "Lyon"}] * 3})

    assert after["places"] == [*places, {"city": "Lyon"}]


def test_the_items_of_a_set_are_not_mixed_up() -> None:
    some = [{"city": "Wien", "floor": 3}, {"city": "Graz", "floor": 2}]

    after = changed({"name": "Bookshop", "some": some}, {"name": "Florist"})

    assert all(each in some or "floor" not in each for each in after["some"])
    assert {each["city"] for each in after["some"]} == {"Graz", "Wien"}


@pytest.mark.parametrize("members", [{"title": "Bookshop"}, {"name": 7}], ids=["renamed", "wrong"])
def test_a_whole_value_in_place_of_newer_data_that_cannot_be_read_is_of_the_present_version(
    members: dict[str, Any],
) -> None:
    found = SHOP.check_change(ProfileData.of(members, 2), Shop("Florist"))

    # the newer release finds what it has to upgrade
    assert found is not None
    assert found.data == ProfileData('{"name":"Florist","places":[],"halls":{},"some":[]}', 1)
