"""What holds for every profile field over HTTP: it is taken, shown and refused alike by both APIs."""

from collections.abc import Iterator

import pytest
from tests.integration.http.client import PASSWORD, Client, invalid
from tests.integration.http.service import Service, event_loop, in_memory, serving
from tests.profile_fields import ALL, FIELDS, ProfileField

ACCOUNT, USER = "/api/users/current", "/api/v1/user"
NEWCOMER = {"email": "jane@example.org", "password": PASSWORD}

each_field = pytest.mark.parametrize("field", FIELDS, ids=str)


@pytest.fixture
def in_memory_api() -> Iterator[Client]:
    """A service in memory, for what is the same over every store."""
    with event_loop() as run, serving(run, in_memory()) as service:
        yield service.api


optional_field = pytest.mark.parametrize("field", [field for field in FIELDS if not field.is_required], ids=str)


def shown(jane: Client, field: ProfileField) -> tuple[object, object]:
    """Return what each API shows, None if it shows no such field."""
    return jane.get(ACCOUNT).json().get(field.camel), jane.user.get(field.name)


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

    for bad in (*field.bad, 7, [field.good[0]], *([None] if field.is_required else [])):
        invalid(jane.put(ACCOUNT, json={field.camel: bad}), field.camel)
        invalid(jane.put(USER, json={field.name: bad}), field.name)
        newcomer = {**NEWCOMER, **ALL, "email": "other@example.org", field.name: bad}
        invalid(api.post("/api/auth/register", json=newcomer), field.name)

    assert service.dump() == before


@optional_field
@pytest.mark.parametrize("media", ["json", "form"])
def test_an_empty_text_removes_what_is_optional(in_memory_api: Client, field: ProfileField, media: str) -> None:
    jane = in_memory_api.sign_up()
    jane.put(ACCOUNT, json={field.camel: field.good[0]})

    changed = jane.put(ACCOUNT, **{media: {field.camel: ""}})

    assert (changed.status_code, field.camel in changed.json()) == (200, False)
    assert shown(jane, field) == (None, None)
    jane.put(USER, json={field.name: field.good[0]})
    changed = jane.put(USER, **{media: {field.name: ""}})
    assert (changed.status_code, field.name in changed.json()["data"]) == (200, False)
    assert shown(jane, field) == (None, None)


@optional_field
def test_null_keeps_what_is_optional(in_memory_api: Client, field: ProfileField) -> None:
    newcomer = {**NEWCOMER, **ALL, field.name: None}
    assert in_memory_api.post("/api/auth/register", json=newcomer).status_code == 201
    jane = in_memory_api.sign_in("jane@example.org")
    assert shown(jane, field) == (None, None)
    jane.put(ACCOUNT, json={field.camel: field.good[1]})

    assert jane.put(ACCOUNT, json={field.camel: None}).status_code == 200
    assert jane.put(USER, json={field.name: None}).status_code == 200

    assert shown(jane, field) == (field.good[1], field.good[1])


def test_a_form_has_no_null(in_memory_api: Client) -> None:
    jane = in_memory_api.sign_up()
    jane.put(ACCOUNT, json={"locale": "de"})

    assert jane.put(ACCOUNT, form={"locale": "null"}).json()["locale"] == "null"  # four letters are a language


def test_a_locale_is_kept_in_its_canonical_case(in_memory_api: Client) -> None:
    jane = in_memory_api.sign_up()

    assert jane.put(ACCOUNT, json={"locale": "ZH-hant-tw"}).json()["locale"] == "zh-Hant-TW"
