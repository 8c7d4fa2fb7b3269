"""What holds for every profile field over HTTP: it is taken, shown and refused alike by both APIs."""

import pytest
from tests.integration.http.client import PASSWORD, Client, invalid
from tests.integration.http.service import Service
from tests.profile_fields import ALL, FIELDS, ProfileField

ACCOUNT, USER = "/api/users/current", "/api/v1/user"
NEWCOMER = {"email": "jane@example.org", "password": PASSWORD}

each_field = pytest.mark.parametrize("field", FIELDS, ids=str)


def shown(jane: Client, field: ProfileField) -> tuple[object, object]:
    return jane.get(ACCOUNT).json()[field.camel], jane.user[field.name]


@pytest.mark.parametrize("media", ["json", "form"])
def test_the_profile_of_a_sign_up_is_shown_and_exported(api: Client, media: str) -> None:
    answer = api.post("/api/auth/register", **{media: NEWCOMER | ALL})

    assert answer.status_code == 201
    assert {field.name: answer.json()[field.camel] for field in FIELDS} == ALL
    jane = api.sign_in("jane@example.org")
    assert {field.name: shown(jane, field) for field in FIELDS} == {name: (each, each) for name, each in ALL.items()}
    assert jane.get(f"{ACCOUNT}/export").json()["user"].items() >= ALL.items()


@each_field
def test_a_field_is_changed_by_both_apis(api: Client, field: ProfileField) -> None:
    jane = api.sign_up()
    first, second = field.good

    changed = jane.put(ACCOUNT, json={field.camel: first})
    assert (changed.status_code, changed.json()[field.camel]) == (200, first)
    assert shown(jane, field) == (first, first)
    changed = jane.put(USER, form={field.name: second})
    assert (changed.status_code, changed.json()["data"][field.name]) == (200, second)
    assert shown(jane, field) == (second, second)


@each_field
def test_a_value_that_breaks_the_rule_changes_nothing(api: Client, service: Service, field: ProfileField) -> None:
    jane = api.sign_up()
    before = service.dump()

    for bad in (*field.bad, None, 7):
        invalid(jane.put(ACCOUNT, json={field.camel: bad}), field.camel)
        invalid(jane.put(USER, json={field.name: bad}), field.name)
        newcomer = {**NEWCOMER, **ALL, "email": "other@example.org", field.name: bad}
        invalid(api.post("/api/auth/register", json=newcomer), field.name)

    assert service.dump() == before
